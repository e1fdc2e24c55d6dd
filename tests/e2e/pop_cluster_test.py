"""The index in a Redis Cluster, or behind Sentinels."""
import json

import pytest
from harness import HOLD, RedisCluster, RedisSentinel, eventually, numbered

BODY = numbered(200_000)


@pytest.fixture
def cluster(running):
    return running(RedisCluster)


@pytest.fixture
def sentinel(running):
    return running(RedisSentinel)


def purge(node, target):
    response = node.get(target, "PURGE")
    return response.status, json.loads(response.rest())["pop"]


def purged_everywhere(pop, origin):
    """All serve something; after a purge at the first all serve what is new."""
    origin.page("/old", "old", cache_control="max-age=600")
    assert all(node.get("/old").rest() == b"old" for node in pop)
    origin.page("/old", "new", cache_control="max-age=600")
    assert purge(pop[0], "/old") == (200, "delivered")
    for node in pop:
        eventually(lambda node=node: node.get("/old").rest() == b"new", what=f"{node.name} serves the new")


def test_a_cluster_serves_as_one_server_and_a_slot_that_moves_loses_nothing(new_pop, cluster, origin):
    pop = new_pop(cluster.urls, location="proxy_cache_purge on;")
    page = origin.page("/a", [BODY[:50_000], HOLD, BODY[50_000:]], cache_control="max-age=60", etag='"v1"')
    crowds = pop.crowd(40, "/a")
    for crowd in crowds:
        crowd.wait_started()
    assert origin.hits("/a") == 1
    leases = [key for key in cluster.keys() if not key.startswith((b"levee:nodes", b"levee:purges", b"levee:mark"))]
    assert len(leases) == 1
    cluster.move(leases[0])
    page.release()
    assert all(v.body == BODY and not v.error for crowd in crowds for v in crowd.results())
    origin.page("/b", "b", cache_control="max-age=60")
    assert pop[0].get("/b").rest() == b"b"
    for key in cluster.keys():
        cluster.move(key)
    assert all(node.get("/b").rest() == b"b" for node in pop)
    assert all(node.get("/a").rest() == BODY for node in pop)
    assert origin.hits("/a") == 1 and origin.hits("/b") == 1
    purged_everywhere(pop, origin)  # the slot of the stream has moved too


@pytest.mark.parametrize("holds_the_stream", [True, False])
def test_what_one_master_has_lost_is_said_again_on_hits(new_pop, cluster, origin, holds_the_stream):
    pop = new_pop(cluster.urls, 2)
    targets = [f"/{i}" for i in range(30)]
    for target in targets:
        origin.page(target, "body", cache_control="max-age=600")
        assert pop[0].get(target).rest() == b"body"

    def claims(master):
        return [key for node in ([master] if master else cluster.nodes) for key in node.claims()]

    eventually(lambda: len(claims(None)) == 30, what="all is known to the index")
    eventually(lambda: all(node.client.keys("levee:mark*") for node in cluster.nodes), what="each master is marked")
    stream = cluster.keys()[b"levee:purges"]
    emptied = next(node for node in cluster.nodes if (node is stream) == holds_the_stream)
    had = len(claims(emptied))
    assert 0 < had < 30
    emptied.client.flushall()
    eventually(lambda: emptied.client.keys("levee:mark*"), what="the nodes have seen it")

    def said_again():
        assert all(pop[0].get(target).rest() == b"body" for target in targets)
        return len(claims(emptied)) == had

    eventually(said_again, what="what was lost is known again")
    assert all(pop[1].get(target).rest() == b"body" for target in targets)
    assert all(origin.hits(target) == 1 for target in targets)


def test_a_fail_over_is_followed(new_pop, sentinel, origin):
    pop = new_pop(sentinel.urls, 3, location="proxy_cache_purge on;")
    page = origin.page("/a", [BODY[:50_000], HOLD, BODY[50_000:]], cache_control="max-age=60", etag='"v1"', ranges=True)
    crowds = pop.crowd(20, "/a")
    for crowd in crowds:
        crowd.wait_started()
    assert origin.hits("/a") == 1
    sentinel.fail_over()
    page.release()
    assert all(v.body == BODY and not v.error for crowd in crowds for v in crowd.results())
    assert origin.hits("/a") <= 3
    eventually(lambda: sentinel.replica.client.hlen("levee:nodes") == 3, what="the nodes beat at the new master")
    origin.page("/b", "b", cache_control="max-age=60")
    assert all(node.get("/b").rest() == b"b" for node in pop)
    assert origin.hits("/b") == 1
    purged_everywhere(pop, origin)


def test_a_purge_that_waits_for_a_fail_over_is_delivered(new_pop, sentinel, origin):
    pop = new_pop(sentinel.urls, 2, location="proxy_cache_purge on;")
    origin.page("/a", "old", cache_control="max-age=600")
    assert all(node.get("/a").rest() == b"old" for node in pop)
    sentinel.master.kill()
    eventually(lambda: purge(pop[0], "/nothing") == (202, "waiting"), what="the master is known to be away")
    origin.page("/a", "new", cache_control="max-age=600")
    assert purge(pop[0], "/a") == (202, "waiting")
    assert pop[1].get("/a").rest() == b"old"
    sentinel.fail_over()
    eventually(lambda: pop[1].get("/a").rest() == b"new", what="the other has heard of it")
