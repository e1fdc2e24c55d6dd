"""An origin that hangs, resets, refuses or is away: one pays for finding out, the others get what there is at once."""
import time

import pytest
from harness import HOLD, RESET, eventually

REST = "breaker failures=5 backoff=60s max_backoff=60s;"  # open means open for the rest of the test
SOON = "breaker failures=5 backoff=50ms max_backoff=100ms;"
PASS = ("location /g/ { proxy_pass http://group/; proxy_cache main; proxy_read_timeout %s; %s }"
        "location /slow/ { proxy_pass http://group/; proxy_cache main; proxy_read_timeout %s; %s }")
STALE = "proxy_cache_use_stale error timeout http_503;"


def conf(breaker, quick="300ms", slow="60s", more=STALE):
    return pytest.mark.conf(http="upstream group { server @ORIGIN@; %s }" % breaker, locations=PASS % (quick, more, slow, more))


def expire(levee, origin, names):
    for name in names:
        origin.page(f"/{name}", "old", cache_control="max-age=0", etag='"old"')
        assert levee.get(f"/g/{name}").rest() == b"old"
        assert levee.get(f"/slow/{name}").rest() == b"old"


def stale(levee, path):
    response = levee.get(path)
    return (response.status, response.rest()) == (200, b"old") and "hit" in response.headers["Cache-Status"]


@conf(REST)
def test_one_resource_that_hangs_is_left_alone_and_does_not_condemn_a_server_that_nobody_else_asks(levee, origin):
    expire(levee, origin, "a")
    origin.raw("/a", HOLD)
    origin.page("/well", "well", cache_control="no-store")
    assert stale(levee, "/g/a")
    before, began = origin.hits(), time.monotonic()
    assert all(stale(levee, f"/{where}/a") for where in ("g", "slow", "g"))
    assert origin.hits() == before and time.monotonic() - began < 0.3  # it costs nobody a time-out again
    assert levee.get("/g/well").rest() == b"well"


@conf(SOON)
def test_nobody_with_a_stale_copy_waits_for_a_resource_that_hung_and_its_return_is_seen(levee, origin):
    expire(levee, origin, "a")
    origin.raw("/a", HOLD)
    assert stale(levee, "/g/a")
    before = origin.hits()
    eventually(lambda: stale(levee, "/slow/a") and origin.hits() > before)  # the trial hangs for a minute
    assert stale(levee, "/slow/a")
    origin.page("/a", "new", cache_control="max-age=60")
    eventually(lambda: levee.get("/g/a").rest() == b"new", within=3)


@conf(REST)
def test_two_time_outs_are_enough_when_nobody_is_answered(levee, origin):
    expire(levee, origin, "abc")
    for name in "abc":
        origin.raw(f"/{name}", HOLD)
    assert stale(levee, "/g/a") and stale(levee, "/g/b")
    before = origin.hits()
    for _ in range(5):
        assert all(stale(levee, f"/{where}/{name}") for name in "abc" for where in ("g", "slow"))
    assert origin.hits() == before
    response = levee.get("/g/unknown")
    assert response.status == 502 and 1 <= int(response.headers["Retry-After"]) <= 60
    assert origin.hits() == before


@conf(REST, quick="1500ms", slow="2900ms")
def test_who_waits_for_a_server_that_turns_out_to_be_away_waits_no_longer(levee, origin):
    expire(levee, origin, "ab")
    for name in "ab":
        origin.raw(f"/{name}", HOLD)
    before, began = origin.hits(), time.monotonic()
    waiting = levee.get("/slow/a")
    eventually(lambda: origin.hits() == before + 1)
    assert stale(levee, "/g/b")
    assert waiting.rest() == b"old"
    assert time.monotonic() - began < 2.7


@conf(REST, quick="300ms", slow="60s")
def test_who_may_wait_much_longer_goes_on(levee, origin):
    expire(levee, origin, "ab")
    held = origin.page("/a", "new", hold_head=True, cache_control="max-age=60")
    origin.raw("/b", HOLD)
    waiting = levee.get("/slow/a")
    eventually(lambda: held.held == 1)
    assert stale(levee, "/g/b")
    held.release()
    assert waiting.rest() == b"new"


@conf(REST)
def test_a_resource_that_hangs_does_not_condemn_a_server_that_answers(levee, origin):
    expire(levee, origin, "a")
    origin.raw("/a", HOLD)
    origin.page("/well", "well", cache_control="no-store")
    hanging = [levee.get("/g/a") for _ in range(3)]
    ended = []
    while not ended:  # there are answers all the time
        assert levee.get("/g/well").rest() == b"well"
        hanging[0].connection.socket.settimeout(0.01)
        try:
            ended = [hanging[0].status]
        except TimeoutError:
            pass
    assert levee.get("/g/well").rest() == b"well"


