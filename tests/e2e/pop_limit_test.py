"""A PoP's nodes share what an origin can carry: by demand, and equally while nobody knows the others'."""
import pytest
from harness import HOLD, Slots, eventually

LIMIT = 8


@pytest.fixture
def pop(new_pop, redis_server, origin):
    upstream = f"upstream limited {{ server {origin.address}; concurrency {LIMIT}; queue 400 timeout=60s; }}"
    return new_pop(redis_server.url, http=f"peer_timeout 2s; {upstream}",
                   locations="location /limited/ { proxy_pass http://limited; proxy_cache main; }")


def limits(pop):
    return [node.gauge("levee_upstream_limit") for node in pop]


def pages(origin, count):
    return [origin.page(f"/limited/{i}", [HOLD, "x"], cache_control="max-age=60", hold_head=True) for i in range(count)]


def test_a_burst_at_all_nodes_never_exceeds_the_limit(pop, origin):
    eventually(lambda: limits(pop) == [2, 2, 2, 2], what="equal shares while nobody wants anything")
    made = pages(origin, 40)
    crowds = [node.crowd(10, lambda i, n=n: f"/limited/{n * 10 + i}") for n, node in enumerate(pop)]
    eventually(lambda: sum(node.gauge("levee_upstream_in_flight") for node in pop) == LIMIT, what="all slots are taken")
    assert origin.hits() <= LIMIT
    eventually(lambda: sum(limits(pop)) <= LIMIT and all(limits(pop)), what="shares by demand")
    eventually(lambda: origin.hits() == LIMIT, what="and all are used")
    for page in made:
        page.release(2)
    assert all(v.body == b"x" for crowd in crowds for v in crowd.results())
    assert origin.hits() == 40


def test_who_alone_wants_it_gets_what_the_others_leave(pop, origin):
    made = pages(origin, 20)
    crowd = pop[0].crowd(20, lambda i: f"/limited/{i}")
    eventually(lambda: origin.hits() == LIMIT - 3, what="all but one for each of the others")
    for page in made:
        page.release(2)
    assert all(v.body == b"x" for v in crowd.results())


def surge(pop, origin, slots, name):
    """A crowd at each node whose pages nobody else wants; all get them."""
    for n in range(len(pop.nodes)):
        for i in range(20):
            origin.page(f"/limited/{name}{n}-{i}", slots)
    crowds = [node.crowd(20, lambda i, n=n: f"/limited/{name}{n}-{i}") for n, node in enumerate(pop)]
    assert all(v.body == b"old" for crowd in crowds for v in crowd.results())


def test_the_origin_never_sees_more_at_once_whoever_joins_and_whatever_becomes_of_redis(pop, redis_server, origin):
    slots = Slots(1000, 0.03)
    surge(pop, origin, slots, "all")
    pop.join()  # whose crowd comes the moment it listens
    surge(pop, origin, slots, "joined")
    redis_server.client.flushall()
    surge(pop, origin, slots, "emptied")
    redis_server.kill()
    surge(pop, origin, slots, "away")
    redis_server.start()
    surge(pop, origin, slots, "back")
    assert slots.most <= LIMIT and slots.served == (4 + 4 * 5) * 20


def test_a_node_that_joins_waits_for_slots_that_are_in_use(pop, origin):
    made = pages(origin, 20)
    crowds = [node.crowd(4, lambda i, n=n: f"/limited/{n * 4 + i}") for n, node in enumerate(pop)]
    eventually(lambda: origin.hits() == LIMIT, what="all slots are in use")
    fifth = pop.join()
    crowds.append(fifth.crowd(4, lambda i: f"/limited/{16 + i}"))
    eventually(lambda: all(node.gauge("levee_pop_nodes") == 5 for node in pop), what="all know it")
    assert fifth.gauge("levee_upstream_in_flight") == 0 and origin.hits() == LIMIT
    for page in made:
        page.release(2)
    assert all(v.body == b"x" for crowd in crowds for v in crowd.results())


def test_nodes_that_were_given_one_name_by_mistake_share_it_all_the_same(new_pop, redis_server, origin):
    upstream = f"upstream limited {{ server {origin.address}; concurrency {LIMIT}; queue 400 timeout=60s; }}"
    pop = new_pop(redis_server.url, 2, http=f"peer_timeout 2s; {upstream}",
                  locations="location /limited/ { proxy_pass http://limited; proxy_cache main; }")
    pop[1].restart(http=pop[1].slots["http"].replace("node node1", "node node0"))
    eventually(lambda: not [name for name in redis_server.client.hkeys("levee:nodes") if b"node1" in name], what="its first name is forgotten")
    eventually(lambda: limits(pop) == [4, 4], what="half of it each, while nobody wants anything")
    made = pages(origin, 20)
    crowds = [node.crowd(10, lambda i, n=n: f"/limited/{n * 10 + i}") for n, node in enumerate(pop)]
    eventually(lambda: origin.hits() == LIMIT, what="all slots are taken")
    eventually(lambda: sum(limits(pop)) == LIMIT, what="and no more")
    for page in made:
        page.release(2)
    assert all(v.body == b"x" for crowd in crowds for v in crowd.results())
    assert all(node.gauge("levee_pop_nodes") == 2 for node in pop)


def test_where_an_adaptive_limit_begins_is_shared_too(new_pop, redis_server, origin):
    upstream = f"upstream limited {{ server {origin.address}; concurrency adaptive initial=8 min=4 max=40; queue 400 timeout=60s; }}"
    pop = new_pop(redis_server.url, http=f"peer_timeout 2s; {upstream}",
                  locations="location /limited/ { proxy_pass http://limited; proxy_cache main; }")
    eventually(lambda: limits(pop) == [2, 2, 2, 2], what="a quarter of initial= each")


def test_without_redis_each_has_an_equal_part(pop, redis_server, origin):
    made = pages(origin, 20)
    crowd = pop[0].crowd(20, lambda i: f"/limited/{i}")
    eventually(lambda: limits(pop)[0] == LIMIT - 3, what="shares by demand")
    redis_server.kill()
    eventually(lambda: limits(pop) == [2, 2, 2, 2], what="equal shares without Redis")
    for page in made:
        page.release(2)
    assert all(v.body == b"x" for v in crowd.results())


def test_a_node_that_starts_without_redis_has_the_part_that_its_configuration_says(new_pop, redis_server, origin):
    upstream = f"upstream limited {{ server {origin.address}; concurrency {LIMIT}; queue 400 timeout=60s; }}"
    redis_server.kill()
    pop = new_pop(f"{redis_server.url} nodes=4", 1, together=False, http=f"peer_timeout 2s; {upstream}",
                  locations="location /limited/ { proxy_pass http://limited; proxy_cache main; }")
    made = pages(origin, 20)
    crowd = pop[0].crowd(20, lambda i: f"/limited/{i}")
    eventually(lambda: limits(pop) == [2] and origin.hits() == 2, what="a quarter, though it knows nobody")
    redis_server.start()
    eventually(lambda: limits(pop) == [LIMIT], what="all of it: Redis says that it is alone")
    for page in made:
        page.release(2)
    assert all(v.body == b"x" for v in crowd.results())
