"""A client's connection: kept alive, pipelined in order, closed when it asks so."""
import pytest
from harness import HOLD, Answer, numbered


def test_many_requests_on_one_connection(levee, origin):
    origin.page("/a", "a", cache_control="max-age=60")
    origin.page("/b", "b", cache_control="no-store", framing="chunked")
    connection = levee.connect()
    for _ in range(20):
        assert connection.get("/a").rest() == b"a"
        assert connection.get("/b").rest() == b"b"
        assert connection.get("/none").rest() == b"no such page"
    assert origin.hits("/a") == 1


def test_pipelined_requests_are_answered_in_order(levee, origin):
    page = origin.page("/slow", [HOLD, "slow"], cache_control="max-age=60")
    for i in range(20):
        origin.page(f"/{i}", f"body {i}", cache_control="max-age=60")
    connection = levee.connect()
    targets = ["/slow"] + [f"/{i % 20}" for i in range(100)]
    connection.send("".join(f"GET {t} HTTP/1.1\r\nHost: localhost\r\n\r\n" for t in targets).encode())
    slow = connection.response()
    assert slow.status == 200
    page.release()
    assert slow.rest() == b"slow"
    for i in range(100):
        assert connection.response().rest() == b"body %d" % (i % 20)


def test_a_request_may_come_byte_by_byte(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    connection = levee.connect()
    for byte in b"GET /a HTTP/1.1\r\nHost: localhost\r\nX-Some: thing\r\n\r\n":
        connection.send(bytes([byte]))
    assert connection.response().rest() == b"body"


@pytest.mark.parametrize("request_text", [
    "GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "GET /a HTTP/1.0\r\n\r\n",
    "GET /a HTTP/1.0\r\nHost: localhost\r\n\r\n"])
def test_closed_after_the_response(levee, origin, request_text):
    origin.page("/a", numbered(300_000), cache_control="max-age=60")
    for _ in range(2):
        response = levee.send(request_text)
        assert response.rest() == numbered(300_000) and response.connection.ended()


@pytest.mark.conf(server="keepalive_requests 3;")
def test_keepalive_requests(levee, origin):
    connection = levee.connect()
    for _ in range(3):
        last = connection.get("/.generation")
        last.rest()
    assert last.headers["Connection"] == "close" and connection.ended()


@pytest.mark.conf(server="proxy_ignore_client_abort on;")
def test_a_client_that_stops_sending_still_gets_its_answer(levee, origin):
    page = origin.page("/a", ["one", HOLD, "two"], cache_control="max-age=60")
    response = levee.get("/a")
    assert response.read(3) == b"one"
    response.connection.finish_sending()
    page.release()
    assert response.rest() == b"two"


def test_a_request_behind_a_large_body_is_read_when_its_turn_comes(levee, origin):
    origin.page("/upload", "thanks", cache_control="no-store")
    origin.page("/next", "next", cache_control="no-store")
    body = b"x" * 200_000
    more = b"GET /next HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"y" * 7000 + b"\r\n\r\n"
    connection = levee.connect()
    connection.send(b"POST /upload?where=here HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n" + body + more * 4)
    assert connection.response("POST").rest() == b"thanks"
    assert [connection.response().rest() for _ in range(4)] == [b"next"] * 4


@pytest.mark.conf(locations="location /r { return 200 no-body-needed; }")
@pytest.mark.parametrize("body", ["Content-Length: 26\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
                                  "Transfer-Encoding: chunked\r\n\r\n1a\r\nGET /smuggled HTTP/1.1\r\n\r\n\r\n0\r\n\r\n"])
def test_a_body_that_nobody_needed_is_no_request(levee, origin, body):
    origin.page("/a", "next")
    connection = levee.connect().send(f"GET /r HTTP/1.1\r\nHost: localhost\r\n{body}GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    first = connection.response()
    assert first.rest() == b"no-body-needed"
    if "chunked" in body:  # how much there is of it, nobody knows
        assert first.headers["Connection"] == "close" and connection.ended() and origin.hits() == 0
    else:
        assert connection.response().rest() == b"next" and origin.hits() == 1


def test_a_get_with_a_body_is_the_origins(levee, origin):
    origin.page("/a", lambda request: Answer(request.body or b"none", cache_control="max-age=60"))
    for body in b"one", b"two":
        assert levee.get("/a", body=body).rest() == body
    assert levee.get("/a").rest() == b"none"
