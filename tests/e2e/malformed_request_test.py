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
    "an empty target": f"GET  HTTP/1.1\r\n{HOST}\r\n",
    "a target without a slash": f"GET a HTTP/1.1\r\n{HOST}\r\n",
    "a tab between the parts": f"GET\t/ HTTP/1.1\r\n{HOST}\r\n",
    "a space at the line's end": f"GET / HTTP/1.1 \r\n{HOST}\r\n",
    "a version of three digits": f"GET / HTTP/1.10\r\n{HOST}\r\n",
    "a version without a dot": f"GET / HTTP/11\r\n{HOST}\r\n",
    "HTTP/3.0": f"GET / HTTP/3.0\r\n{HOST}\r\n",
    "another protocol": f"GET / RTSP/1.0\r\n{HOST}\r\n",
    "the preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "NUL in the method": f"G\x00T / HTTP/1.1\r\n{HOST}\r\n",
    "NUL in the target": f"GET /\x00 HTTP/1.1\r\n{HOST}\r\n",
    "DEL in the target": f"GET /\x7f HTTP/1.1\r\n{HOST}\r\n",
    "a bare CR in the target": f"GET /\rx HTTP/1.1\r\n{HOST}\r\n",
    "a fragment": f"GET /#x HTTP/1.1\r\n{HOST}\r\n",
    "an asterisk with GET": f"GET * HTTP/1.1\r\n{HOST}\r\n",
    "a host in a list": "GET / HTTP/1.1\r\nHost: localhost, other\r\n\r\n",
    "a host with a path": "GET / HTTP/1.1\r\nHost: localhost/x\r\n\r\n",
    "a host with a user": "GET / HTTP/1.1\r\nHost: me@localhost\r\n\r\n",
    "a host with a bad port": "GET / HTTP/1.1\r\nHost: localhost:x\r\n\r\n",
    "the same host twice": f"GET / HTTP/1.1\r\n{HOST}{HOST}\r\n",
    "a host of NUL": "GET / HTTP/1.1\r\nHost: local\x00host\r\n\r\n",
    "a tab before the colon": f"GET / HTTP/1.1\r\n{HOST}X\t: y\r\n\r\n",
    "a space in a name": f"GET / HTTP/1.1\r\n{HOST}X Y: z\r\n\r\n",
    "a name of other letters": f"GET / HTTP/1.1\r\n{HOST}X\xe9: z\r\n\r\n",
    "a name in quotes": f'GET / HTTP/1.1\r\n{HOST}"X": z\r\n\r\n',
    "a line folded by a tab": f"GET / HTTP/1.1\r\n{HOST}X: y\r\n\tz\r\n\r\n",
    "a control character in a value": f"GET / HTTP/1.1\r\n{HOST}X: y\x01z\r\n\r\n",
    "a bare CR at a value's end": f"GET / HTTP/1.1\r\n{HOST}X: y\r\r\n\r\n",
    "a length folded": f"POST / HTTP/1.1\r\n{HOST}Content-Length:\r\n 5\r\n\r\nabcde",
    "a length with a comma": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1,\r\n\r\na",
    "an empty length": f"POST / HTTP/1.1\r\n{HOST}Content-Length: \r\n\r\na",
    "a length with a fraction": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1.0\r\n\r\na",
    "a length with an exponent": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1e1\r\n\r\na",
    "a length with spaces": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1 1\r\n\r\na",
    "chunked and length": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "chunked in a second line": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked in quotes": f'POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "chunked with a parameter": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n",
    "chunked after a vertical tab": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "an empty coding": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: \r\n\r\n",
    "gzip alone": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: gzip\r\n\r\n",
    "a tab before the version": f"GET /\tHTTP/1.1\r\n{HOST}\r\n",
    "a CR at the request line's end": f"GET / HTTP/1.1\r\r\n{HOST}\r\n",
    "nothing but LF": f"GET / HTTP/1.1\nHost: localhost\n\n",
    "HTTP/0.9 by its name": f"GET / HTTP/0.9\r\n{HOST}\r\n",
    "the same length twice": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "a list of equal lengths": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1, 1\r\n\r\na",
    "a length after a vertical tab": f"POST / HTTP/1.1\r\n{HOST}Content-Length: \x0b1\r\n\r\na",
    "a length after a no-break space": f"POST / HTTP/1.1\r\n{HOST}Content-Length: \xa01\r\n\r\na",
    "a length of zeros without end": f"POST / HTTP/1.1\r\n{HOST}Content-Length: {'0' * 30}1\r\n\r\na",
    "chunked and a comma": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
    "chunked with NUL": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\x00\r\n\r\n0\r\n\r\n",
    "an absolute target with a user": f"GET http://me@localhost/ HTTP/1.1\r\n{HOST}\r\n",
    "an absolute target of another scheme": f"GET ftp://localhost/ HTTP/1.1\r\n{HOST}\r\n",
    "an absolute target without Host": "GET http://localhost/ HTTP/1.1\r\n\r\n",
    "a path above the root": f"GET /a/..%2f%2e%2e/b HTTP/1.1\r\n{HOST}\r\n",
    "a path with NUL": f"GET /a%00 HTTP/1.1\r\n{HOST}\r\n",
    "a path with a bad escape": f"GET /a%zz HTTP/1.1\r\n{HOST}\r\n",
    "empty lines without end": "\r\n" * 40000,
    "an SSLv2 hello": "\x80\x2e\x01\x00\x02" + "\x00" * 40,
    "a TLS hello": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\x00" * 40 + "\r\n\r\n",
}


# All are 400 but for these.
OTHERS = {"version 2": 505, "HTTP/3.0": 505, "HTTP/0.9 by its name": 505, "the preface of HTTP/2": 505,
          "empty lines without end": 431, "chunked in a second line": 501}


def test_there_are_enough_of_them():
    assert len(MALFORMED) >= 60


@pytest.mark.parametrize("name", MALFORMED)
def test_it_is_refused_and_the_connection_closed(levee, origin, name):
    origin.page("/", "never")
    # What follows would be a request of its own, if the first one were let pass.
    response = levee.send(MALFORMED[name] + "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert response.status == OTHERS.get(name, 400)
    response.rest()
    assert response.connection.ended()
    assert origin.hits() == 0


@pytest.mark.parametrize("chunks", ["x\r\n", "-1\r\na\r\n", "5\r\nabc\r\n0\r\n\r\n", "1 1\r\na\r\n", "fffffffffffffffff\r\n",
                                    "1\nab\n0\n\n", "1;" + "x" * 20000 + "\r\na\r\n0\r\n\r\n",
                                    '1;a="\r\na\r\n0\r\n\r\n', "1;a\rb\r\na\r\n0\r\n\r\n", "0x1\r\na\r\n0\r\n\r\n",
                                    " 1\r\na\r\n0\r\n\r\n", "1\r\na\n0\r\n\r\n", "0" * 16 + "1\r\na\r\n0\r\n\r\n",
                                    "1\r\na\r\n0\r\n\n", "1\r\na\r\n0\r\nX : y\r\n\r\n", "1\r\na\r\n0\r\n\rX"])
def test_a_malformed_chunk_ends_the_connection(levee, origin, chunks):
    origin.page("/", "answer")
    response = levee.send(f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n{chunks}"
                          f"GET /smuggled HTTP/1.1\r\n{HOST}\r\n")
    assert response.status == 400
    response.rest()
    assert response.connection.ended()
    assert origin.hits("/smuggled") == 0 == origin.hits("/")
