"""All that is stored has expired at once: everybody is answered at once, and the origin gets what it carries."""
import threading
import time

import pytest
from harness import Answer, eventually

COUNT = 300
STALE = "location /g/ { proxy_pass http://group/; proxy_cache main; proxy_cache_use_stale error updating; }"


class Slots:
    """An origin that takes `service` seconds for each request, `count` at a time, first come first served."""

    def __init__(self, count, service):
        self._room, self._lock = threading.Semaphore(count), threading.Lock()
        self._service = service
        self.there = self.most = self.served = 0
        self.fresh = False

    def __call__(self, request):
        with self._lock:
            self.there += 1
            self.most = max(self.most, self.there)
        with self._room:
            time.sleep(self._service)
        with self._lock:
            self.there -= 1
            self.served += 1
        return Answer("new" if self.fresh else "old", cache_control=f"max-age={600 if self.fresh else 0}",
                      etag='"new"' if self.fresh else '"old"')


def expired(levee, origin, slots):
    for n in range(COUNT):
        origin.page(f"/{n}", slots)
    crowd = levee.crowd(COUNT, lambda i: f"/g/{i}").results()
    assert all(v.body == b"old" for v in crowd)
    slots.most = slots.served = 0
    slots.fresh = True


@pytest.mark.conf(http="upstream group { server @ORIGIN@; concurrency 8; queue 1000 timeout=20s; }", locations=STALE)
def test_a_storm_is_answered_with_what_there_is_and_refreshed_within_the_limit(levee, origin):
    slots = Slots(8, 0.005)
    expired(levee, origin, slots)
    crowd = levee.crowd(COUNT, lambda i: f"/g/{i}").results()
    assert all(v.status == 200 for v in crowd)
    eventually(lambda: slots.served == COUNT)
    assert slots.most <= 8
    assert all(levee.get(f"/g/{n}").rest() == b"new" for n in range(0, COUNT, 10))
    assert slots.served == COUNT  # each once


@pytest.mark.conf(http="upstream group { server @ORIGIN@; concurrency 2; queue 10 timeout=20s; }", locations=STALE)
def test_what_finds_no_room_is_stale_and_is_refreshed_later(levee, origin):
    slots, count = Slots(2, 0.002), 60
    for n in range(count):
        origin.page(f"/{n}", slots)
    for n in range(count):
        assert levee.get(f"/g/{n}").rest() == b"old"
    slots.most, slots.fresh = 0, True
    assert all(v.status == 200 for v in levee.crowd(count, lambda i: f"/g/{i}").results())
    eventually(lambda: all(v.body == b"new" for v in levee.crowd(count, lambda i: f"/g/{i}").results()))
    assert slots.most <= 2


@pytest.mark.conf(http="upstream group { server @ORIGIN@; concurrency adaptive initial=4 max=64; queue 1000 timeout=20s; }",
                  locations=STALE)
def test_an_adaptive_limit_refreshes_all_of_it_too(levee, origin):
    slots = Slots(8, 0.02)
    expired(levee, origin, slots)
    assert all(v.status == 200 for v in levee.crowd(COUNT, lambda i: f"/g/{i}").results())
    eventually(lambda: slots.served == COUNT)
    assert slots.most <= 64
