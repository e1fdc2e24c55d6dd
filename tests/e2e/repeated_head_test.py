"""What is written for one viewer serves others in the same second only where they would have got the same. All on one
connection, so of one worker."""
import pytest


@pytest.fixture
def known(levee, origin):
    origin.page("/a", "0123456789", cache_control="max-age=60", etag='"v"', ranges=True)
    connection = levee.connect()
    for _ in range(3):
        hit = connection.get("/a")
        assert hit.rest() == b"0123456789" and hit.headers["Content-Length"] == "10"
    return connection


def test_a_part_says_which_part_it_is(known):
    part = known.get("/a", headers={"Range": "bytes=2-4"})
    assert part.status == 206 and part.rest() == b"234"
    assert part.headers["Content-Range"] == "bytes 2-4/10" and part.headers["Content-Length"] == "3"
    assert "Content-Range" not in known.get("/a").headers


def test_parts_of_a_stored_part_are_told_apart(levee, origin):
    origin.raw("/a", 'HTTP/1.1 206 Partial Content\r\nCache-Control: max-age=60\r\nETag: "v"\r\n'
                     "Content-Range: bytes 10-19/100\r\nContent-Length: 10\r\n\r\n0123456789")
    connection = levee.connect()
    for first, last in ((10, 19), (10, 19), (12, 13), (10, 19), (15, 19)):
        part = connection.get("/a", headers={"Range": f"bytes={first}-{last}"})
        assert part.rest() == b"0123456789"[first - 10:last - 9]
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/100"
        assert part.headers["Content-Length"] == str(last + 1 - first)
    assert origin.hits("/a") == 1


def test_not_modified_has_no_length(known):
    same = known.get("/a", headers={"If-None-Match": '"v"'})
    assert same.status == 304 and same.rest() == b"" and "Content-Length" not in same.headers


def test_who_wants_to_close_is_told_so(known):
    assert "Connection" not in known.get("/a").headers
    assert known.get("/a", headers={"Connection": "close"}).headers["Connection"] == "close"


def test_an_old_client_is_told_that_the_connection_stays(known):
    known.send(b"GET /a HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
    assert known.response().headers["Connection"] == "keep-alive"


def test_a_head_is_the_same_without_a_body(known):
    head = known.get("/a", method="HEAD")
    assert head.rest() == b"" and head.headers["Content-Length"] == "10" and head.headers["ETag"] == '"v"'


@pytest.mark.conf(server="proxy_cache main;", locations="""
      location /plain { proxy_pass http://@ORIGIN@/a; proxy_cache_key k; }
      location /kept { proxy_pass http://@ORIGIN@/a; proxy_cache_key k; keepalive_timeout 75s 20s; }
      location /added { proxy_pass http://@ORIGIN@/a; proxy_cache_key k; add_header X-Client $http_x; }""")
def test_locations_that_share_an_entry_add_what_is_theirs(levee, origin):
    origin.page("/a", "x", cache_control="max-age=60")
    connection = levee.connect()

    def fields(path, **headers):
        response = connection.get(path, headers=headers)
        assert response.rest() == b"x"
        return response.headers

    for _ in range(2):
        plain = fields("/plain")
        assert "X-Client" not in plain and "Keep-Alive" not in plain
        for client in ("one", "two"):
            assert fields("/added", X=client)["X-Client"] == client
        assert fields("/kept")["Keep-Alive"] == "timeout=20"
    assert origin.hits("/a") == 1
