"""Invariant 9: a malformed response of the origin is answered 502, and nothing of it is stored or reaches the next one."""
import pytest
from harness import eventually

OK = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n"
MALFORMED = {
    "no status line": "hello\r\n\r\n",
    "nothing": "",
    "an unknown protocol": "ICY 200 OK\r\n\r\n",
    "a status of two digits": "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "a status of letters": "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
    "a status below 100": "HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
    "two lengths": OK + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length of letters": OK + "Content-Length: x\r\n\r\nab",
    "a negative length": OK + "Content-Length: -2\r\n\r\nab",
    "length and chunked": OK + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    "a body to be unpacked": OK + "Transfer-Encoding: gzip\r\n\r\nab",
    "a coding that is nearly chunked": OK + "Transfer-Encoding: xchunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    "a length and an unknown coding": OK + "Content-Length: 2\r\nTransfer-Encoding: zip\r\n\r\nab",
    "a folded line": OK + "X: y\r\n z\r\nContent-Length: 2\r\n\r\nab",
    "NUL in a value": OK + "X: \x00\r\nContent-Length: 2\r\n\r\nab",
    "a bare CR": OK + "X: a\rY: b\r\nContent-Length: 2\r\n\r\nab",
    "a version of 9": "HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    "a status of four digits": "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "a status with a sign": "HTTP/1.1 +20 OK\r\nContent-Length: 0\r\n\r\n",
    "a tab for a space": "HTTP/1.1\t200 OK\r\nContent-Length: 0\r\n\r\n",
    "a space in a name": OK + "X Y: z\r\nContent-Length: 2\r\n\r\nab",
    "no colon": OK + "Xy\r\nContent-Length: 2\r\n\r\nab",
    "an empty name": OK + ": y\r\nContent-Length: 2\r\n\r\nab",
    "a line folded by a tab": OK + "X: y\r\n\tz\r\nContent-Length: 2\r\n\r\nab",
    "a list of lengths": OK + "Content-Length: 1, 2\r\n\r\nab",
    "a length with a sign": OK + "Content-Length: +2\r\n\r\nab",
    "a hexadecimal length": OK + "Content-Length: 0x2\r\n\r\nab",
    "a huge length": OK + "Content-Length: 99999999999999999999\r\n\r\nab",
    "an empty length": OK + "Content-Length: \r\n\r\nab",
    "chunked twice": OK + "Transfer-Encoding: chunked, chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    "chunked not last": OK + "Transfer-Encoding: chunked, gzip\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    "a switch of protocols nobody asked for": "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "interim responses without end": "HTTP/1.1 100 Continue\r\n\r\n" * 2000 + OK + "Content-Length: 2\r\n\r\nab",
    "a 304 nobody asked for": "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n",
    "a switch without a protocol": "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\n\r\n",
    "an empty line first": "\r\n" + OK + "Content-Length: 2\r\n\r\nab",
    "a status line that ends with LF": "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nab",
    "a protocol in lower case": "http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
    "a CR in the reason": "HTTP/1.1 200 O\rK\r\nContent-Length: 2\r\n\r\nab",
    "chunked in HTTP/1.0": "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    "one field too many": OK + "X: y\r\n" * 100 + "Content-Length: 2\r\n\r\nab",
    "a head without end": OK + "".join(f"X-{i}: {'y' * 1000}\r\n" for i in range(300)) + "\r\n",
}


def test_there_are_enough_of_them():
    assert len(MALFORMED) >= 30


@pytest.mark.parametrize("message", MALFORMED.values(), ids=MALFORMED.keys())
def test_502_and_nothing_stored(levee, origin, message):
    origin.raw("/a", message)
    assert levee.get("/a").status == 502
    origin.page("/a", "well", cache_control="max-age=60")
    assert levee.get("/a").rest() == b"well"


def test_a_space_before_the_colon_is_taken_out(levee, origin):
    """RFC 9112 section 5.1: a proxy does so in responses."""
    origin.raw("/a", OK + "X : y\r\nContent-Length: 2\r\n\r\nab")
    response = levee.get("/a")
    assert response.rest() == b"ab" and response.headers["X"] == "y"


def test_a_coding_that_nobody_knows_is_no_coding_and_ends_with_the_connection(levee, origin):
    """RFC 9112 section 6.3, item 4; the name itself goes nowhere, and what follows the body is the body's."""
    origin.raw("/a", OK + "Transfer-Encoding: identity\r\n\r\n" + OK + "Content-Length: 2\r\n\r\nab")
    for said in "stored", "hit":
        response = levee.get("/a")
        assert response.rest() == (OK + "Content-Length: 2\r\n\r\nab").encode()
        assert response.headers.get("Transfer-Encoding") != "identity" and said in response.headers["Cache-Status"]
    assert origin.hits("/a") == 1


@pytest.mark.parametrize("chunks", ["x\r\nab\r\n0\r\n\r\n", "2\r\nabc\r\n0\r\n\r\n", "fffffffffffffffff\r\nab", "2\r\nab\r\n-0\r\n",
                                    '2;a="\r\nab\r\n0\r\n\r\n', "2\r\nabX\n0\r\n\r\n", "2\r\nab\rX0\r\n\r\n",
                                    "2\r\nab\r\n0\r\n" + "X: y\r\n" * 5000 + "\r\n"])
def test_a_malformed_chunk_cuts_the_readers_off(levee, origin, chunks):
    origin.raw("/a", OK + "Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n" + chunks)
    response = levee.get("/a")
    if response.status == 200:
        assert b"oneabc".startswith(response.cut())
    else:
        assert response.status == 502
    origin.page("/a", "well", cache_control="max-age=60")
    assert levee.get("/a").rest() == b"well"


def test_bytes_after_a_response_reach_nobody(levee, origin):
    extra = OK + "Content-Length: 6\r\n\r\npoison"
    origin.raw("/a", OK + "Content-Length: 2\r\n\r\nab" + extra)
    assert levee.get("/a").rest() == b"ab"
    origin.page("/b", "well", cache_control="max-age=60")
    assert levee.get("/b").rest() == b"well"
    eventually(lambda: origin.open_connections <= 1)


@pytest.mark.parametrize("status", [204, 304])
def test_a_body_where_none_may_be_is_not_read_as_the_next_response(levee, origin, status):
    origin.raw("/a", f"HTTP/1.1 {status} Said\r\nContent-Length: 45\r\n\r\n" + OK + "Content-Length: 6\r\n\r\npoison")
    assert levee.get("/a").status in (status, 502)
    origin.page("/b", "well", cache_control="max-age=60")
    assert levee.get("/b").rest() == b"well"
