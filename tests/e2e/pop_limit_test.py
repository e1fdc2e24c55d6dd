"""A PoP's nodes share what an origin can carry: by demand, and equally while nobody knows the others'."""
import pytest
from harness import HOLD, eventually

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
    assert origin.hits() == LIMIT
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


def test_without_redis_each_has_an_equal_part(pop, redis_server, origin):
    made = pages(origin, 20)
    crowd = pop[0].crowd(20, lambda i: f"/limited/{i}")
    eventually(lambda: limits(pop)[0] == LIMIT - 3, what="shares by demand")
    redis_server.kill()
    eventually(lambda: limits(pop) == [2, 2, 2, 2], what="equal shares without Redis")
    for page in made:
        page.release(2)
    assert all(v.body == b"x" for v in crowd.results())
