"""Upgrade (RFC 9110 section 7.8): a tunnel where the configuration says so, as in nginx, and nowhere else."""
import socket
import threading

import pytest
from harness import ADDRESS, eventually

ASK = "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: %s\r\nSec-WebSocket-Key: x\r\n\r\n"
SET = "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: y\r\n\r\n"


class Echo:
    """Switches and echoes, with `first` right behind its head; says what it was asked."""

    def __init__(self, answer=SWITCH, first=b""):
        self.heads, self.answer, self.first, self.open = [], answer, first, 0
        self.listener = socket.create_server((ADDRESS, 0))
        self.address = "%s:%d" % self.listener.getsockname()[:2]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        self.open += 1
        with connection:
            data = b""
            while b"\r\n\r\n" not in data:
                data += connection.recv(4096)
            head, _, rest = data.partition(b"\r\n\r\n")
            self.heads.append(head.decode())
            connection.sendall(self.answer + self.first + rest)
            try:
                while data := connection.recv(65536):
                    if data == b"bye":
                        break
                    connection.sendall(data)
            except OSError:
                pass
        self.open -= 1


@pytest.fixture
def echo():
    made = Echo(first=b"hello ")
    yield made
    made.listener.shutdown(socket.SHUT_RDWR)
    made.listener.close()


@pytest.fixture
def levee(new_levee, echo):
    return new_levee(main="worker_shutdown_timeout 300ms;", server=f"location /ws {{ proxy_pass http://{echo.address}; {SET} }}"
                     f"location /half {{ proxy_pass http://{echo.address}; proxy_set_header Upgrade $http_upgrade; }}"
                     f"location /quick {{ proxy_pass http://{echo.address}; {SET} proxy_read_timeout 100ms; }}"
                     f"location /plain {{ proxy_pass http://{echo.address}; proxy_cache main; }}"
                     "location = /metrics { levee_metrics; }")


def tunnel(levee, path="/ws", protocol="websocket", more=b""):
    connection = levee.connect().send((ASK % (path, protocol)).encode() + more)
    response = connection.response()
    assert response.status == 101
    return connection, response


def receive(connection, size):
    while len(connection.left) < size:
        data = connection.socket.recv(65536)
        assert data
        connection.left += data
    data, connection.left = connection.left[:size], connection.left[size:]
    return data


def test_bytes_go_both_ways(levee, echo):
    connection, response = tunnel(levee)
    assert response.headers["Upgrade"] == "websocket" and response.headers["Sec-WebSocket-Accept"] == "y"
    connection.left = response._reader.rest + connection.left if not connection.left else connection.left
    assert receive(connection, 6) == b"hello "
    big = bytes(range(256)) * 4000
    for i in range(0, len(big), 16384):  # in turns: a TLS connection is not for two threads at a time
        part = big[i:i + 16384]
        connection.send(part)
        assert receive(connection, len(part)) == part
    assert "Upgrade: websocket" in echo.heads[0] and "Connection: upgrade" in echo.heads[0]
    metrics = levee.get("/metrics").rest().decode()
    assert "levee_tunnels_active 1" in metrics and "levee_tunnels_total 1" in metrics


def test_what_was_sent_too_early_is_not_lost(levee, echo):
    connection, _ = tunnel(levee, more=b"early")
    assert receive(connection, 11) == b"hello early"


@pytest.mark.parametrize("who", ["client", "origin"])
def test_the_end_of_one_side_ends_the_other(levee, echo, who):
    connection, _ = tunnel(levee)
    assert receive(connection, 6) == b"hello "
    connection.close() if who == "client" else connection.send(b"bye")
    eventually(lambda: echo.open == 0)
    if who == "origin":
        assert connection.ended()
    eventually(lambda: "levee_tunnels_active 0" in levee.get("/metrics").rest().decode())


def test_a_silent_tunnel_is_closed(levee, echo):
    connection, _ = tunnel(levee, "/quick")
    assert receive(connection, 6) == b"hello " and connection.ended()


def test_a_graceful_stop_ends_it_in_its_time(levee, echo):
    connection, _ = tunnel(levee)
    assert receive(connection, 6) == b"hello "
    levee.signal("QUIT")
    assert connection.ended() and levee.wait() == 0


def test_it_outlives_a_reload(levee, echo):
    connection, _ = tunnel(levee)
    assert receive(connection, 6) == b"hello "
    levee.reload(location="proxy_read_timeout 50s;")
    assert connection.send(b"still") and receive(connection, 5) == b"still"


@pytest.mark.parametrize("path, protocol", [("/plain", "websocket"), ("/half", "websocket"), ("/ws", "h2c"), ("/ws", "websocket, h2c")])
def test_without_the_configuration_or_for_h2c_nothing_is_passed_on(levee, echo, path, protocol):
    echo.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
    echo.first = b""
    response = levee.send(ASK % (path, protocol))
    assert response.status == 200 and response.rest() == b"ok"
    assert "upgrade" not in echo.heads[0].lower()


def test_a_switch_nobody_asked_for_is_502(levee, echo):
    response = levee.get("/plain")
    assert response.status == 502


def test_a_switch_that_names_no_protocol_is_502(levee, echo):
    echo.answer, echo.first = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n", b""
    assert levee.send(ASK % ("/ws", "websocket")).status == 502


@pytest.mark.parametrize("request_text", [(ASK % ("/ws", "websocket")).replace("GET", "POST", 1),
                                          (ASK % ("/ws", "websocket")).replace("\r\n\r\n", "\r\nContent-Length: 1\r\n\r\nx"),
                                          (ASK % ("/ws", "websocket")).replace("HTTP/1.1", "HTTP/1.0")])
def test_only_a_get_of_http_1_1_without_a_body_switches(levee, echo, request_text):
    echo.answer, echo.first = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", b""
    assert levee.send(request_text).status == 200
    assert "upgrade" not in echo.heads[0].lower()


def test_a_refusal_is_an_ordinary_answer(levee, echo):
    echo.answer, echo.first = b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", b""
    connection = levee.connect().send((ASK % ("/ws", "websocket")).encode())
    response = connection.response()
    assert response.status == 403 and response.rest() == b"no"


def test_over_tls(new_levee, echo, tls_cert):
    certificate, key, context = tls_cert
    levee = new_levee(values={"CERT": certificate, "KEY": key},
                      server="listen @ADDRESS@:@PORT_tls@ ssl; ssl_certificate @CERT@; ssl_certificate_key @KEY@;"
                      f"location /ws {{ proxy_pass http://{echo.address}; {SET} }}")
    connection = levee.connect("tls", tls=context, name="localhost").send((ASK % ("/ws", "websocket")).encode())
    assert connection.response().status == 101
    assert receive(connection, 6) == b"hello "
    big = bytes(range(256)) * 2000
    for at in range(0, len(big), 50_000):  # one thread a TLS connection: two would race in Python's ssl
        piece = big[at:at + 50_000]
        connection.send(piece)
        assert receive(connection, len(piece)) == piece
