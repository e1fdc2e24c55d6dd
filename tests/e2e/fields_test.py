"""Which fields go to the origin, and which come back."""
import pytest
from harness import Answer


def test_hop_by_hop_fields_stop_here(levee, origin):
    origin.page("/a", "body", headers={"Connection": "X-Hop", "X-Hop": "1", "Keep-Alive": "timeout=5", "X-Stay": "1",
                                       "Proxy-Authenticate": "Basic", "Upgrade": "h2c"})
    response = levee.get("/a", headers={"Connection": "X-Mine", "X-Mine": "1", "TE": "gzip", "Proxy-Connection": "x",
                                        "Keep-Alive": "1", "X-Kept": "1"})
    assert response.rest() == b"body"
    for name in ("X-Hop", "Keep-Alive", "Upgrade"):
        assert name not in response.headers
    assert response.headers["X-Stay"] == "1"
    sent = origin.last("/a").headers
    for name in ("X-Mine", "TE", "Proxy-Connection", "Keep-Alive"):
        assert name not in sent
    assert sent["X-Kept"] == "1" and sent["Host"] == origin.address


@pytest.mark.conf(location='proxy_set_header Host $host; proxy_set_header X-Real $remote_addr; proxy_set_header X-Off "";'
                           "proxy_hide_header X-Secret; add_header X-Added $upstream_cache_status; expires 30s;")
def test_set_hide_and_add(levee, origin):
    origin.page("/a", "body", headers={"X-Secret": "1", "X-Open": "2"})
    response = levee.get("/a", host="some.host", headers={"X-Off": "1"})
    assert response.rest() == b"body"
    sent = origin.last("/a").headers
    assert sent["Host"] == "some.host" and sent["X-Real"].startswith("127.") and "X-Off" not in sent
    assert "X-Secret" not in response.headers and response.headers["X-Open"] == "2"
    assert response.headers["X-Added"] and response.headers["Cache-Control"] == "max-age=30"


def test_a_request_body_arrives_whole(levee, origin):
    origin.page("/a", lambda request: Answer(request.body))
    body = bytes(range(256)) * 4096
    assert levee.get("/a", method="POST", body=body).rest() == body
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:1], body[1:5000], body[5000:])) + b"0\r\n\r\n"
    response = levee.send(b"PUT /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked)
    assert response.rest() == body
    assert response.connection.get("/.generation").status == 200


def test_expect_is_answered_at_the_edge(levee, origin):
    origin.page("/a", lambda request: Answer(request.body))
    connection = levee.connect()
    connection.send(b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    assert connection.receive().startswith(b"HTTP/1.1 100 ")
    assert connection.send(b"body").response().rest() == b"body"


def test_early_hints_are_passed_on_and_not_stored(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60", interim=[(103, [("Link", "</x>; rel=preload")])])
    first = levee.get("/a")
    assert first.rest() == b"body"
    assert [head.status for head in first.interim] in ([103], [])
    second = levee.get("/a")
    assert second.rest() == b"body" and not second.interim


@pytest.mark.conf(location="proxy_set_header X-Path $uri; add_header X-Path $uri;")
def test_a_decoded_line_end_makes_no_field(levee, origin):
    origin.page("/a%0d%0aEvil:%201", "body")
    response = levee.get("/a%0d%0aEvil:%201")
    assert response.rest() == b"body" and "Evil" not in response.headers and "X-Path" not in response.headers
    seen = origin.last("/a%0d%0aEvil:%201").headers
    assert "Evil" not in seen and "X-Path" not in seen
