"""Heads and bodies beyond the limits are refused with the status that says which."""
import pytest


@pytest.mark.parametrize("target, headers, status", [
    ("/" + "a" * 7000, {}, 404),
    ("/" + "a" * 9000, {}, 414),
    ("/", {"X": "y" * 9000}, 431),
    ("/", {f"X-{i}": "y" * 4000 for i in range(12)}, 431),
    ("/", {f"X-{i}": "y" for i in range(3000)}, 431),
])
def test_a_head_beyond_the_limits(levee, origin, target, headers, status):
    response = levee.get(target, headers=headers)
    assert response.status == status
    response.rest()
    if status != 404:
        assert response.connection.ended() and origin.hits() == 0


@pytest.mark.conf(server="client_max_body_size 1k;")
def test_a_body_beyond_client_max_body_size(levee, origin):
    origin.page("/", "done")
    assert levee.get("/", method="POST", body=b"x" * 1024).status == 200
    assert levee.get("/", method="POST", body=b"x" * 1025).status == 413
    response = levee.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                          + "400\r\n" + "x" * 1024 + "\r\n1\r\nx\r\n0\r\n\r\n")
    assert response.status == 413
    assert response.headers["Connection"] == "close" and response.rest()
    assert response.connection.ended() and origin.hits("/") == 1


@pytest.mark.conf(server="client_header_timeout 300ms; keepalive_timeout 300ms;")
def test_a_head_that_never_ends_is_given_up(levee):
    connection = levee.connect()
    connection.send(b"GET / HTTP/1.1\r\nHost: local")
    data = connection.receive()
    assert data == b"" or b" 408 " in data
    idle = levee.connect()
    assert idle.get("/.generation").rest()
    assert idle.ended()
