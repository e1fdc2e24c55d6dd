"""What an adaptive limit learns from answers: time-outs, resets, 429 and 503 cut it, and nothing else does."""
import pytest
from harness import HOLD, RESET, eventually

pytestmark = pytest.mark.conf(
    http="upstream group { server @ORIGIN@; concurrency adaptive initial=20 max=40; breaker off; }",
    locations="location /g/ { proxy_pass http://group/; proxy_cache main; proxy_read_timeout 100ms; }"
              "location = /metrics { levee_metrics; }")


def limit(levee):
    lines = levee.get("/metrics").rest().decode().splitlines()
    return int(next(line.rsplit(" ", 1)[1] for line in lines if line.startswith('levee_upstream_limit{upstream="group"}')))


@pytest.mark.parametrize("trouble", [dict(raw=HOLD), dict(raw=RESET), dict(status=429), dict(status=503)], ids=str)
def test_a_failure_of_load_cuts_it(levee, origin, trouble):
    assert limit(levee) == 20
    for name in "abc":
        if "raw" in trouble:
            origin.raw(f"/{name}", trouble["raw"])
        else:
            origin.page(f"/{name}", "no", **trouble)
        assert levee.get(f"/g/{name}").status >= 429
    eventually(lambda: limit(levee) == 14)  # 20, 18, 16, 14


@pytest.mark.parametrize("status", [200, 404, 500])
def test_another_answer_does_not(levee, origin, status):
    for name in "abcdef":
        origin.page(f"/{name}", "it is so", status=status)
        assert levee.get(f"/g/{name}").status == status
    assert limit(levee) == 20
