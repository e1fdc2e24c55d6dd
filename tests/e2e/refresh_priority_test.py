"""A refresh of a playlist that viewers get stale meanwhile goes before what is not of the live edge: an old one stalls them all."""
import pytest
from harness import eventually

GROUP = "upstream group { server @ORIGIN@; concurrency 1; queue 100 timeout=30s; }"
PASS = ("location /g/ { proxy_pass http://group/; proxy_cache main; proxy_cache_use_stale updating; "
        "proxy_cache_background_update on; } location = /metrics { levee_metrics; }")


def queued(levee):
    lines = levee.get("/metrics").rest().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("levee_upstream_queued{"))


@pytest.mark.conf(http=GROUP, locations=PASS)
def test_a_playlists_refresh_goes_before_other_fetches(levee, origin):
    origin.page("/live.m3u8", "old", cache_control="max-age=0", etag='"v1"')
    assert levee.get("/g/live.m3u8").rest() == b"old"
    busy = origin.page("/busy", "x", cache_control="max-age=60", hold_head=True)
    others = [origin.page(f"/{n}", "x", cache_control="max-age=60", hold_head=True) for n in range(3)]
    first = levee.crowd(1, "/g/busy")
    eventually(lambda: busy.held == 1)
    rest = levee.crowd(3, lambda i: f"/g/{i}")
    eventually(lambda: queued(levee) == 3)
    assert levee.get("/g/live.m3u8").rest() == b"old"  # stale, at once
    eventually(lambda: queued(levee) == 4)
    origin.page("/live.m3u8", "new", cache_control="max-age=60")
    busy.release()
    eventually(lambda: levee.get("/g/live.m3u8").rest() == b"new", what="the playlist is refreshed")
    assert sum(page.held for page in others) <= 1  # its turn came first
    for page in others:
        page.release()
    assert all(v.status == 200 for v in first.results() + rest.results())
