"""A full queue through an operator's night: reloads, and clients who leave. All are answered, and in the end all is given back."""
import pytest
from harness import eventually, in_use, rests

STATUS = "location = /status { levee_status; }"
PASS = "location /g/ { proxy_pass http://group/; proxy_cache main; }" + STATUS
GROUP = "upstream group { server %s; breaker off; %s }"
FULL = "concurrency 4; queue 20 timeout=30s;"


def held(origin, count, cache_control="max-age=60"):
    return [origin.page(f"/{n}", "body", cache_control=cache_control, hold_head=True) for n in range(count)]


def queued(levee):
    return sum(value for name, value in in_use(levee).items() if name.startswith("levee_upstream_queued"))


def fill(levee, origin):
    """4 are fetched, 20 wait."""
    pages = held(origin, 40)
    crowd = levee.crowd(40, lambda i: f"/g/{i}")
    eventually(lambda: sum(v.status == 503 for v in crowd.visitors) == 16)
    eventually(lambda: queued(levee) == 20 and origin.hits() == 4)
    return pages, crowd


def release(pages):
    for page in pages:
        page.release()


@pytest.mark.parametrize("other, fetched", [("concurrency 2; queue 2 timeout=30s;", 4), ("concurrency 9; queue 0;", 9), ("", 24),
                                            ("concurrency adaptive initial=6 min=6 max=6; queue 50 timeout=30s;", 6)])
@pytest.mark.conf(http=GROUP % ("@ORIGIN@", FULL), locations=PASS)
def test_a_reload_changes_the_limit_and_loses_nobody(levee, origin, other, fetched):
    pages, crowd = fill(levee, origin)
    levee.reload(http=GROUP % (origin.address, other))
    eventually(lambda: origin.hits() == fetched)
    eventually(lambda: queued(levee) == 24 - fetched)
    release(pages)
    assert sum(v.status == 200 for v in crowd.results()) == 24
    rests(levee)


@pytest.mark.conf(http=GROUP % ("@ORIGIN@", FULL), locations=PASS)
def test_a_reload_that_drops_the_upstream_loses_nobody(levee, origin):
    pages, crowd = fill(levee, origin)
    levee.reload(http="", locations=STATUS)
    release(pages)
    assert sum(v.status == 200 for v in crowd.results()) == 24
    levee.reload(http=GROUP % (origin.address, FULL), locations=PASS)
    rests(levee)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("cache_control", ["max-age=60", "no-store"])
@pytest.mark.conf(http=GROUP % ("@ORIGIN@", "concurrency 4; queue 50 timeout=30s;"), locations=PASS)
def test_clients_who_leave_give_all_back(levee, origin, method, cache_control):
    pages = held(origin, 30, cache_control)
    crowd = levee.crowd(30, lambda i: f"/g/{i}", method=method)
    eventually(lambda: queued(levee) == 26)
    crowd.stop()
    if method == "POST":  # is nobody else's
        rests(levee)
    release(pages)
    rests(levee)
