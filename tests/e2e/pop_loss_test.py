"""A node that leads a fetch is lost: killed, stopped, cut off. Viewers of the other nodes notice nothing."""
import pytest
from harness import CUT, HOLD, eventually, numbered

BODY = numbered(400_000)
HALF = 200_000


@pytest.fixture
def pop(new_pop, redis_server):
    return new_pop(redis_server.url)


def half_way(pop, origin, count=30):
    """The first node leads; crowds at the others have begun to read."""
    page = origin.page("/a", [BODY[:HALF], HOLD, BODY[HALF:]], cache_control="max-age=60", etag='"v1"', ranges=True)
    first = pop[0].get("/a")
    assert first.read(1000) == BODY[:1000]
    crowds = [node.crowd(count, "/a") for node in pop if node is not pop[0]]
    for crowd in crowds:
        crowd.wait_started()
    assert origin.hits("/a") == 1
    return page, crowds, first


def all_have(crowds, body=BODY):
    return all(v.status == 200 and v.body == body and not v.error for crowd in crowds for v in crowd.results())


def test_the_leader_is_killed_in_mid_body(pop, origin):
    page, crowds, _ = half_way(pop, origin)
    pop[0].kill()
    origin.wait_for("/a", 2)
    page.release()
    assert all_have(crowds)
    assert origin.hits("/a") == 2
    again = origin.last("/a").headers
    assert again["If-Range"] == '"v1"'
    begin = int(again["Range"].removeprefix("bytes=").removesuffix("-"))
    assert HALF + len(BODY) - begin <= 1.2 * len(BODY)  # what the origin sent to those who live
    assert pop[1].get("/a").rest() == BODY and origin.hits("/a") == 2


def test_the_leader_is_killed_while_redis_is_stopped(new_pop, redis_server, origin):
    pop = new_pop(f"{redis_server.url} timeout=20ms")
    page, crowds, _ = half_way(pop, origin)
    redis_server.signal("STOP")
    pop[0].kill()
    origin.wait_for("/a", 2)
    page.release()
    assert all_have(crowds)
    redis_server.signal("CONT")
    assert origin.hits("/a") <= 4  # each goes on for itself
    assert all(request.headers["Range"].startswith("bytes=2") for request in origin.requests[1:])


def test_the_leader_is_killed_before_the_origin_has_answered(pop, origin):
    page = origin.page("/a", [HOLD, BODY], cache_control="max-age=60", etag='"v1"', hold_head=True)
    first = pop[0].get("/a")
    origin.wait_for("/a")
    crowds = [node.crowd(10, "/a") for node in pop if node is not pop[0]]
    eventually(lambda: sum(node.gauge("levee_pop_followed_total") for node in pop) == 3, what="all follow")
    pop[0].kill()
    origin.wait_for("/a", 2)
    page.release(2)
    assert all_have(crowds)
    assert origin.hits("/a") == 2
    first.close()


def test_a_leader_whose_origin_is_slow_is_not_taken_for_dead(new_pop, redis_server, origin):
    pop = new_pop(redis_server.url, 2, http="peer_timeout 100ms;")
    page = origin.page("/a", [HOLD, BODY[:HALF], HOLD, BODY[HALF:]], cache_control="max-age=60", etag='"v1"', hold_head=True,
                       ranges=True)
    first = pop[0].get("/a")
    origin.wait_for("/a")
    second = pop[1].get("/a")
    for asked in (12, 24):  # once a peer_timeout: longer than a lease lives, before the head and in mid-body
        eventually(lambda: pop[1].gauge("levee_pop_asked_total") >= asked, what="the silent leader was looked up again and again")
        assert origin.hits("/a") == 1
        page.release(2 if asked == 12 else 1)
    assert first.rest() == second.rest() == BODY
    assert origin.hits("/a") == 1 and pop[1].gauge("levee_pop_peer_failures_total") == 0
    assert pop[0].gauge("levee_pop_lease_seconds") > 2, "twice what the fetch took, and 3 at most"


