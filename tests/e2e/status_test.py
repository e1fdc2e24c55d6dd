"""levee_status, levee_metrics and PURGE."""
import json

import pytest
from harness import eventually

STATUS = "location = /status { levee_status; } location = /metrics { levee_metrics; }"


def status_of(levee):
    return json.loads(levee.get("/status").rest())


@pytest.mark.conf(locations=STATUS)
def test_status_counts_what_happened(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    for _ in range(3):
        levee.get("/a").rest()
    assert levee.get("/status").headers["Cache-Control"] == "no-store"
    # A response is counted when it has been sent, which its client may see first.
    eventually(lambda: status_of(levee)["requests"]["cache"]["hit"] == 2)
    status = status_of(levee)
    assert status["requests"]["cache"]["miss"] == 1
    assert status["zones"]["main"]["entries"] == 1 and status["zones"]["main"]["bytes"] > 0
    assert status["bytes"]["fetched"] > len("body")
    assert status["origin"]["fetches"] == 1 and status["connections"]["active"] >= 1


@pytest.mark.conf(locations=STATUS)
def test_metrics_are_prometheus_text(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    levee.get("/a").rest()
    eventually(lambda: b'levee_responses_by_cache_total{cache="miss"} 1' in levee.get("/metrics").rest())
    lines = levee.get("/metrics").rest().decode().splitlines()
    assert 'levee_zone_entries{zone="main"} 1' in lines
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    for line in lines:
        assert line.startswith("# ") or float(line.rsplit(" ", 1)[1]) >= 0


@pytest.mark.conf(location="proxy_cache_purge $http_x_secret;")
def test_purge_forgets_what_is_stored(levee, origin):
    origin.page("/a", "old", cache_control="max-age=60")
    levee.get("/a").rest()
    assert levee.get("/a", "PURGE").status == 403
    assert levee.get("/a", "PURGE", headers={"X-Secret": "yes"}).status == 200
    assert levee.get("/a", "PURGE", headers={"X-Secret": "yes"}).status == 404
    origin.page("/a", "new", cache_control="max-age=60")
    assert levee.get("/a").rest() == b"new"
