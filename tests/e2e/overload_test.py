"""An edge whose own means run short refuses what is new, and serves hits and the viewers who are here."""
import contextlib
import re
import selectors
import socket
import threading

import pytest
from harness import eventually

METRICS = "location = /metrics { levee_metrics; }"


def short(kept, means):
    """How many workers say that these means run short."""
    return len(re.findall(rf'levee_overloaded{{worker="\d",means="{means}"}} 1', kept.get("/metrics").rest().decode()))


def total(kept, name):
    """Of all samples of a name, or of one."""
    lines = kept.get("/metrics").rest().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def served(levee):
    """Whether a new connection is."""
    connection = levee.connect()
    with contextlib.closing(connection), contextlib.suppress(Exception):
        return connection.get("/.generation").rest().startswith(b"generation")


def refuses_the_new_and_serves_those_who_are_here(levee, origin, kept):
    assert kept.get("/hit").rest() == b"hit"
    stale = kept.get("/stale")
    assert stale.rest() == b"old" and "detail=edge-overloaded" in stale.headers["Cache-Status"]
    for path in ("/next.m3u8", "/next.ts"):
        assert kept.get(path).rest() == b"live"
    before = origin.hits()
    refused = kept.get("/new")
    assert refused.status == 503 and refused.rest() and 1 <= int(refused.headers["Retry-After"]) <= 3
    assert "detail=edge-overloaded" in refused.headers["Cache-Status"]
    assert origin.hits() == before
    assert levee.connect().ended()


def pages(origin, kept):
    origin.page("/hit", "hit", cache_control="max-age=600")
    origin.page("/stale", "old", cache_control="max-age=0", etag='"1"')
    for path in ("/next.m3u8", "/next.ts"):
        origin.page(path, "live", cache_control="max-age=0")
    for path in ("/hit", "/stale"):
        kept.get(path).rest()


@pytest.mark.conf(locations=METRICS)
def test_memory(levee, origin):
    kept = levee.connect()
    pages(origin, kept)
    levee.write(overload="memory=1m")  # less than a process has
    levee.signal("HUP")
    eventually(lambda: short(kept, "memory") == 2)
    refuses_the_new_and_serves_those_who_are_here(levee, origin, kept)
    assert total(kept, 'levee_responses_stale_total{reason="edge-overloaded"}') == 1
    assert total(kept, "levee_overload_refused_requests_total") == 1
    eventually(lambda: total(kept, "levee_overload_refused_connections_total") >= 1)
    levee.write(overload="memory=99%")
    levee.signal("HUP")
    eventually(lambda: served(levee))
    log = levee.error_log()
    assert len(re.findall(r"worker \d is overloaded \(memory\)", log)) == 2
    eventually(lambda: len(re.findall(r"worker \d is not overloaded any more", levee.error_log())) == 2)


@pytest.mark.conf(main="worker_rlimit_nofile 200;", overload="descriptors=50%", locations=METRICS)
def test_descriptors(levee, origin):
    kept = levee.connect()
    pages(origin, kept)
    crowd = []

    def one_more():
        connection = levee.connect()
        crowd.append(connection)
        return short(kept, "descriptors") == 2

    eventually(one_more)
    assert levee.descriptors() < 180
    refuses_the_new_and_serves_those_who_are_here(levee, origin, kept)
    for connection in crowd:
        connection.close()
    eventually(lambda: served(levee))


@pytest.mark.conf(start=False)
def test_connections(levee, origin):
    levee.start(whole="daemon off; worker_processes 1; pid @DIR@/levee.pid; error_log @DIR@/error.log info;"
                      "events { worker_connections 40; } http { cache_zone main ram=8m; overload connections=50%;"
                      "server { listen @ADDRESS@:@PORT@; location = /metrics { levee_metrics; }"
                      'location = /.generation { return 200 "generation 1"; }'
                      "location / { proxy_pass http://@ORIGIN@; proxy_cache main; } } }")
    kept = levee.connect()
    pages(origin, kept)
    crowd = [levee.connect() for _ in range(25)]
    eventually(lambda: short(kept, "connections") == 1)
    refuses_the_new_and_serves_those_who_are_here(levee, origin, kept)
    for connection in crowd:
        connection.close()
    eventually(lambda: served(levee))


class Flood:
    """Pipelines without end on many connections, so that each of the loop's turns is long."""

    def __init__(self, address, count, block):
        self._stop = threading.Event()
        self._sockets = [socket.create_connection(address) for _ in range(count)]
        self._block = block
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        selector = selectors.DefaultSelector()
        for s in self._sockets:
            s.setblocking(False)
            selector.register(s, selectors.EVENT_READ | selectors.EVENT_WRITE, [self._block])
        while not self._stop.is_set():
            for key, events in selector.select(0.1):
                with contextlib.suppress(OSError):
                    if events & selectors.EVENT_READ:
                        key.fileobj.recv(1 << 20)
                    if events & selectors.EVENT_WRITE:
                        sent = key.fileobj.send(key.data[0])
                        key.data[0] = key.data[0][sent:] or self._block
        for s in self._sockets:
            s.close()

    def stop(self):
        self._stop.set()
        self._thread.join()


@pytest.mark.conf(overload="loop_lag=4ms", locations="keepalive_requests 1000000000;" + METRICS)  # the flood must not end
def test_a_loop_that_lags(levee, origin):
    kept = levee.connect()
    pages(origin, kept)
    flood = Flood(levee.address, 100, b"GET /.generation HTTP/1.1\r\nHost: localhost\r\n\r\n" * 300)
    try:
        eventually(lambda: short(kept, "loop") == 2)
        eventually(lambda: not served(levee))
        eventually(lambda: kept.get("/new").status == 503)
        assert kept.get("/hit").rest() == b"hit"
    finally:
        flood.stop()
    levee.write(overload="loop_lag=10s")
    levee.signal("HUP")
    eventually(lambda: served(levee))
