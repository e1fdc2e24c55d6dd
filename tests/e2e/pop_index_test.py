"""What stands in the index is true: claims are withdrawn, and made again when Redis has lost them."""
import pytest
from harness import eventually


@pytest.fixture
def pop(new_pop, redis_server):
    return new_pop(redis_server.url, nodes=2, location="proxy_cache_purge on;")


def claims(redis_server):
    """The nodes of each claim."""
    return list(redis_server.claims().values())


def fill(pop, origin):
    origin.page("/a", "body", cache_control="max-age=600", etag='"v1"')
    for node in pop:
        assert node.get("/a").rest() == b"body"
    assert origin.hits("/a") == 1


def test_what_is_purged_is_withdrawn(pop, redis_server, origin):
    fill(pop, origin)
    eventually(lambda: [len(nodes) for nodes in claims(redis_server)] == [2])
    assert pop[0].get("/a", "PURGE").status == 200
    eventually(lambda: claims(redis_server) == [])


def test_what_one_node_forgets_the_other_still_has(pop, redis_server, origin):
    fill(pop, origin)
    eventually(lambda: [len(nodes) for nodes in claims(redis_server)] == [2])
    pop[0].get("/a", "POST", body=b"x").rest()  # forgets it there
    eventually(lambda: [len(nodes) for nodes in claims(redis_server)] == [1])
    assert claims(redis_server)[0][0].startswith(pop[1].host.encode())
    assert pop[0].get("/a").rest() == b"body"
    assert origin.hits("/a") == 2  # the POST is one of them


def test_after_redis_lost_all_a_hit_says_it_again(pop, redis_server, origin):
    origin.page("/a", "body", cache_control="max-age=600", etag='"v1"')
    assert pop[0].get("/a").rest() == b"body"
    eventually(lambda: len(claims(redis_server)) == 1)
    redis_server.client.flushall()
    assert claims(redis_server) == []

    def said_again():
        assert pop[0].get("/a").rest() == b"body"
        return len(claims(redis_server)) == 1

    eventually(said_again, what="a claim after a hit")
    assert pop[1].get("/a").rest() == b"body"
    assert origin.hits("/a") == 1


def test_what_is_here_again_is_not_withdrawn(pop, redis_server, origin):
    for path in ("/b", "/a"):
        origin.page(path, "body", cache_control="max-age=600", etag='"v1"')
    assert pop[0].get("/b").rest() == b"body"
    eventually(lambda: len(claims(redis_server)) == 1)
    other = next(iter(redis_server.claims()))
    assert pop[0].get("/a").rest() == b"body"
    eventually(lambda: len(claims(redis_server)) == 2)
    assert pop[0].get("/a", "PURGE").status == 200
    assert pop[0].get("/a").rest() == b"body"  # before its withdrawal is due
    assert pop[0].get("/b", "PURGE").status == 200
    eventually(lambda: other not in redis_server.claims(), what="withdrawn, after the one before it")
    assert len(claims(redis_server)) == 1
