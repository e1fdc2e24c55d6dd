"""Connections to origins are kept within bounds."""
import time

import pytest
from harness import Answer, Broken, eventually

ALONE = "daemon off; worker_processes 1; pid @DIR@/levee.pid; error_log @DIR@/error.log info; events {} http { overload off;" \
        "upstream group { server @ORIGIN@; %s } server { listen @ADDRESS@:@PORT@; location / { proxy_pass http://group; } } }"


@pytest.fixture
def start(levee, origin):
    origin.page("/a", "a")
    return lambda lines: levee.start(whole=ALONE % lines)


pytestmark = pytest.mark.conf(start=False)


def test_for_so_many_requests(start, levee, origin):
    start("keepalive_requests 3;")
    for _ in range(9):
        assert levee.get("/a").rest() == b"a"
    assert origin.connections == 3


def test_not_at_all(start, levee, origin):
    start("keepalive 0;")
    for _ in range(3):
        assert levee.get("/a").rest() == b"a"
    assert origin.connections == 3
    assert origin.last("/a").headers["Connection"] == "close"


def test_so_many(start, levee, origin):
    start("keepalive 2;")
    page = origin.page("/held", "held", hold_head=True)
    crowd = levee.crowd(5, "/held")
    eventually(lambda: page.held == 5)
    page.release()
    crowd.results()
    eventually(lambda: origin.open_connections == 2)


def test_idle_for_so_long(start, levee, origin):
    start("keepalive_timeout 100ms;")
    assert levee.get("/a").rest() == b"a"
    eventually(lambda: origin.open_connections == 0)


def test_no_longer_than_so_old(start, levee, origin):
    start("keepalive_time 100ms;")
    page = origin.page("/held", "held", hold_head=True)
    crowd = levee.crowd(1, "/held")
    eventually(lambda: page.held == 1)
    old = time.monotonic() + 0.15
    eventually(lambda: time.monotonic() > old)  # its age is what is tested
    page.release()
    crowd.results()
    eventually(lambda: origin.open_connections == 0)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_closed_by_the_origin_just_as_they_are_used_again(start, levee, origin, method):
    start("retry_budget 0% min=0; breaker failures=1; concurrency 8;")
    used = set()

    def once(request):
        if request.connection in used:
            raise Broken("closes instead of an answer")
        used.add(request.connection)
        return Answer("body", cache_control="no-store")

    origin.page("/once", once)
    assert {v.status for v in levee.crowd(100, "/once", method=method).results()} == {200}
    assert all(levee.get("/once", method=method).rest() == b"body" for _ in range(10))
    seen = origin.hits("/once")
    assert seen == 110 if method == "POST" else seen > 110  # what must not be sent twice gets a connection of its own
