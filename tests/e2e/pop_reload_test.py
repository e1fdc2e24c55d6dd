"""A reload changes what is said of the PoP, and forgets nothing of it: not what waits, not what was missed, not what is here."""
import json

from harness import HOLD, RedisServer, eventually, free_port, numbered

PURGE = "proxy_cache_purge on;"


def purge(node, target):
    response = node.get(target, "PURGE")
    return response.status, json.loads(response.rest())["pop"]


def change(node, old, new):
    assert old in node.slots["http"]
    node.reload(http=node.slots["http"].replace(old, new))


def fill(nodes, origin):
    origin.page("/a", "old", cache_control="max-age=600")
    assert all(node.get("/a").rest() == b"old" for node in nodes)
    origin.page("/a", "new", cache_control="max-age=600")


def serves_new(node):
    eventually(lambda: node.get("/a").rest() == b"new", what=f"{node.name} serves the new")


def test_purges_that_wait_for_redis_are_delivered_after_it(new_pop, redis_server, origin):
    pop = new_pop(redis_server.url, 2, location=PURGE)
    fill(pop, origin)
    redis_server.kill()
    eventually(lambda: purge(pop[0], "/nothing") == (202, "waiting"), what="Redis is known to be away")
    assert purge(pop[0], "/a") == (202, "waiting")
    change(pop[0], "timeout=2s", "timeout=1s")
    redis_server.start()
    serves_new(pop[1])


def test_what_was_missed_before_it_is_applied_after_it(new_pop, redis_server, network, origin):
    pop = new_pop(redis_server.url, 1, location=PURGE)
    pop.index = f"{network.url} timeout=2s"  # of the second alone
    pop.join()
    pop.wait_together()
    fill(pop, origin)
    network.pull()
    assert purge(pop[0], "/a") == (200, "delivered")
    eventually(lambda: pop[1].gauge("levee_pop_purge_lag_seconds") > 2, what="it has missed it for some time")
    change(pop[1], "timeout=2s", "timeout=1s")
    network.plug_in()
    serves_new(pop[1])
    assert pop[1].gauge("levee_pop_purges_suspected_total") == 0


def test_a_node_that_left_the_pop_and_is_back_trusts_nothing_that_it_has(new_pop, redis_server, origin):
    pop = new_pop(redis_server.url, 2, location=PURGE)
    fill(pop, origin)
    lines = pop[1].slots["http"]
    pop[1].reload(http="")
    assert purge(pop[0], "/a") == (200, "delivered")
    then = redis_server.client.time()[0]
    eventually(lambda: redis_server.client.time()[0] > then + 1, what="that was long ago")
    assert pop[1].get("/a").rest() == b"old", "it cannot know"
    pop[1].reload(http=lines)
    serves_new(pop[1])


def said_again(node, redis_server, address):
    """Whether the index says, after a hit, that the node of this address has it."""
    assert node.get("/a").rest() == b"old"
    return [address.encode()] in redis_server.claims().values()


def test_another_redis_hears_what_is_here(running, new_pop, redis_server, origin):
    pop = new_pop(redis_server.url, 2)
    fill([pop[0]], origin)
    other = running(RedisServer)
    for node in pop:
        change(node, redis_server.url, other.url)
    eventually(lambda: said_again(pop[0], other, pop[0].values["PEER"]), what="a claim after a hit")
    assert pop[1].get("/a").rest() == b"old" and origin.hits("/a") == 1


def test_a_node_with_another_address_is_found_there(new_pop, redis_server, origin):
    pop = new_pop(redis_server.url, 2)
    fill([pop[0]], origin)
    other = f"{pop[0].host}:{free_port(pop[0].host)}"
    change(pop[0], pop[0].values["PEER"], other)
    eventually(lambda: said_again(pop[0], redis_server, other), what="a claim after a hit")
    assert pop[1].get("/a").rest() == b"old" and origin.hits("/a") == 1


def test_what_was_said_of_an_address_that_is_gone_costs_one_fetch(new_pop, redis_server, origin):
    pop = new_pop(redis_server.url, 2)
    fill([pop[0]], origin)
    lines = pop[0].slots["http"].replace(pop[0].values["PEER"], f"{pop[0].host}:{free_port(pop[0].host)}")
    pop[0].restart(http=lines)
    assert pop[1].get("/a").rest() == pop[0].get("/a").rest() == b"new"
    assert origin.hits("/a") == 2


def test_a_pop_that_is_given_up_in_mid_flight_loses_nothing(new_pop, redis_server, origin):
    """The leader leaves the PoP while the other streams from it, and comes back."""
    body = numbered(100_000)
    pop = new_pop(redis_server.url, 2)
    page = origin.page("/a", [body[:50_000], HOLD, body[50_000:]], cache_control="max-age=60", etag='"v1"', ranges=True)
    first = pop[0].get("/a")
    assert first.read(50_000) == body[:50_000]
    second = pop[1].get("/a")
    assert second.read(50_000) == body[:50_000]
    lines = pop[0].slots["http"]
    pop[0].reload(http="")
    pop[0].reload(http=lines)
    page.release()
    assert first.rest() == second.rest() == body[50_000:]
    origin.page("/b", "b", cache_control="max-age=60")
    eventually(lambda: pop[0].gauge("levee_pop_nodes") == 2, what="it is back")
    assert pop[0].get("/b").rest() == pop[1].get("/b").rest() == b"b" and origin.hits("/b") == 1
