"""What a node says to another, and to somebody who only claims to be one."""
import pytest
from harness import HOLD, Answer, Connection, numbered


@pytest.fixture
def pop(new_pop, redis_server):
    return new_pop(redis_server.url, 2)


def key(origin, target):
    return f"http{origin.address}{target}"  # $scheme$proxy_host$request_uri


def test_a_wrong_secret_gets_403_and_nothing_of_the_cache(pop, origin):
    origin.page("/a", "treasure", cache_control="max-age=60", etag='"v1"')
    assert pop[0].get("/a").rest() == b"treasure"
    assert pop[0].ask_as_peer("main", key(origin, "/a")).rest() == b"treasure"
    for secret in ("", "guess", pop.secret + "x", pop.secret[:-1]):
        for target in ("/a", "/none"):
            refused = pop[0].ask_as_peer("main", key(origin, target), secret=secret)
            assert refused.status == 403 and b"treasure" not in refused.rest()
            assert "ETag" not in refused.headers and "Levee-Peer" not in refused.headers
    plain = Connection(pop[0].peer).get("/a", host=origin.address)
    assert plain.status == 403
    assert pop[0].gauge("levee_pop_refused_total") >= 9


def test_a_peer_is_told_at_once_what_is_not_here_and_nothing_is_fetched_for_it(pop, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    for zone, target in (("main", "/a"), ("other", "/a")):
        response = pop[0].ask_as_peer(zone, key(origin, target))
        assert (response.status, response.headers["Levee-Peer"], response.rest()) == (404, "absent", b"")
    for bad in ("%", "%4", "%zz"):
        assert pop[0].ask_as_peer("main", bad).headers["Levee-Peer"] == "absent"
    assert origin.hits() == 0


def test_a_peer_reads_the_flight_while_it_fills(pop, origin):
    body = numbered(100_000)
    page = origin.page("/a", [HOLD, body[:40_000], HOLD, body[40_000:]], cache_control="max-age=60", etag='"v1"', hold_head=True)
    viewer = pop[0].get("/a")
    origin.wait_for("/a")
    peer = pop[0].ask_as_peer("main", key(origin, "/a"))
    while not peer._reader.interim:  # that it is on its way is said before there is a head
        peer._more()
    assert [head.status for head in peer._reader.interim] == [102]
    page.release(2)
    assert peer.read(40_000) == body[:40_000]
    assert peer.headers["Levee-Peer"].startswith("entry 60000 ")
    page.release()
    assert peer.rest() == body[40_000:] and viewer.rest() == body
    ranged = pop[0].ask_as_peer("main", key(origin, "/a"), headers=[("Range", "bytes=99990-"), ("If-Range", '"v1"')])
    assert ranged.status == 206 and ranged.rest() == body[99_990:]
    assert origin.hits("/a") == 1


@pytest.mark.parametrize("path, headers", [
    ("/" + "%C3%A4" * 1300, []), ("/" + "%C3%A4" * 2600, []), ("/a", [(f"X-{i}", "x" * 15_000) for i in range(3)]),
    ("/" + "%C3%A4" * 2600, [(f"X-{i}", "x" * 15_000) for i in range(2)]),
], ids=["long", "longer", "fields", "both"])
def test_whatever_a_viewer_may_ask_a_peer_may_be_asked(new_pop, redis_server, origin, path, headers):
    pop = new_pop(redis_server.url, 2, server="large_client_header_buffers 4 16k;")
    origin.page(path, "body", cache_control="max-age=60")
    assert all(node.get(path, headers=headers).rest() == b"body" for node in pop)
    assert origin.hits() == 1 and pop[1].gauge("levee_pop_peer_failures_total") == 0


def test_an_origins_largest_head_comes_from_a_peer_too(pop, origin):
    origin.page("/a", "body", cache_control="max-age=60", headers=[("X-Large", "x" * 16_200)])
    assert all(node.get("/a").rest() == b"body" for node in pop)
    assert origin.hits() == 1 and pop[1].gauge("levee_pop_peer_failures_total") == 0


def test_a_request_with_more_fields_than_a_question_holds_gets_its_own_variant(pop, origin):
    def answer(request):
        language = request.headers.get("Accept-Language", "none")
        return Answer(language * 10, headers={"Vary": "Accept-Language"}, cache_control="max-age=60", etag=f'"{language}"')

    origin.page("/a", answer)
    many = [(f"X-{i}", "x") for i in range(94)]
    assert pop[0].get("/a").rest() == b"none" * 10
    for node in pop:
        assert node.get("/a", headers=[*many, ("Accept-Language", "de")]).rest() == b"de" * 10
        assert node.get("/a", headers=[("Accept-Language", "de")]).rest() == b"de" * 10
