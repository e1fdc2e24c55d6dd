"""What an adaptive limit learns from answers: time-outs, resets, 429 and 503 cut it, and nothing else does."""
import time

import pytest
from harness import Answer, HOLD, RESET, eventually

pytestmark = pytest.mark.conf(
    http="upstream group { server @ORIGIN@; concurrency adaptive initial=20 max=40; breaker off; }",
    locations="location /g/ { proxy_pass http://group/; proxy_cache main; proxy_read_timeout 100ms; }"
              "location = /metrics { levee_metrics; }")


def gauge(levee, name):
    lines = levee.get("/metrics").rest().decode().splitlines()
    return float(next(line.rsplit(" ", 1)[1] for line in lines if line.startswith(f'levee_upstream_{name}{{upstream="group"}}')))


def limit(levee):
    return gauge(levee, "limit")


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


@pytest.mark.parametrize("trouble", [dict(raw=RESET), dict(status=429), dict(status=503)], ids=str)
def test_one_resource_that_always_fails_does_not_take_the_others_with_it(levee, origin, trouble):
    if "raw" in trouble:
        origin.raw("/absent", trouble["raw"])
    else:
        origin.page("/absent", "no", **trouble)
    origin.page("/well", "it is so", cache_control="no-store")
    for _ in range(30):
        assert levee.get("/g/absent").status >= 429
        assert levee.get("/g/well").rest() == b"it is so"
    assert origin.hits("/absent") >= 30 and limit(levee) == 18  # more: a kept connection may have been closed


@pytest.mark.parametrize("path, status", [("/broken", 500), ("/held?_HLS_msn=7", 200)])
def test_errors_and_what_is_held_by_design_are_no_samples(levee, origin, path, status):
    def after_5_ms(status):
        def answer(_):
            time.sleep(0.005)  # is what is measured, not a wait
            return Answer("it is so", status=status, cache_control="no-store")
        return answer

    origin.page("/broken", after_5_ms(500))
    origin.page("/held", after_5_ms(200))
    origin.page("/well", after_5_ms(200))
    for _ in range(60):
        assert levee.get("/g" + path).status == status
    assert gauge(levee, "baseline_seconds") == 0
    eventually(lambda: levee.get("/g/well").rest() and gauge(levee, "baseline_seconds") >= 0.005)
