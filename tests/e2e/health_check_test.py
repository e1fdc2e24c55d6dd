"""health_check: a sick server is left alone, and comes back when it is well; what is seen of it in the metrics."""
import pytest
from harness import Answer, Dribble, eventually


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


@pytest.mark.parametrize("status, well", [(200, "no"), (204, "yes")])
def test_a_match_says_what_is_well(new_levee, origin, other, status, well):
    origin.page("/", "here", headers={"X-Well": "yes"})
    other.page("/", "here" if status == 200 else "", status=status, headers={"X-Well": well})
    levee = start(new_levee, origin, other, "interval=50ms match=ok")
    eventually(lambda: f'levee_server_up{{upstream="both",server="{other.address}"}} 0' in metrics(levee))
    assert f'levee_server_up{{upstream="both",server="{origin.address}"}} 1' in metrics(levee)


def test_one_check_in_between_changes_nothing(new_levee, origin, other):
    def turns(_):
        return Answer("so or so", status=200 if other.hits("/health") % 2 else 500)

    origin.page("/health", "ok")
    other.page("/health", turns)
    levee = start(new_levee, origin, other, "interval=200ms uri=/health fails=2 passes=2")
    eventually(lambda: other.hits("/health") > 5)
    assert "is sick" not in levee.error_log()
    other.page("/health", "not so", status=500)
    eventually(lambda: f"{other.address} of upstream both is sick" in levee.error_log())
    other.page("/health", turns)
    before = other.hits("/health")
    eventually(lambda: other.hits("/health") > before + 5)
    assert "is well again" not in levee.error_log()
    other.page("/health", "ok")
    eventually(lambda: "is well again" in levee.error_log())


def test_who_answers_a_byte_at_a_time_is_sick(new_levee, origin):
    origin.page("/", "here")
    other = Dribble([b"HTTP/1.1 200 OK\r\nX: "] + [b"x"] * 1000, 0.05)
    levee = start(new_levee, origin, other, "interval=300ms")
    eventually(lambda: f'levee_server_up{{upstream="both",server="{other.address}"}} 0' in metrics(levee))
    assert f'levee_server_up{{upstream="both",server="{origin.address}"}} 1' in metrics(levee)
    other.stop()


def test_interim_responses_are_no_answers(new_levee, origin, other):
    origin.page("/", "here", interim=[(103, [("Link", "</a>")])] * 2)
    other.page("/", "gone", interim=[(103, [("Link", "</a>")])] * 2, status=500)
    levee = start(new_levee, origin, other, "interval=50ms")
    eventually(lambda: f'levee_server_up{{upstream="both",server="{other.address}"}} 0' in metrics(levee))
    before = origin.hits("/")
    eventually(lambda: origin.hits("/") > before + 3)
    assert f'levee_server_up{{upstream="both",server="{origin.address}"}} 1' in metrics(levee)
    assert f"{origin.address} of upstream both is sick" not in levee.error_log()


def test_nobody_queues_for_a_server_that_is_sick(new_levee, origin):
    origin.page("/health", "ok")
    held = origin.page("/held", "held", hold_head=True)
    levee = new_levee(http=f"upstream one {{ server {origin.address}; concurrency 1; queue 10 timeout=30s; }}",
                      locations="location /b/ { proxy_pass http://one/; health_check interval=100ms fails=1 uri=/health; }"
                                "location = /metrics { levee_metrics; }")
    crowd = levee.crowd(1, "/b/held")
    eventually(lambda: held.held == 1)
    origin.page("/health", "not so", status=500)
    eventually(lambda: f'levee_server_up{{upstream="one",server="{origin.address}"}} 0' in metrics(levee))
    assert levee.get("/b/a").status == 502
    held.release()
    crowd.results()


def metrics(levee):
    return levee.get("/metrics").rest().decode()