@pytest.mark.parametrize("trouble", [dict(raw=(RESET,)), dict(status=503)])
@conf(REST)
def test_trouble_with_many_resources_in_a_row_is_the_servers(levee, origin, trouble):
    expire(levee, origin, "abcdefgh")
    for name in "abcdefgh":
        if "raw" in trouble:
            origin.raw(f"/{name}", *trouble["raw"])
        else:
            origin.page(f"/{name}", "no", **trouble)
    def is_left_alone():
        before = origin.hits()
        assert all(stale(levee, f"/g/{name}") for name in "abcdefgh")
        return origin.hits() == before

    eventually(is_left_alone)  # after half a second without a good answer


@conf(REST)
def test_who_says_when_to_come_back_is_left_alone_at_once(levee, origin):
    expire(levee, origin, "abcdefgh")
    for name in "abcdefgh":
        origin.page(f"/{name}", "no", status=503, headers={"Retry-After": "60"})
    before = origin.hits()
    assert all(stale(levee, f"/g/{name}") for name in "abcdefgh")
    assert before + 5 <= origin.hits() <= before + 7  # a connection that was idle may have been closed, and is tried again


@conf(REST)
def test_errors_in_one_burst_with_good_answers_are_answers(levee, origin):
    expire(levee, origin, "abcdefgh")
    for name in "abcdefgh":
        origin.page(f"/{name}", "no", status=503)
    origin.page("/well", "well", cache_control="no-store")
    for name in "abcdefgh":
        assert stale(levee, f"/g/{name}")
        assert levee.get("/g/well").rest() == b"well"


@conf(REST)
def test_trouble_with_one_resource_is_its_own(levee, origin):
    expire(levee, origin, "a")
    origin.raw("/a", RESET)
    assert all(stale(levee, "/g/a") for _ in range(20))
    origin.page("/b", "well")
    assert levee.get("/g/b").rest() == b"well"


@conf(SOON, more=STALE + "proxy_cache_lock_timeout 60s;")
def test_nobody_with_a_stale_copy_waits_for_a_trial_and_the_origins_return_is_seen(levee, origin):
    expire(levee, origin, "abcd")
    for name in "abcd":
        origin.raw(f"/{name}", HOLD)
    assert stale(levee, "/g/a") and stale(levee, "/g/b")
    for name in "cd":  # a trial each, which hangs for a minute
        before = origin.hits()
        eventually(lambda: stale(levee, f"/slow/{name}") and origin.hits() > before)
        assert stale(levee, f"/slow/{name}")
    for name in "abcd":
        origin.page(f"/{name}", "new", cache_control="max-age=60")
    eventually(lambda: levee.get("/g/a").rest() == b"new", within=3)
    for name in "cd":  # their trials are made again
        eventually(lambda: levee.get(f"/slow/{name}").rest() == b"new", within=3)


@conf(SOON)
def test_an_origin_that_comes_and_goes_never_makes_levee_refuse_what_it_has(levee, origin):
    expire(levee, origin, "abcd")
    for _ in range(4):
        origin.stop()
        for _ in range(20):
            assert all(stale(levee, f"/g/{name}") for name in "abcd")
        origin.start()
        reached = origin.hits()
        eventually(lambda: stale_or_old(levee) and origin.hits() > reached, within=3)


def stale_or_old(levee):
    return all(levee.get(f"/g/{name}").rest() == b"old" for name in "abcd")


@pytest.mark.conf(http="upstream group { server @ORIGIN@; %s }" % REST,
                  locations=PASS % ("60s", STALE, "60s", STALE) + "location = /metrics { levee_metrics; }")
def test_while_no_server_is_up_there_is_no_connect_attempt_a_request(levee, origin):
    fetches = f'levee_server_fetches_total{{upstream="group",server="{origin.address}"}} '
    expire(levee, origin, "abcd")
    origin.stop()

    def attempts():
        text = levee.get("/metrics").rest().decode()
        return int(next(line for line in text.splitlines() if line.startswith(fetches)).removeprefix(fetches))

    before = attempts()
    for _ in range(20):
        assert all(stale(levee, f"/g/{name}") for name in "abcd")
    assert attempts() - before == 5
    assert f'levee_server_breaker_state{{upstream="group",server="{origin.address}"}} 1' in levee.get("/metrics").rest().decode()
