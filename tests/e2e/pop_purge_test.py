"""A purge at one node of a PoP reaches all, whatever Redis and the network between do."""
import json

import pytest
from harness import HOLD, eventually, numbered

PURGE = "proxy_cache_purge $http_x_may;"


@pytest.fixture
def pop(new_pop, redis_server):
    return new_pop(redis_server.url, nodes=2, location=PURGE)


def fill(pop, origin, body="old"):
    origin.page("/a", body, cache_control="max-age=600", headers={"Cache-Tag": "t"})
    for node in pop:
        assert node.get("/a").rest() == body.encode()


def purge(node, target, **headers):
    fields = {"X-May": "1", **{name.replace("_", "-"): value for name, value in headers.items()}}
    response = node.get(target, "PURGE", headers=fields)
    return response.status, json.loads(response.rest())["pop"]


def serves(node, body):
    eventually(lambda: node.get("/a").rest() == body.encode(), what=f"{node.name} serves {body}")


@pytest.mark.parametrize("target, headers", [("/a", {}), ("/", {"Cache_Tag": "t"}), ("/*", {}), ("/a", {"Soft_Purge": "1"})])
def test_it_reaches_the_others_and_nothing_old_comes_back_from_them(pop, origin, target, headers):
    fill(pop, origin)
    assert origin.hits("/a") == 1
    origin.page("/a", "new", cache_control="max-age=600")
    assert purge(pop[0], target, **headers) == (200, "delivered")
    assert pop[0].get("/a").rest() == b"new"
    serves(pop[1], "new")


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("target, headers", [("/a", {}), ("/", {"Cache_Tag": "t"})], ids=["key", "tag"])
def test_who_reads_what_is_purged_on_its_way_gets_the_whole(new_pop, redis_server, origin, at, target, headers):
    """However long its origin is silent, and whatever the index says of the key meanwhile."""
    pop = new_pop(redis_server.url, 3, http="peer_timeout 100ms;", location=PURGE)
    old, other = numbered(100_000), numbered(1000, seed=3)
    page = origin.page("/a", [old[:50_000], HOLD, old[50_000:]], cache_control="max-age=60", etag='"v1"', ranges=True,
                       headers={"Cache-Tag": "t"})
    origin.page("/b", ["b", HOLD, "b"], cache_control="max-age=60")
    readers = []
    for node in pop:  # the first leads
        readers.append((node.get("/a"), node.get("/b")))
        assert readers[-1][0].read(50_000) == old[:50_000] and readers[-1][1].read(1) == b"b"
    origin.page("/a", other, cache_control="max-age=60", etag='"v2"', headers={"Cache-Tag": "t"})
    assert purge(pop[at], target, **headers) == (200, "delivered")
    eventually(lambda: sum(node.gauge("levee_pop_purges_applied_total") for node in pop) == 2, what="all have heard of it")
    assert all(node.get("/a").rest() == other for node in pop)
    for node in list(pop)[1:]:  # each silence is asked about once a peer_timeout; of /b alone there is something to ask
        asked = node.gauge("levee_pop_asked_total")
        eventually(lambda node=node, asked=asked: node.gauge("levee_pop_asked_total") >= asked + 5, what="time passes")
    page.release()
    assert all(reader.rest() == old[50_000:] for reader, _ in readers)
    assert all(node.get("/a").rest() == other for node in pop)


def test_a_node_that_was_disconnected_applies_what_it_missed(new_pop, redis_server, network, origin):
    pop = new_pop(redis_server.url, nodes=1, location=PURGE)
    pop.index = f"{network.url} timeout=2s"  # of the second alone
    pop.join()
    pop.wait_together()
    fill(pop, origin)
    network.pull()
    origin.page("/a", "new", cache_control="max-age=600")
    assert purge(pop[0], "/", Cache_Tag="t") == (200, "delivered")
    assert pop[0].get("/a").rest() == b"new"
    assert pop[1].get("/a").rest() == b"old", "it cannot know"
    network.plug_in()
    serves(pop[1], "new")
    assert pop[1].gauge("levee_pop_purges_applied_total") == 1
    eventually(lambda: pop[1].gauge("levee_pop_purge_lag_seconds") < 2, what="it is up to date")


