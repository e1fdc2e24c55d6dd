"""Half of the servers swallow what is sent to them: one request a server pays for finding out, and nobody gets an error."""
import pytest
from harness import BlackHole, rests

METHODS = ["", "least_conn;", "random two least_conn;", "hash $uri;", "hash $uri consistent;", "ip_hash;"]
PASS = ("location /g/ { proxy_pass http://group/; proxy_connect_timeout 300ms; }"
        "location = /status { levee_status; } location = /metrics { levee_metrics; }")


@pytest.fixture
def holes():
    made = [BlackHole(), BlackHole()]
    yield made
    for hole in made:
        hole.stop()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.conf(start=False)
def test_nobody_gets_an_error(new_levee, new_origin, holes, method):
    wells = [new_origin(), new_origin()]
    for well in wells:
        for n in range(200):
            well.page(f"/{n}", "body", cache_control="no-store")
    servers = " ".join(f"server {one.address} max_fails=0;" for pair in zip(holes, wells) for one in pair)
    levee = new_levee(http=f"upstream group {{ {method} {servers} breaker backoff=60s max_backoff=60s;"
                           "retry_budget 100% min=100; concurrency 50; queue 500 timeout=5s; }", locations=PASS)
    crowd = levee.crowd(200, lambda i: f"/g/{i}").results()
    assert {v.status for v in crowd} == {200}
    rests(levee)
    metrics = levee.get("/metrics").rest().decode()
    for hole in holes:
        if f'levee_server_breaker_state{{upstream="group",server="{hole.address}"}} 1' in metrics:
            assert f'levee_server_breaker_openings_total{{upstream="group",server="{hole.address}"}} 1' in metrics
    assert all(levee.get(f"/g/{n}").rest() == b"body" for n in range(20))
