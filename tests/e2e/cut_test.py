"""Invariant 3: what the origin cuts short is never stored, and never ends properly for a reader."""
import pytest
from harness import CUT, RESET, Broken

BODY = b"0123456789abcdefghij"


def assert_cut_and_not_stored(levee, origin, path, through=""):
    response = levee.get(through + path)
    try:
        if response.status >= 500:  # nothing had been sent on yet: an honest error is as good
            response.rest()
        else:
            assert BODY.startswith(response.cut())
    except Broken:
        pass
    origin.page(path, "whole", cache_control="max-age=60")
    assert levee.get(through + path).rest() == b"whole"


@pytest.mark.parametrize("end", [CUT, RESET])
@pytest.mark.parametrize("framing", ["chunked", "length"])
def test_a_cut_at_any_byte_of_the_body(levee, origin, framing, end):
    for at in range(len(BODY) if framing == "length" else len(BODY) + 1):
        path = f"/{at}"
        origin.page(path, [BODY[:at], end, BODY[at:]], cache_control="max-age=60", framing=framing)
        assert_cut_and_not_stored(levee, origin, path)


def test_a_reset_is_no_end_of_a_body_that_ends_with_the_connection(levee, origin):
    origin.page("/a", [BODY, RESET, b"more"], cache_control="max-age=60", framing="close")
    assert_cut_and_not_stored(levee, origin, "/a")


# Hundreds of failures in a row would open the breaker of the origin; that is another test.
@pytest.mark.conf(http="upstream weak { server @ORIGIN@ max_fails=0; breaker off; }",
                  locations="location /weak/ { proxy_pass http://weak/; proxy_cache main; }")
@pytest.mark.parametrize("message", [
    b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"a\r\n0123456789\r\n5;x=y\r\nabcde\r\n0005\r\nfghij\r\n0\r\nTrailer: yes\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 20\r\n\r\n" + BODY,
], ids=["chunked", "length"])
def test_a_cut_at_any_byte_of_the_message(levee, origin, message):
    for at in range(len(message)):
        path = f"/{at}"
        origin.raw(path, message[:at], CUT)
        assert_cut_and_not_stored(levee, origin, path, "/weak")


def test_everyone_who_waits_sees_the_cut(levee, origin):
    for framing in ("chunked", "length"):
        path = f"/{framing}"
        page = origin.page(path, [BODY, CUT, "more"], cache_control="max-age=60", framing=framing, hold_head=True)
        crowd = levee.crowd(50, path)
        origin.wait_for(path)
        page.release()
        assert all(isinstance(v.error, (Broken, OSError)) or v.status == 502 for v in crowd.results())
        origin.page(path, "whole", cache_control="max-age=60")
        assert levee.get(path).rest() == b"whole"
