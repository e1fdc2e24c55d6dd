"""A node that joins in the middle of a surge fills from its peers."""
from harness import HOLD, eventually, numbered

BODY = numbered(50_000)


def test_a_fifth_node_adds_nothing_to_the_origins_load(new_pop, redis_server, origin):
    pop = new_pop(redis_server.url)
    for i in range(10):
        origin.page(f"/{i}", BODY, cache_control="max-age=60", etag=f'"{i}"')
    live = origin.page("/live", [BODY[:10_000], HOLD, BODY[10_000:]], cache_control="max-age=60", etag='"live"')
    for crowd in pop.crowd(20, lambda i: f"/{i % 10}"):
        assert all(v.body == BODY for v in crowd.results())
    watching = pop.crowd(10, "/live")
    for crowd in watching:
        crowd.wait_started()
    before = origin.hits()
    fifth = pop.join()  # its first request comes the moment it listens
    late = [fifth.crowd(40, lambda i: f"/{i % 10}"), fifth.crowd(10, "/live")]
    assert all(v.body == BODY and not v.error for v in late[0].results())
    late[1].wait_started()
    live.release()
    assert all(v.body == BODY for crowd in [*watching, late[1]] for v in crowd.results())
    assert origin.hits() == before == 11
    eventually(lambda: pop[0].gauge("levee_pop_nodes") == 5, what="the others know it")


def test_a_node_that_left_is_forgotten(new_pop, redis_server):
    pop = new_pop(redis_server.url, 3)
    pop[2].kill()
    eventually(lambda: pop[0].gauge("levee_pop_nodes") == 2, what="it is taken off")
