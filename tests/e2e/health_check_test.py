"""health_check: a sick server is left alone, and comes back when it is well; what is seen of it in the metrics."""
import pytest
from harness import eventually


@pytest.fixture
def other(new_origin):
    return new_origin()


def start(new_levee, origin, other, check):
    return new_levee(values={"OTHER": other.address},
                     http=f"upstream both {{ server {origin.address}; server {other.address}; }}"
                          "match ok { status 200; header X-Well = yes; }",
                     locations="location /b/ { proxy_pass http://both/; health_check %s; }"
                               "location = /metrics { levee_metrics; }" % check)


def test_a_sick_server_gets_no_requests_until_it_is_well(new_levee, origin, other):
    for one in (origin, other):
        one.page("/health", "ok")
        one.page("/a", "a", cache_control="no-store")
    levee = start(new_levee, origin, other, "interval=50ms uri=/health fails=2 passes=2")
    eventually(lambda: other.hits("/health") > 2)
    other.page("/health", "not so", status=500)
    eventually(lambda: f'levee_server_up{{upstream="both",server="{other.address}"}} 0' in metrics(levee))
    before = other.hits("/a")
    assert all(levee.get("/b/a").rest() == b"a" for _ in range(10))
    assert other.hits("/a") == before
    other.page("/health", "ok")
    eventually(lambda: levee.get("/b/a").rest() == b"a" and other.hits("/a") > before)


def test_a_match_says_what_is_well(new_levee, origin, other):
    origin.page("/", "here", headers={"X-Well": "yes"})
    other.page("/", "here", headers={"X-Well": "no"})
    levee = start(new_levee, origin, other, "interval=50ms match=ok")
    eventually(lambda: f'levee_server_up{{upstream="both",server="{other.address}"}} 0' in metrics(levee))
    assert f'levee_server_up{{upstream="both",server="{origin.address}"}} 1' in metrics(levee)


def metrics(levee):
    return levee.get("/metrics").rest().decode()
