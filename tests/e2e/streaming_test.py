"""Invariant 2: everyone who waits gets each byte when it arrives."""
import pytest
from harness import HOLD


@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
def test_each_byte_is_sent_on_when_it_comes(levee, origin, framing):
    page = origin.page("/a", ["one", HOLD, "two", HOLD, "three"], cache_control="max-age=60", framing=framing)
    first, second = levee.get("/a"), levee.get("/a")
    assert first.read(3) == second.read(3) == b"one"
    page.release()
    assert first.read(3) == second.read(3) == b"two"
    late = levee.get("/a")
    assert late.read(6) == b"onetwo"
    page.release()
    assert first.rest() == second.rest() == late.rest() == b"three"
    assert origin.hits("/a") == 1


def test_the_head_is_sent_before_the_body_comes(levee, origin):
    page = origin.page("/a", [HOLD, "body"], cache_control="max-age=60")
    waiting = levee.get("/a")
    assert waiting.status == 200
    page.release()
    assert waiting.rest() == b"body"


def test_an_uncacheable_response_is_streamed_too(levee, origin):
    page = origin.page("/a", ["one", HOLD, "two"], cache_control="no-store", framing="chunked")
    waiting = levee.get("/a")
    assert waiting.read(3) == b"one"
    page.release()
    assert waiting.rest() == b"two"


def test_a_client_of_http_1_0_gets_a_body_that_ends_with_the_connection(levee, origin):
    page = origin.page("/a", ["one", HOLD, "two"], cache_control="max-age=60", framing="chunked")
    old = levee.send("GET /a HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert old.read(3) == b"one" and "Transfer-Encoding" not in old.headers
    page.release()
    assert old.rest() == b"two"
