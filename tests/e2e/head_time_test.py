"""A response head that never ends, and a connection that ends at once: neither holds a slot for longer than proxy_read_timeout."""
import time

import pytest
from harness import Dribble, rests

BYTES = [b"HTTP/1.1 200 OK\r\nX: "] + [b"x"] * 1000
HINTS = [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"] * 1000
PASS = ("location /g/ { proxy_pass http://group/; proxy_cache main; proxy_read_timeout 300ms; }"
        "location = /status { levee_status; }")


@pytest.fixture
def start(new_levee):
    made = []

    def make(*rest, more="", **kind):
        made.append(Dribble(*rest, **kind))
        return new_levee(http=f"upstream group {{ server {made[0].address}; concurrency 2; queue 50 timeout=5s; {more} }}",
                         locations=PASS), made[0]

    yield make
    for origin in made:
        origin.stop()


@pytest.mark.conf(start=False)
@pytest.mark.parametrize("status, rest", [(504, (BYTES, 0.05)), (502, (HINTS, 0)), (502, (HINTS, 0.05))], ids=["bytes", "hints", "slow hints"])
def test_a_head_without_end(start, status, rest):
    levee, _ = start(*rest)
    began = time.monotonic()
    assert levee.get("/g/a").status == status
    assert time.monotonic() - began < 3
    rests(levee)


def test_a_slow_head_that_ends_in_time_is_one(start):
    levee, _ = start([bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"], 0.003)
    assert levee.get("/g/a").rest() == b"ok"


def test_each_interim_response_and_the_head_behind_it_have_their_own_time(start):
    hint = [b"HTTP/1.1 103 Early Hints\r\n", b"Link: </a>\r\n\r\n"]
    levee, _ = start(hint * 4 + [b"HTTP/1.1 200 OK\r\n", b"Content-Length: 2\r\n\r\nok"], 0.1)
    assert levee.get("/g/a").rest() == b"ok"


@pytest.mark.parametrize("reads", [True, False])
def test_an_origin_that_closes_at_once_is_left_alone_soon(start, reads):
    levee, origin = start(reads=reads, more="breaker failures=5 backoff=60s max_backoff=60s;")
    assert {v.status for v in levee.crowd(60, lambda i: f"/g/{i}").results()} <= {502, 503}
    rests(levee)
    before = origin.connections
    assert before < 20
    assert {levee.get(f"/g/again{n}").status for n in range(20)} == {502}
    assert origin.connections == before
