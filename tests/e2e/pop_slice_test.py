"""`slice` in a PoP: each slice is fetched once for all nodes, and only slices of one representation are put together."""
import contextlib

import pytest
from harness import HOLD, eventually, numbered
from harness.wire import Broken

SIZE = 50_000
BODY = numbered(4 * SIZE + 10)
OTHER = numbered(4 * SIZE + 10, seed=2)


@pytest.fixture
def pop(new_pop, redis_server):
    return new_pop(redis_server.url, 3, location=f"slice {SIZE}; proxy_cache_purge on;")


def page(origin, *body, etag='"v1"'):
    return origin.page("/a", list(body) or BODY, cache_control="max-age=60", etag=etag, ranges=True)


def is_whole(node, body):
    with contextlib.suppress(Broken):
        return node.get("/a").rest() == body
    return False


def asked(origin):
    """The first bytes that the origin was asked for."""
    return sorted(int(request.headers["Range"].split("=")[1].split("-")[0]) for request in origin.requests)


ALL = [i * SIZE for i in range(5)]


def test_a_crowd_at_every_node_costs_one_fetch_a_slice(pop, origin):
    held = page(origin, BODY[:SIZE // 2], HOLD, BODY[SIZE // 2:])
    crowds = pop.crowd(20, "/a", headers=lambda i: {"Range": f"bytes={3 * SIZE + 5}-"} if i % 2 else {})
    origin.wait_for("/a")
    held.release(8)
    for crowd in crowds:
        assert all(v.body == (BODY[3 * SIZE + 5:] if v.index % 2 else BODY) and not v.error for v in crowd.results())
    assert asked(origin) == ALL


def test_what_one_node_has_the_others_put_together_from_it(pop, origin):
    page(origin)
    assert pop[0].get("/a", headers={"Range": f"bytes={SIZE}-{SIZE + 9}"}).rest() == BODY[SIZE:SIZE + 10]
    assert pop[1].get("/a").rest() == BODY
    response = pop[2].get("/a", headers={"Range": "bytes=-10"})
    assert response.rest() == BODY[-10:] and response.headers["Content-Range"] == f"bytes {4 * SIZE}-{4 * SIZE + 9}/{len(BODY)}"
    assert pop[2].get("/a").rest() == BODY and asked(origin) == ALL
    assert all(node.get("/a").rest() == BODY for node in pop) and asked(origin) == ALL


def test_a_peer_that_is_killed_in_mid_slice_is_gone_on_from(pop, origin):
    held = page(origin, BODY[:SIZE // 2], HOLD, BODY[SIZE // 2:])
    first = pop[0].get("/a", headers={"Range": f"bytes=0-{SIZE - 1}"})
    assert first.read(1000) == BODY[:1000]
    crowds = [node.crowd(10, "/a") for node in pop if node is not pop[0]]
    for crowd in crowds:
        crowd.wait_started()
    pop[0].kill()
    eventually(lambda: SIZE // 2 in asked(origin), what="somebody goes on at that byte")
    again = next(request for request in origin.requests if request.headers["Range"].startswith(f"bytes={SIZE // 2}-"))
    assert again.headers["Range"] == f"bytes={SIZE // 2}-{SIZE - 1}" and again.headers["If-Range"] == '"v1"'
    held.release(12)
    assert all(v.status == 200 and v.body == BODY and not v.error for crowd in crowds for v in crowd.results())
    assert asked(origin) == sorted([*ALL, SIZE // 2])


def test_another_version_is_not_mixed_in_and_no_node_begins_with_the_old_one(pop, origin):
    page(origin)
    for node in pop:
        assert node.get("/a", headers={"Range": "bytes=0-9"}).rest() == BODY[:10]
    assert asked(origin) == [0]
    origin.page("/a", OTHER, cache_control="max-age=60", etag='"v2"', ranges=True)
    assert pop[0].get("/a").cut() == BODY[:SIZE]  # its head was out
    eventually(lambda: is_whole(pop[0], OTHER), what="Redis has heard that v1 is over: one worker says so, another may ask")
    for node in (pop[1], pop[2]):
        seek = node.get("/a", headers={"Range": f"bytes={2 * SIZE}-"})
        assert seek.rest() == OTHER[2 * SIZE:] and seek.headers["ETag"] == '"v2"'
        assert node.get("/a").rest() == OTHER
    assert origin.hits("/a") <= 1 + len(ALL) + 4  # each node finds out for itself that its slice is of the old one


def test_the_old_version_is_served_whole_from_where_it_is(pop, origin):
    page(origin)
    assert pop[0].get("/a").rest() == BODY
    assert pop[1].get("/a", headers={"Range": "bytes=0-9"}).rest() == BODY[:10]
    origin.page("/a", OTHER, cache_control="max-age=60", etag='"v2"', ranges=True)
    assert pop[1].get("/a").rest() == BODY and asked(origin) == ALL


def test_a_purge_forgets_all_slices_everywhere(pop, origin):
    page(origin)
    assert all(node.get("/a").rest() == BODY for node in pop) and asked(origin) == ALL
    origin.page("/a", OTHER, cache_control="max-age=60", etag='"v1"', ranges=True)  # it says nothing of a change
    assert pop[0].get("/a", "PURGE").status == 200
    assert pop[0].get("/a").rest() == OTHER
    eventually(lambda: pop[1].get("/a").rest() == OTHER and pop[2].get("/a").rest() == OTHER, what="no old slice is left")
    assert origin.hits("/a") == 2 * len(ALL)


def test_claims_of_slices_are_withdrawn_and_made_again(pop, redis_server, origin):
    page(origin)
    assert pop[0].get("/a").rest() == BODY
    eventually(lambda: len(redis_server.claims()) == len(ALL))
    redis_server.client.flushall()

    def said_again():
        assert pop[0].get("/a").rest() == BODY
        return len(redis_server.claims()) == len(ALL)

    eventually(said_again, what="claims after hits")
    assert pop[1].get("/a").rest() == BODY and asked(origin) == ALL
    assert pop[0].get("/*", "PURGE").status == 200
    eventually(lambda: redis_server.claims() == {}, what="withdrawn")


def test_a_peer_that_wants_no_slices_or_others_gets_none(pop, origin):
    page(origin)
    assert pop[0].get("/a").rest() == BODY
    key = f"http{origin.address}/a"
    for wanted, status in (([], 404), ([("Levee-Slice", str(SIZE // 2))], 404), ([("Levee-Slice", str(SIZE))], 206)):
        assert pop[0].ask_as_peer("main", key, headers=wanted).status == status


def test_without_ranges_the_whole_is_shared(pop, origin):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"')
    assert all(node.get("/a").rest() == BODY for node in pop) and origin.hits("/a") == 1