def test_what_changed_meanwhile_is_not_mixed_in(pop, origin):
    page, crowds, _ = half_way(pop, origin, 5)
    other = numbered(len(BODY), seed=2)
    origin.page("/a", other, cache_control="max-age=60", etag='"v2"', ranges=True)
    pop[0].kill()
    for crowd in crowds:
        for visitor in crowd.results():
            assert visitor.error and BODY.startswith(visitor.body)  # cut short, so that nobody takes it for the whole
    page.release()
    assert pop[1].get("/a").rest() == other


def test_a_stopped_leader_that_wakes_up_mixes_nothing(new_pop, redis_server, origin):
    pop = new_pop(redis_server.url, 3, http="peer_timeout 100ms;")
    page, crowds, first = half_way(pop, origin, 20)
    pop[0].signal("STOP")  # its lease runs out, and somebody takes it
    origin.wait_for("/a", 2)
    late = pop[2].crowd(10, "/a")
    late.wait_started()
    pop[0].signal("CONT")  # two leaders now
    page.release()
    assert all_have([*crowds, late])
    assert first.rest() == BODY[1000:]
    assert all(node.get("/a").rest() == BODY for node in pop)
    assert origin.hits("/a") <= 3


def test_a_stopped_leader_that_wakes_up_to_another_version_mixes_nothing(new_pop, redis_server, origin):
    pop = new_pop(redis_server.url, 3, http="peer_timeout 100ms;")
    page = origin.page("/a", [HOLD, BODY[:HALF], HOLD, BODY[HALF:]], cache_control="max-age=60", etag='"v1"', hold_head=True)
    first = pop[0].get("/a")
    origin.wait_for("/a")
    pop[0].signal("STOP")
    other = numbered(len(BODY), seed=2)
    origin.page("/a", other, cache_control="max-age=60", etag='"v2"')
    assert pop[1].get("/a").rest() == other  # takes over from the silent leader, and has another version
    pop[0].signal("CONT")
    page.release(3)
    assert first.rest() == BODY
    assert pop[2].get("/a").rest() in (BODY, other)
    assert pop[1].get("/a").rest() == other


def test_a_dead_node_that_has_it_costs_one_more_fetch_and_no_error(pop, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    assert pop[0].get("/a").rest() == b"body"
    pop[0].kill()
    assert [node.get("/a").rest() for node in pop if node.process] == [b"body"] * 3
    assert origin.hits("/a") == 2


def test_a_stopped_node_that_has_it_costs_its_deadline_at_most(new_pop, redis_server, origin):
    pop = new_pop(redis_server.url, 2, http="peer_timeout 100ms;")
    origin.page("/a", "body", cache_control="max-age=60")
    assert pop[0].get("/a").rest() == b"body"
    pop[0].signal("STOP")
    crowd = pop[1].crowd(1, "/a")
    visitor = crowd.results()[0]
    pop[0].signal("CONT")
    assert visitor.body == b"body" and visitor.last < 2
    assert origin.hits("/a") == 2


def test_a_fetch_that_failed_gives_its_lease_back(pop, redis_server, origin):
    origin.raw("/a", CUT)
    assert pop[0].get("/a").status == 502
    eventually(lambda: "cmdstat_del" in redis_server.client.info("commandstats"), what="the lease is deleted, and does not run out")
    assert pop[1].get("/a").status == 502
    assert pop[1].gauge("levee_pop_led_total") == 1 and pop[1].gauge("levee_pop_followed_total") == 0


def test_a_node_without_a_leader_and_without_the_origin_says_so_once(pop, origin):
    """The leader's time-out or refusal is everybody's: nobody asks a dead origin again for the same crowd."""
    page = origin.page("/a", [HOLD, CUT], hold_head=True)
    first = pop[0].get("/a")
    origin.wait_for("/a")
    crowds = [node.crowd(5, "/a") for node in pop if node is not pop[0]]
    eventually(lambda: sum(node.gauge("levee_pop_followed_total") for node in pop) == 3, what="all follow")
    origin.raw("/a", "nonsense\r\n\r\n")
    origin.stop()
    assert first.status == 502
    assert all(v.status == 502 for crowd in crowds for v in crowd.results())
    page.release()
