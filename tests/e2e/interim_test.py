"""RFC 9110 section 15.2: interim responses reach the client that waits, and are not kept."""
from harness import HOLD

HINTS = (103, [("Link", "</style.css>; rel=preload"), ("X-Mine", "1")])


def test_early_hints_come_at_once_and_are_not_stored(levee, origin):
    page = origin.page("/a", ["body"], cache_control="max-age=60", interim=[(102, []), HINTS], hold_head=True)
    response = levee.get("/a")
    while b"103" not in response.connection.left:
        response.connection.left += response.connection.socket.recv(4096)
    page.release()
    assert response.rest() == b"body" and response.status == 200
    assert [head.status for head in response.interim] == [102, 103]
    assert response.interim[1].headers["Link"] == "</style.css>; rel=preload"
    again = levee.get("/a")
    assert again.rest() == b"body" and not again.interim and origin.hits("/a") == 1


def test_a_private_response_has_them_too(levee, origin):
    origin.page("/a", ["body"], cache_control="no-store", interim=[HINTS])
    response = levee.get("/a", method="POST", body=b"x")
    assert response.rest() == b"body" and [head.status for head in response.interim] == [103]


def test_nothing_of_framing_or_of_the_connection_is_in_them(levee, origin):
    odd = [("Link", "</a>"), ("Content-Length", "5"), ("Connection", "X-Hop"), ("X-Hop", "1"), ("Upgrade", "x")]
    origin.page("/a", ["body"], cache_control="no-store", interim=[(100, []), (103, odd)])
    response = levee.get("/a")
    assert response.rest() == b"body" and [head.status for head in response.interim] == [103]
    assert response.interim[0].headers == [("Link", "</a>")]


def test_http_1_0_gets_none(levee, origin):
    origin.page("/a", ["body"], cache_control="max-age=60", interim=[HINTS])
    connection = levee.connect().send(b"GET /a HTTP/1.0\r\nHost: localhost\r\n\r\n")
    response = connection.response()
    assert response.rest() == b"body" and not response.interim


def test_a_client_that_leaves_in_between_harms_nobody(levee, origin):
    page = origin.page("/a", ["one", HOLD, "two"], cache_control="max-age=60", interim=[HINTS], hold_head=True)
    levee.get("/a").close()
    origin.wait_for("/a")
    page.release()
    page.release()
    assert levee.get("/a").rest() == b"onetwo"


def test_those_who_wait_have_the_hints_too(levee, origin):
    page = origin.page("/a", ["body"], cache_control="max-age=60", interim=[(102, []), HINTS], hold_head=True)
    crowd = levee.crowd(5, "/a")
    origin.wait_for("/a")
    late = levee.get("/a")  # it learns what came before
    while b"103" not in late.connection.left:
        late.connection.left += late.connection.socket.recv(4096)
    page.release()
    readers = [v.reader for v in crowd.results()]
    assert late.rest() == b"body" and all(bytes(reader.content) == b"body" for reader in readers)
    assert all([head.status for head in reader.interim] == [102, 103] for reader in readers)
    hints = [reader.interim[1].headers for reader in readers] + [late.interim[1].headers]
    assert all(fields["Link"] == "</style.css>; rel=preload" for fields in hints)
    assert sum("X-Mine" in fields for fields in hints) == 1  # the leader's; for the others only what browsers load by


def test_hints_for_an_authorized_request_are_its_own(levee, origin):
    page = origin.page("/a", ["body"], cache_control="max-age=60, public", interim=[HINTS], hold_head=True)
    leader = levee.get("/a", headers={"Authorization": "Basic eA=="})
    origin.wait_for("/a")
    follower = levee.get("/a")
    page.release()
    assert leader.rest() == follower.rest() == b"body"
    assert [head.status for head in leader.interim] == [103] and follower.interim == []
