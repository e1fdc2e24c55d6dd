"""The index in a Redis Cluster, or behind Sentinels."""
import pytest
from harness import HOLD, RedisCluster, RedisSentinel, eventually, numbered

BODY = numbered(200_000)


@pytest.fixture
def cluster(tmp_path):
    made = RedisCluster(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def sentinel(tmp_path):
    made = RedisSentinel(tmp_path)
    yield made
    made.stop()


def test_a_cluster_serves_as_one_server_and_a_slot_that_moves_loses_nothing(new_pop, cluster, origin):
    pop = new_pop(cluster.urls)
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


def test_a_fail_over_is_followed(new_pop, sentinel, origin):
    pop = new_pop(sentinel.urls, 3)
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