def test_while_redis_is_away_it_is_done_here_and_delivered_later(pop, redis_server, origin):
    fill(pop, origin)
    redis_server.kill()
    eventually(lambda: purge(pop[0], "/nothing") == (202, "waiting"), what="Redis is known to be away")
    origin.page("/a", "new", cache_control="max-age=600")
    assert purge(pop[0], "/a") == (202, "waiting")
    assert pop[0].gauge("levee_pop_purges_waiting") >= 2
    assert pop[0].get("/a").rest() == b"new"
    assert pop[1].get("/a").rest() == b"old"
    redis_server.start()
    serves(pop[1], "new")


def test_a_flushed_redis_loses_no_purge_and_makes_nothing_stale(pop, redis_server, origin):
    fill(pop, origin)
    redis_server.client.flushall()
    origin.page("/a", "new", cache_control="max-age=600")
    assert purge(pop[0], "/*") == (200, "delivered")
    serves(pop[1], "new")
    eventually(lambda: pop[1].status()["zones"]["main"]["purged"] == 1)


def test_who_may_not_purges_nothing_anywhere(pop, origin):
    fill(pop, origin)
    assert pop[0].get("/a", "PURGE").status == 403
    assert pop[0].get("/*", "PURGE").status == 403
    assert all(node.get("/a").rest() == b"old" for node in pop)
    assert origin.hits("/a") == 1


def test_a_peer_that_is_behind_in_purges_gives_nothing(pop, origin):
    fill(pop, origin)
    key = f"http{origin.address}/a"
    assert pop[0].ask_as_peer("main", key).rest() == b"old"
    assert pop[0].ask_as_peer("main", key, headers=[("Levee-Purges", "1.1 99999999999999-0")]).status == 404
    assert pop[0].ask_as_peer("main", key, secret="no").status == 403


@pytest.mark.parametrize("target, headers", [("/mine", {}), ("/mi*", {}), ("/mine", {"Soft_Purge": "1"})])
@pytest.mark.parametrize("vary", [{}, {"Vary": "Accept-Language"}], ids=["plain", "varying"])
def test_that_it_was_uncacheable_is_forgotten_too(pop, origin, target, headers, vary):
    if vary:  # a variant that is shared, so that the others have keys of their own
        origin.page("/mine", "all", cache_control="max-age=600", headers=vary)
        assert pop[0].get("/mine", headers={"Accept-Language": "de"}).rest() == b"all"
    origin.page("/mine", "private", cache_control="private", headers=vary)
    for node in pop:
        assert node.get("/mine").rest() == b"private"
    origin.page("/mine", "public", cache_control="max-age=600", headers=vary)
    hits = origin.hits("/mine")
    assert purge(pop[0], target, **headers) == (200, "delivered")
    assert pop[0].get("/mine").rest() == b"public"
    assert pop[0].get("/mine").rest() == b"public" and origin.hits("/mine") == hits + 1
    eventually(lambda: pop[1].gauge("levee_pop_purges_applied_total") == 1, what="it has reached the other")
    for _ in range(2):
        assert pop[1].get("/mine").rest() == b"public"
    assert origin.hits("/mine") <= hits + 2  # one more if the first has not read yet that its own purge is said


def test_that_another_is_uncacheable_is_not_forgotten(pop, origin):
    origin.page("/mine", "private", cache_control="private")
    assert pop[0].get("/mine").rest() == b"private"
    assert purge(pop[0], "/other") == (200, "delivered")
    assert pop[1].get("/mine").rest() == b"private"
    assert pop[1].gauge("levee_pop_uncacheable_total") == 1


def test_an_order_that_nobody_here_understands_makes_all_stale(pop, redis_server, origin):
    fill(pop, origin)
    redis = redis_server.client
    epoch = redis.xrange("levee:purges", count=1)[0][1][b"e"]
    redis.xadd("levee:purges", {"e": epoch, "i": "later-1", "o": "moonphase\nhard\nmain\nfull"})
    origin.page("/a", "new", cache_control="max-age=600")
    for node in pop:
        serves(node, "new")
