"""What stands in the index is true: claims are withdrawn, and made again when Redis has lost them."""
import pytest
from harness import HOLD, eventually, numbered


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


def said_again(pop, redis_server):
    """Whether a claim stands there after a hit."""
    assert pop[0].get("/a").rest() == b"body"
    return len(claims(redis_server)) == 1


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_after_redis_lost_all_a_hit_says_it_again(pop, redis_server, origin, framing):
    origin.page("/a", "body", cache_control="max-age=600", etag='"v1"', framing=framing)
    assert pop[0].get("/a").rest() == b"body"
    eventually(lambda: len(claims(redis_server)) == 1)
    redis_server.client.flushall()
    assert claims(redis_server) == []
    eventually(lambda: said_again(pop, redis_server), what="a claim after a hit")
    assert pop[1].get("/a").rest() == b"body"
    assert origin.hits("/a") == 1
    redis_server.client.flushall()
    eventually(lambda: said_again(pop, redis_server), what="and again")


def test_what_could_not_be_said_is_said_on_a_hit(new_pop, redis_server, network, origin):
    pop = new_pop(network.url, 2)
    network.pull()
    eventually(lambda: all(node.gauge("levee_redis_up") == 0 for node in pop), what="Redis is known to be away")
    origin.page("/a", "body", cache_control="max-age=600", etag='"v1"')
    assert pop[0].get("/a").rest() == b"body"
    network.plug_in()  # nothing is lost there
    eventually(lambda: said_again(pop, redis_server), what="a claim after a hit")
    eventually(lambda: pop[1].gauge("levee_redis_up") == 1, what="Redis is back for the other too")
    assert pop[1].get("/a").rest() == b"body" and origin.hits("/a") == 1


def test_many_lost_claims_are_not_made_again_at_once(new_pop, redis_server, origin):
    pop = new_pop(redis_server.url, 1)
    for i in range(200):
        origin.page(f"/{i}", "body", cache_control="max-age=600")
    assert all(v.body == b"body" for v in pop[0].crowd(200, lambda i: f"/{i}").results())
    eventually(lambda: len(claims(redis_server)) == 200)
    redis_server.client.flushall()

    def loss_is_known():
        assert pop[0].get("/0").rest() == b"body"
        return pop[0].gauge("levee_pop_said_again_total") == 1

    eventually(loss_is_known, what="one is said again")
    assert all(v.body == b"body" for v in pop[0].crowd(200, lambda i: f"/{i}").results())
    seen = set()

    def all_there():
        seen.add(len(claims(redis_server)))
        return 200 in seen

    eventually(all_there, what="all are said again")
    assert len(seen - {1, 200}) > 0, "some at a time"


def test_what_is_purged_on_its_way_is_never_claimed(pop, redis_server, origin):
    body = numbered(100_000)
    page = origin.page("/a", [body[:50_000], HOLD, body[50_000:]], cache_control="max-age=600", etag='"v1"')
    reader = pop[0].get("/a")
    assert reader.read(50_000) == body[:50_000]
    assert pop[0].get("/a", "PURGE").status == 200
    origin.page("/b", "b", cache_control="max-age=600")
    page.release()
    assert reader.rest() == body[50_000:]
    assert pop[0].get("/b").rest() == b"b"
    eventually(lambda: len(claims(redis_server)) > 0, what="what came later is claimed")
    assert len(claims(redis_server)) == 1


def test_what_is_evicted_is_withdrawn(new_pop, redis_server, origin):
    pop = new_pop(redis_server.url, 1, http="peer_timeout 2s; cache_zone small ram=4m;",
                  locations="location /small/ { proxy_pass http://@ORIGIN@; proxy_cache small; }")
    body = numbered(100_000)
    for i in range(100):
        origin.page(f"/small/{i}", body, cache_control="max-age=600")
        assert pop[0].get(f"/small/{i}").rest() == body

    def as_many_as_there_are():
        held = pop[0].status()["zones"]["small"]["entries"]
        return 0 < held < 60 and len(claims(redis_server)) == held

    eventually(as_many_as_there_are, what="claims of what is there, and of nothing else")


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
