"""Several nodes are one cache: one fetch for all of them, and every byte as it comes."""
import pytest
from harness import HOLD, Answer, eventually, numbered

BODY = numbered(200_000)


@pytest.fixture
def pop(new_pop, redis_server):
    return new_pop(redis_server.url)


def test_a_crowd_at_every_node_costs_one_fetch(pop, origin):
    page = origin.page("/a", [BODY[:50_000], HOLD, BODY[50_000:]], cache_control="max-age=60", etag='"v1"')
    crowds = pop.crowd(40, "/a")
    for crowd in crowds:
        crowd.wait_started()  # while the origin still stands in the middle of the body
    assert origin.hits("/a") == 1
    page.release()
    assert all(v.status == 200 and v.body == BODY and not v.error for crowd in crowds for v in crowd.results())
    assert origin.hits("/a") == 1
    assert sum(node.gauge("levee_pop_led_total") for node in pop) == 1


def test_what_one_node_has_another_gets_from_it_no_fresher(pop, origin):
    origin.page("/a", "body", headers={"Age": "100", "X-Mark": "kept"}, cache_control="max-age=160", etag='"v1"',
                last_modified="Tue, 15 Nov 1994 08:12:31 GMT")
    first, second, third = pop[0].get("/a"), pop[1].get("/a"), pop[2].get("/a")
    for response in (first, second, third):
        assert response.rest() == b"body" and response.status == 200
        assert 100 <= int(response.headers["Age"]) <= 110
        assert response.headers["ETag"] == '"v1"' and response.headers["X-Mark"] == "kept"
        assert response.headers["Last-Modified"] == "Tue, 15 Nov 1994 08:12:31 GMT"
        assert not [name for name, _ in response.headers if name.lower().startswith("levee-")]
        assert response.headers["Via"] == "1.1 levee"
    assert origin.hits("/a") == 1
    assert "ttl=" in second.headers["Cache-Status"]
    again = pop[1].get("/a", headers={"If-None-Match": '"v1"'})
    assert again.status == 304 and "hit" in again.headers["Cache-Status"]


def test_a_response_runs_out_everywhere_at_once(pop, origin):
    origin.page("/a", "old", headers={"Age": "59"}, cache_control="max-age=60")
    assert pop[0].get("/a").rest() == b"old" and pop[1].get("/a").rest() == b"old"
    origin.page("/a", "new", cache_control="max-age=60")
    eventually(lambda: pop[1].get("/a").rest() == b"new", what="the new one")
    assert pop[0].get("/a").rest() == b"new" and pop[2].get("/a").rest() == b"new"
    assert origin.hits("/a") == 2


def test_a_negative_answer_is_learnt_once_and_for_its_short_life(pop, origin):
    origin.page("/gone", "nothing here", status=404, cache_control="max-age=60")
    for node in pop:
        response = node.get("/gone")
        assert (response.status, response.rest()) == (404, b"nothing here")
    assert origin.hits("/gone") == 1


def test_an_uncacheable_answer_is_learnt_once_and_nobody_waits_for_it(pop, origin):
    origin.page("/mine", "private", cache_control="private")
    assert pop[0].get("/mine").rest() == b"private"
    page = origin.page("/mine", ["pri", HOLD, "vate"], cache_control="private")
    readers = [node.get("/mine") for node in pop for _ in range(3)]
    origin.wait_for("/mine", 1 + len(readers))  # each has a fetch of its own, at once
    page.release()
    assert all(reader.rest() == b"private" for reader in readers)


@pytest.mark.parametrize("vary", [{}, {"Vary": "Accept-Language"}], ids=["plain", "varying"])
def test_what_has_become_cacheable_is_shared_at_once(pop, origin, redis_server, vary):
    origin.page("/a", "private", cache_control="private", headers=vary)
    assert pop[0].get("/a").rest() == b"private"
    eventually(lambda: b"U" in [redis_server.client.get(key) for key in redis_server.client.keys("levee:*")
                                if redis_server.client.type(key) == b"string"], what="it is held for uncacheable")
    origin.page("/a", "public", cache_control="max-age=60", headers=vary)
    assert pop[0].get("/a").rest() == b"public"  # for this one alone, who finds it out
    assert pop[0].get("/a").rest() == b"public"
    assert all(node.get("/a").rest() == b"public" for node in pop)
    assert origin.hits("/a") == 3


def test_variants_are_not_mixed_up_and_each_is_fetched_once(pop, origin):
    def answer(request):
        language = request.headers.get("Accept-Language", "none")
        return Answer(language * 10, headers={"Vary": "Accept-Language"}, cache_control="max-age=60", etag=f'"{language}"')

    origin.page("/a", answer)
    for _ in range(2):
        for node in pop:
            for language in ("de", "en", "fr"):
                assert node.get("/a", headers={"Accept-Language": language}).rest() == language.encode() * 10
    assert origin.hits("/a") == 3


def test_a_bypass_goes_to_the_origin_and_what_it_brings_is_for_all(new_pop, redis_server, origin):
    pop = new_pop(redis_server.url, 2, location="proxy_cache_bypass $http_x_new;")
    origin.page("/a", "old", cache_control="max-age=60")
    assert pop[0].get("/a").rest() == b"old"
    origin.page("/a", "new", cache_control="max-age=60")
    assert pop[1].get("/a", headers={"X-New": "1"}).rest() == b"new"
    assert origin.hits("/a") == 2


@pytest.mark.parametrize("vary", [{}, {"Vary": "Accept-Language"}], ids=["plain", "varying"])
def test_what_a_post_brought_serves_gets_of_all_nodes(pop, origin, redis_server, vary):
    origin.page("/a", "posted", cache_control="max-age=60", etag='"v1"', headers={"Content-Location": "/a", **vary})
    assert pop[0].get("/a", "POST", body=b"x").rest() == b"posted"
    eventually(lambda: len(redis_server.claims()) == 1, what="it is said to the others")
    assert all(node.get("/a").rest() == b"posted" for node in pop)
    assert origin.hits("/a") == 1
