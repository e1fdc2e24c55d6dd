"""Redis is slow, stopped, killed, emptied or reset in the middle of a surge: it only ever costs origin fetches."""
import time

import pytest
from harness import HOLD, eventually, numbered

BODY = numbered(100_000)


def stop(redis, network):
    redis.signal("STOP")


def kill(redis, network):
    redis.kill()


def empty(redis, network):
    redis.client.flushall()


def forget_scripts(redis, network):
    redis.client.script_flush()


def reset(redis, network):
    network.reset()


def slow(redis, network):
    network.latency = 0.2


def mend(redis, network, trouble):
    network.latency = 0
    if trouble is stop:
        redis.signal("CONT")
    if trouble is kill:
        redis.start()


@pytest.mark.parametrize("trouble", [stop, kill, empty, forget_scripts, reset, slow])
def test_a_surge_goes_on_without_redis(new_pop, redis_server, network, origin, trouble):
    pop = new_pop(f"{network.url} timeout=20ms", 3)
    origin.page("/hit", "hit", cache_control="max-age=600")
    assert all(node.get("/hit").rest() == b"hit" for node in pop)
    page = origin.page("/before", [BODY[:50_000], HOLD, BODY[50_000:]], cache_control="max-age=60", etag='"v1"', ranges=True)
    before = pop.crowd(20, "/before")
    for crowd in before:
        crowd.wait_started()
    trouble(redis_server, network)
    origin.page("/during", BODY, cache_control="max-age=60", etag='"v1"')
    during = pop.crowd(20, "/during")
    hits = [node.crowd(20, "/hit") for node in pop]
    everybody = [v for crowd in during for v in crowd.results()]
    assert all(v.status == 200 and v.body == BODY and not v.error for v in everybody)
    assert all(v.status == 200 and v.body == b"hit" for crowd in hits for v in crowd.results())
    page.release()
    assert all(v.status == 200 and v.body == BODY and not v.error for crowd in before for v in crowd.results())
    assert origin.hits("/during") <= 3 and origin.hits("/before") <= 3  # at most one a node and key
    if trouble is forget_scripts:
        assert origin.hits("/during") == origin.hits("/before") == 1, "scripts are said again"
    mend(redis_server, network, trouble)
    eventually(lambda: shared(pop, origin), what="the nodes are one cache again")


def shared(pop, origin):
    """Whether all nodes together fetch a key once."""
    path = f"/after{len(origin.pages)}"
    origin.page(path, "after", cache_control="max-age=60")
    assert all(node.get(path).rest() == b"after" for node in pop)
    return origin.hits(path) == 1


def test_a_miss_waits_for_a_silent_redis_no_longer_than_its_time_out(new_pop, redis_server, network, origin):
    pop = new_pop(f"{network.url} timeout=20ms", 1)
    for i in range(40):
        origin.page(f"/{i}", "x", cache_control="max-age=60")

    def took(i):
        began = time.monotonic()
        assert pop[0].get(f"/{i}").rest() == b"x"
        return time.monotonic() - began

    with_redis = sorted(took(i) for i in range(20))[10]
    redis_server.signal("STOP")
    without = sorted(took(i) for i in range(20, 40))
    redis_server.signal("CONT")
    assert without[10] < with_redis + 0.02  # the breaker is open: most do not wait at all
    assert without[-1] < with_redis + 1  # and nobody waits long, as far as a busy machine lets one say


def test_a_hit_never_asks_redis(new_pop, redis_server, origin):
    pop = new_pop(redis_server.url, 1)
    origin.page("/a", "body", cache_control="max-age=60")
    assert pop[0].get("/a").rest() == b"body"
    asked = pop[0].gauge("levee_pop_asked_total")
    assert all(v.body == b"body" for v in pop[0].crowd(50, "/a").results())
    assert pop[0].gauge("levee_pop_asked_total") == asked == 1


def test_all_workers_share_one_breaker(new_pop, redis_server, origin):
    """A silent Redis is found out once for the process: both workers ask it at the same time, and one breaker opens."""
    pop = new_pop(f"{redis_server.url} timeout=100ms", 1)
    for i in range(40):
        origin.page(f"/{i}", "x", cache_control="max-age=60")
    redis_server.signal("STOP")
    assert all(v.body == b"x" for v in pop[0].crowd(40, lambda i: f"/{i}").results())
    assert pop[0].gauge("levee_redis_breaker_openings_total") == 1
    assert pop[0].gauge("levee_redis_up") == 0
    redis_server.signal("CONT")
    log = (pop[0].directory / "error.log").read_text()
    assert log.count(f"Redis {redis_server.address}:{redis_server.port} is not asked for now") == 1
