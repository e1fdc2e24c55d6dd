"""Invariant 5: the origin is never asked for more than it can carry."""
import pytest
from harness import eventually

GROUP = "upstream group { server @ORIGIN@; concurrency 4; queue %s; }"
PASS = "location /g/ { proxy_pass http://group/; proxy_cache main; %s }"


def gated(origin):
    """/0, /1 ...: each held until released."""
    return [origin.page(f"/{n}", "body", cache_control="max-age=60", hold_head=True) for n in range(40)]


@pytest.mark.conf(http=GROUP % "100 timeout=30s", locations=PASS % "")
def test_what_exceeds_the_limit_waits_its_turn(levee, origin):
    pages = gated(origin)
    crowd = levee.crowd(40, lambda i: f"/g/{i}")
    eventually(lambda: origin.hits() == 4)
    for done in range(40):
        waiting = [page for page in pages if page.held]
        assert len(waiting) <= 4
        waiting[0].release()
        pages.remove(waiting[0])
        eventually(lambda: sum(1 for page in pages if page.held) == min(4, 39 - done))
    assert all(v.body == b"body" for v in crowd.results())


@pytest.mark.conf(http=GROUP % "2 timeout=30s", locations=PASS % "")
def test_what_exceeds_the_queue_is_refused_at_once(levee, origin):
    pages = gated(origin)
    crowd = levee.crowd(40, lambda i: f"/g/{i}")
    eventually(lambda: sum(v.status == 503 for v in crowd.visitors) == 34)
    eventually(lambda: origin.hits() == 4)
    assert all("Retry-After" in v.headers for v in crowd.visitors if v.status == 503)
    for page in pages:
        page.release()
    assert sum(v.status == 200 for v in crowd.results()) == 6 and origin.hits() == 6


@pytest.mark.conf(http=GROUP % "100 timeout=200ms", locations=PASS % "")
def test_nobody_waits_longer_than_the_deadline(levee, origin):
    pages = gated(origin)
    crowd = levee.crowd(40, lambda i: f"/g/{i}")
    eventually(lambda: sum(v.status == 503 for v in crowd.visitors) == 36)
    eventually(lambda: origin.hits() == 4)
    for page in pages:
        page.release()
    assert sum(v.status == 200 for v in crowd.results()) == 4 and origin.hits() == 4


@pytest.mark.conf(http=GROUP % "100 timeout=30s", locations=PASS % "proxy_cache_use_stale error updating;"
                                                                          " proxy_cache_background_update on;")
def test_stale_goes_out_at_once(levee, origin):
    for n in range(40):
        origin.page(f"/{n}", f"old {n}", cache_control="max-age=0", etag='"v1"')
        assert levee.get(f"/g/{n}").rest() == b"old %d" % n
    before = origin.hits()
    pages = gated(origin)
    visitors = levee.crowd(40, lambda i: f"/g/{i}").results()
    assert all(v.body == b"old %d" % v.index for v in visitors)
    assert origin.hits() - before <= 4
    for page in pages:
        page.release()


@pytest.mark.conf(http=GROUP % "100 timeout=30s", locations=PASS % "proxy_cache_use_stale error;")
def test_who_would_refresh_it_gets_the_stale_copy_at_once_too(levee, origin):
    origin.page("/old", "old", cache_control="max-age=0", etag='"v1"')
    assert levee.get("/g/old").rest() == b"old"
    pages = gated(origin)
    crowd = levee.crowd(4, lambda i: f"/g/{i}")
    eventually(lambda: all(page.held for page in pages[:4]))
    stale = levee.get("/g/old")
    assert stale.rest() == b"old" and "detail=overloaded" in stale.headers["Cache-Status"]
    assert origin.hits("/old") == 1
    for page in pages:
        page.release()
    assert all(v.body == b"body" for v in crowd.results())
