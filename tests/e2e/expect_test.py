"""Expect: 100-continue (RFC 9110 section 10.1.1): refused before a body is read, answered by the edge that buffers, and by
the origin where the body streams."""
import socket
import threading

import pytest
from harness import ADDRESS, Broken

HEAD = "POST %s HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
STREAMS = "location /s/ { proxy_pass http://%s/; proxy_request_buffering off; %s }"


class Picky:
    """Sends `first` when it has a head, and `then` when it has three bytes of body, if it gets any."""

    def __init__(self, first, then=b""):
        self.heads, self.bodies, self.first, self.then = [], [], first, then
        self.listener = socket.create_server((ADDRESS, 0))
        self.address = "%s:%d" % self.listener.getsockname()[:2]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        connection, _ = self.listener.accept()
        with connection:
            data = b""
            while b"\r\n\r\n" not in data:
                data += connection.recv(4096)
            head, _, body = data.partition(b"\r\n\r\n")
            self.heads.append(head)
            connection.sendall(self.first)
            while len(body) < 3:
                more = connection.recv(4096)
                if not more:
                    break
                body += more
            self.bodies.append(body)
            if self.then:
                connection.sendall(self.then)

    def stop(self):
        self.listener.close()


@pytest.fixture
def picky():
    made = []

    def make(*parts):
        made.append(Picky(*parts))
        return made[-1]

    yield make
    for one in made:
        one.stop()


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def continued(connection):
    """Whether a 100 comes first."""
    while b"\r\n\r\n" not in connection.left:
        more = connection.socket.recv(4096)
        if not more:
            raise Broken("closed")
        connection.left += more
    return connection.left.startswith(b"HTTP/1.1 100")


def test_the_edge_answers_it_and_the_origin_gets_the_whole(levee, origin):
    origin.page("/a", "thanks")
    connection = levee.connect().send(HEAD.encode() % (b"/a", 3))
    assert continued(connection) and origin.hits() == 0
    connection.send(b"abc")
    response = connection.response("POST")
    assert response.rest() == b"thanks" and origin.last("/a").body == b"abc"
    assert "Expect" not in origin.last("/a").headers
    response = levee.connect().send(HEAD.encode() % (b"/a", 3) + b"abc").response("POST")
    assert response.rest() == b"thanks" and response.interim == []  # who does not wait is not answered


@pytest.mark.conf(location="client_max_body_size 2;", locations="location /no { deny all; } location /r { return 200 x; }")
@pytest.mark.parametrize("path, status", [("/a", 413), ("/no", 403), ("/r", 405)])
def test_a_refusal_comes_instead_of_100(levee, origin, path, status):
    connection = levee.connect().send((HEAD % (path, 3)).encode())
    response = connection.response("POST")
    assert response.status in (status, 200) and response.interim == []
    assert response.headers["Connection"] == "close"
    response.rest()
    assert origin.hits() == 0


def test_another_expectation_is_417(levee, origin):
    response = levee.get("/a", method="POST", headers={"Expect": "a-miracle"}, body=b"abc")
    assert response.status == 417 and origin.hits() == 0


def test_the_origin_decides_where_the_body_streams(new_levee, picky):
    origin = picky(b"HTTP/1.1 100 Continue\r\n\r\n", ANSWER)
    levee = new_levee(locations=STREAMS % (origin.address, ""))
    connection = levee.connect().send((HEAD % ("/s/a", 3)).encode())
    assert continued(connection) and b"Expect: 100-continue" in origin.heads[0]
    response = connection.send(b"abc").response("POST")
    assert response.rest() == b"ok" and origin.bodies == [b"abc"]


def test_a_refusal_of_the_origin_spares_the_body(new_levee, picky):
    origin = picky(b"HTTP/1.1 401 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
    levee = new_levee(locations=STREAMS % (origin.address, ""))
    connection = levee.connect().send((HEAD % ("/s/a", 3)).encode())
    response = connection.response("POST")
    assert (response.status, response.rest(), response.interim) == (401, b"no", [])
    assert response.headers["Connection"] == "close"


def test_an_origin_that_knows_no_expect_gets_the_body_after_a_second(new_levee, picky):
    origin = picky(b"", ANSWER)
    levee = new_levee(locations=STREAMS % (origin.address, ""))
    connection = levee.connect().send((HEAD % ("/s/a", 3)).encode())
    assert continued(connection)
    assert connection.send(b"abc").response("POST").rest() == b"ok" and origin.bodies == [b"abc"]


def test_other_interim_responses_do_not_end_the_wait(new_levee, picky):
    origin = picky(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n", ANSWER)
    levee = new_levee(locations=STREAMS % (origin.address, ""))
    connection = levee.connect().send((HEAD % ("/s/a", 3)).encode() + b"abc")
    response = connection.response("POST")
    assert response.rest() == b"ok" and origin.bodies == [b"abc"]
