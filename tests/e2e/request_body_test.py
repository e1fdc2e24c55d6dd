"""Bodies of requests reach the origin as they were sent, whole or not at all, and an early answer is an answer."""
import socket
import threading

import pytest
from harness import ADDRESS, eventually, numbered

BODY = numbered(3 << 20)
UNBUFFERED = "client_max_body_size 0; proxy_request_buffering off;"


def chunked(body, size=50_001):
    pieces = [body[at:at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.conf(location="client_max_body_size 0;", locations="location /u/ { proxy_pass http://@ORIGIN@/; %s }" % UNBUFFERED)
@pytest.mark.parametrize("path", ["/a", "/u/a"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_body_arrives_whole(levee, origin, path, method):
    origin.page("/a", "thanks")
    assert levee.get(path, method, body=BODY).rest() == b"thanks"
    assert origin.last("/a").body == BODY
    connection = levee.connect()
    connection.send(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + chunked(BODY))
    assert connection.response(method).rest() == b"thanks"
    assert origin.last("/a").body == BODY
    assert connection.get(path, method, body=b"small").rest() == b"thanks"
    assert origin.last("/a").body == b"small" and origin.last("/a").method == method


@pytest.fixture
def hasty():
    """An origin that answers 413 as soon as it has the head, and closes without reading on."""
    listener = socket.create_server((ADDRESS, 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(100)
                connection.sendall(b"HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno")
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(5)
                while connection.recv(65536):  # so that the close is no reset
                    pass

    threading.Thread(target=serve, daemon=True).start()
    yield f"{ADDRESS}:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_an_answer_before_the_body_was_read_is_passed_on(new_levee, hasty):
    levee = new_levee(locations="location /u/ { proxy_pass http://%s/; %s }" % (hasty, UNBUFFERED))
    connection = levee.connect()
    connection.send(b"POST /u/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
    answer = connection.response("POST")
    assert answer.status == 413 and answer.rest() == b"no"


@pytest.fixture
def impatient():
    """An origin that answers each head at once, and reads on: (its address, what each connection has brought)."""
    listener, brought = socket.create_server((ADDRESS, 0)), []

    def serve(connection, number):
        with connection:
            while data := connection.recv(65536):
                if not brought[number]:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                brought[number] += data

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            brought.append(b"")
            threading.Thread(target=serve, args=(connection, len(brought) - 1), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield f"{ADDRESS}:{listener.getsockname()[1]}", brought
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_the_next_request_is_not_sent_where_a_body_is_still_awaited(new_levee, impatient):
    address, brought = impatient
    levee = new_levee(locations="location /u/ { proxy_pass http://%s/; %s }" % (address, UNBUFFERED))
    connection = levee.connect().send(b"PUT /u/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\n" + b"x" * 20)
    response = connection.response()
    assert response.read(2) == b"ok"
    connection.send(b"x" * 20 + b"GET /u/b HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert response.headers.get("Connection") == "close" or connection.response().rest() == b"ok"
    assert not any(b"PUT" in bytes and b"GET" in bytes for bytes in brought)


@pytest.mark.conf(locations="location /u/ { proxy_pass http://@ORIGIN@/; %s }" % UNBUFFERED)
def test_a_client_that_leaves_in_mid_body_ends_the_request(levee, origin):
    origin.page("/a", "never")
    connection = levee.connect()
    connection.send(b"POST /u/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
    eventually(lambda: origin.open_connections == 1)
    connection.close()
    eventually(lambda: origin.open_connections == 0)
    assert origin.hits("/a") == 0
