"""Invariant 9: a malformed request is answered 400, the connection is closed, and the origin never hears of it."""
import pytest

HOST = "Host: localhost\r\n"
MALFORMED = {
    "no version": f"GET /\r\n{HOST}\r\n",
    "version 2": f"GET / HTTP/2.0\r\n{HOST}\r\n",
    "version in lower case": f"GET / http/1.1\r\n{HOST}\r\n",
    "two spaces": f"GET  / HTTP/1.1\r\n{HOST}\r\n",
    "a space in the target": f"GET /a b HTTP/1.1\r\n{HOST}\r\n",
    "a control character in the target": f"GET /a\x01b HTTP/1.1\r\n{HOST}\r\n",
    "a method that is no token": f"G@T / HTTP/1.1\r\n{HOST}\r\n",
    "no host": "GET / HTTP/1.1\r\n\r\n",
    "two hosts": f"GET / HTTP/1.1\r\n{HOST}Host: other\r\n\r\n",
    "a host with a space": "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "a space before the colon": f"GET / HTTP/1.1\r\n{HOST}X : y\r\n\r\n",
    "a folded line": f"GET / HTTP/1.1\r\n{HOST}X: y\r\n z\r\n\r\n",
    "a folded first line": "GET / HTTP/1.1\r\n Host: localhost\r\n\r\n",
    "no colon": f"GET / HTTP/1.1\r\n{HOST}Xy\r\n\r\n",
    "an empty name": f"GET / HTTP/1.1\r\n{HOST}: y\r\n\r\n",
    "a bare CR in a value": f"GET / HTTP/1.1\r\n{HOST}X: y\rZ: a\r\n\r\n",
    "NUL in a value": f"GET / HTTP/1.1\r\n{HOST}X: y\x00z\r\n\r\n",
    "length and chunked": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a list of lengths": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1, 2\r\n\r\nab",
    "a length with a sign": f"POST / HTTP/1.1\r\n{HOST}Content-Length: +1\r\n\r\na",
    "a negative length": f"POST / HTTP/1.1\r\n{HOST}Content-Length: -1\r\n\r\na",
    "a hexadecimal length": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 0x1\r\n\r\na",
    "a huge length": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 99999999999999999999\r\n\r\na",
    "an unknown coding": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "identity": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: identity\r\n\r\n",
    "chunked twice": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked not last": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": f"POST / HTTP/1.0\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a TLS hello": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\x00" * 40 + "\r\n\r\n",
}


@pytest.mark.parametrize("request_text", MALFORMED.values(), ids=MALFORMED.keys())
def test_400_and_close(levee, origin, request_text):
    origin.page("/", "never")
    # What follows would be a request of its own, if the first one were let pass.
    response = levee.send(request_text + "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert response.status in (400, 501, 505)
    response.rest()
    assert response.connection.ended()
    assert origin.hits() == 0


@pytest.mark.parametrize("chunks", ["x\r\n", "-1\r\na\r\n", "5\r\nabc\r\n0\r\n\r\n", "1 1\r\na\r\n", "fffffffffffffffff\r\n",
                                    "1\nab\n0\n\n", "1;" + "x" * 20000 + "\r\na\r\n0\r\n\r\n"])
def test_a_malformed_chunk_ends_the_connection(levee, origin, chunks):
    origin.page("/", "answer")
    response = levee.send(f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n{chunks}"
                          f"GET /smuggled HTTP/1.1\r\n{HOST}\r\n")
    assert response.status == 400
    response.rest()
    assert response.connection.ended()
    assert origin.hits("/smuggled") == 0 == origin.hits("/")
