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
    leases = [key for key, node in cluster.keys().items() if not key.endswith((b":nodes", b":purges"))]
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
