"""Slow readers of private responses keep the slots that the origin is engaged with, and no more than their share of them."""
import pytest
from harness import eventually

SIZE = 24 * 1024 * 1024  # more than sockets and windows hold


@pytest.mark.conf(http="upstream group { server @ORIGIN@; concurrency 2; queue 10 timeout=30s; }",
                  locations="location /g/ { proxy_pass http://group/; proxy_cache main; }"
                            "location = /metrics { levee_metrics; }")
def test_the_origin_is_not_asked_for_more_and_who_waits_gets_a_turn(levee, origin):
    for n in range(2):
        origin.page(f"/{n}", b"x" * SIZE, cache_control="no-store")
    origin.page("/more", "more", cache_control="no-store")
    slow = [levee.get(f"/g/{n}", rcvbuf=4096) for n in range(2)]
    assert all(response.read(1) == b"x" for response in slow)
    metrics = lambda: levee.get("/metrics").rest().decode()
    eventually(lambda: 'levee_upstream_idle{upstream="group"} 2' in metrics())
    more = levee.get("/g/more")
    eventually(lambda: 'levee_upstream_queued{upstream="group",class="other"} 1' in metrics())
    assert origin.hits("/more") == 0 and 'levee_upstream_in_flight{upstream="group"} 2' in metrics()
    assert more.rest() == b"more"  # one of the two had to go, and the other goes on
    lengths = []
    for response in slow:
        try:
            lengths.append(len(response.rest()) + 1)
        except Exception:
            lengths.append(0)
    assert sorted(lengths) == [0, SIZE]
