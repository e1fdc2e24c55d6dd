"""Request bodies must come, and at a rate: the time limit is for the whole, however often a byte comes."""
import select
import time

import pytest
from harness import HOLD

LIMIT = "client_body_timeout 400ms; proxy_request_buffering %s;"


@pytest.mark.parametrize("buffering", ["on", "off"])
def test_a_byte_now_and_then_is_not_enough(new_levee, origin, buffering):
    levee = new_levee(location=LIMIT % buffering)
    origin.page("/a", "done")
    connection = levee.connect().send(b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(200):
        connection.send(b"x")
        if select.select([connection.socket], [], [], 0.02)[0]:
            break
    else:
        raise AssertionError("it may go on for ever")
    assert connection.response("POST").status == 408


@pytest.mark.parametrize("buffering", ["on", "off"])
def test_a_steady_body_may_take_longer_than_the_limit(new_levee, origin, buffering):
    levee = new_levee(location=LIMIT % buffering)
    origin.page("/a", "done")
    connection = levee.connect().send(b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000\r\n\r\n")
    for _ in range(8):
        connection.send(b"x" * 1000)
        time.sleep(0.1)
    assert connection.response("POST").rest() == b"done"


@pytest.mark.conf(location=LIMIT % "off")
def test_the_time_that_an_origin_takes_does_not_count(levee, origin):
    page = origin.page("/a", ["one", HOLD, "two"])
    response = levee.get("/a", method="POST", body=b"x" * 100)
    assert response.read(3) == b"one"
    time.sleep(0.6)
    page.release()
    assert response.rest() == b"two"
