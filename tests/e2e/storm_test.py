"""All that is stored has expired at once: everybody is answered at once, and the origin gets what it carries."""
import pytest
from harness import Slots, eventually

COUNT = 300
STALE = "location /g/ { proxy_pass http://group/; proxy_cache main; proxy_cache_use_stale error updating; }"


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
