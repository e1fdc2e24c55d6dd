"""Trailers go to whoever says TE: trailers, and are dropped otherwise (RFC 9110 section 6.5)."""
import pytest
from harness import HOLD

TE = {"TE": "trailers", "Connection": "TE"}


def page(origin, **rest):
    return origin.page("/a", ["one", HOLD, "two"], framing="chunked",
                       trailers=[("X-Sum", "42"), ("Content-Length", "1"), ("Set-Cookie", "a=b")], **rest)


@pytest.mark.parametrize("cache_control", ["max-age=60", "no-store"])
def test_they_reach_whoever_asked(levee, origin, cache_control):
    held = page(origin, cache_control=cache_control)
    response = levee.get("/a", headers=TE)
    assert response.read(3) == b"one"
    held.release()
    assert response.rest() == b"two" and response.trailers == [("X-Sum", "42")]  # none that a head decides by
    asked = origin.last("/a").headers
    assert asked["TE"] == "trailers" and "te" in asked["Connection"].lower()


def test_a_follower_has_them_too_and_nobody_else(levee, origin):
    held = page(origin, cache_control="max-age=60")
    leader = levee.get("/a")
    assert leader.read(3) == b"one"
    follower = levee.get("/a", headers=TE)
    assert follower.read(3) == b"one"
    held.release()
    assert leader.rest() == follower.rest() == b"two"
    assert leader.trailers == [] and follower.trailers == [("X-Sum", "42")]
    assert "TE" not in origin.last("/a").headers
    later = levee.get("/a", headers=TE)
    assert later.rest() == b"onetwo" and later.headers["Content-Length"] == "6"


def test_http_1_0_gets_none(levee, origin):
    page(origin, cache_control="max-age=60").release()
    response = levee.send("GET /a HTTP/1.0\r\nHost: localhost\r\nTE: trailers\r\n\r\n")
    assert response.rest() == b"onetwo" and "Transfer-Encoding" not in response.headers
    assert "TE" not in origin.last("/a").headers


def test_those_of_a_request_are_dropped(levee, origin):
    origin.page("/a", "thanks")
    response = levee.send("POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "3\r\nabc\r\n0\r\nX-Sum: 1\r\nContent-Length: 7\r\n\r\n", method="POST")
    assert response.rest() == b"thanks"
    assert origin.last("/a").body == b"abc" and "X-Sum" not in origin.last("/a").headers
