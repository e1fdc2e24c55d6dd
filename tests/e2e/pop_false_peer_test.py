"""A peer that lies, falls silent or is none at all: what it says never reaches a viewer as something else than it is."""
import time

import pytest
from harness import CUT, HOLD, BlackHole, eventually, numbered

BODY = numbered(50_000)
ENTRY = "Levee-Peer: entry 60000 0 0 0 0 -k\r\n"


@pytest.fixture
def peer(new_origin):
    return new_origin()


def named_by_the_index(pop, redis_server, origin, peer, etag=b'"v1"'):
    """The index says that the peer has /a, which the first node has had once."""
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    assert pop[0].get("/a").rest() == BODY
    eventually(lambda: len(redis_server.claims()) == 1, what="it is said")
    key = next(iter(redis_server.claims()))
    assert pop[0].get("/a", "PURGE").status == 200
    eventually(lambda: not redis_server.claims(), what="it is withdrawn")
    redis_server.client.set(key, b"H %s %s" % (peer.address.encode(), etag), px=60_000)


@pytest.mark.parametrize("parts", [
    [""], [CUT], ["nonsense\r\n\r\n"], ["HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"],
    ["HTTP/1.1 200 OK\r\nLevee-Peer: entry 1 2 3\r\nContent-Length: 4\r\n\r\nevil"],
    ["HTTP/1.1 200 OK\r\nLevee-Peer: entry -1 0 0 0 0 -k\r\nContent-Length: 4\r\n\r\nevil"],
    ["HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"], ["HTTP/1.1 404 Not Found\r\nLevee-Peer: absent\r\nContent-Length: 0\r\n\r\n"],
    ["HTTP/1.1 404 Not Found\r\nLevee-Peer: absent\r\nContent-Length: 99\r\n\r\n"],
    ["HTTP/1.1 200 OK\r\n" + ENTRY + "Vary: *\r\nContent-Length: 4\r\n\r\nevil"],
    ["HTTP/1.1 102 Processing\r\n\r\n" * 30], ["HTTP/1.1 102 Processing\r\n\r\n", CUT],
    ["HTTP/1.1 200 OK\r\n" + "X-Filler: y\r\n" * 5000], ["HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"],
], ids=lambda parts: repr(parts)[:40])
def test_what_is_no_answer_of_a_peer_is_fetched_elsewhere(new_pop, redis_server, origin, peer, parts):
    pop = new_pop(redis_server.url, 1, http="peer_timeout 200ms;", location="proxy_cache_purge on;")
    named_by_the_index(pop, redis_server, origin, peer)
    peer.raw("/levee-peer", *parts)
    crowd = pop[0].crowd(5, "/a")
    assert all(v.status == 200 and v.body == BODY for v in crowd.results())
    assert peer.hits() == 1 and origin.hits("/a") == 2


@pytest.fixture
def hole():
    made = BlackHole()
    yield made
    made.stop()


@pytest.mark.parametrize("value", [b'H %s "v1"', b"L %s 1"], ids=["has it", "is fetching it"])
def test_a_peer_whose_address_swallows_all_costs_its_deadline_and_then_the_origin_is_asked(new_pop, redis_server, origin, hole, value):
    pop = new_pop(redis_server.url, 1, http="peer_timeout 300ms;", location="proxy_cache_purge on;")
    named_by_the_index(pop, redis_server, origin, hole)
    key = next(iter(redis_server.claims()))
    redis_server.client.set(key, value % hole.address.encode(), px=60_000)
    began = time.monotonic()
    crowd = pop[0].crowd(5, "/a")
    assert all(v.status == 200 and v.body == BODY and not v.error for v in crowd.results())
    assert 0.3 <= time.monotonic() - began < 5  # proxy_connect_timeout is 60 s, a viewer's patience 10 s
    assert pop[0].gauge("levee_pop_peer_failures_total") == 1 and origin.hits("/a") == 2


def test_a_peer_that_cuts_a_body_is_gone_on_from(new_pop, redis_server, origin, peer):
    pop = new_pop(redis_server.url, 1, location="proxy_cache_purge on;")
    named_by_the_index(pop, redis_server, origin, peer)
    peer.raw("/levee-peer", f'HTTP/1.1 200 OK\r\n{ENTRY}ETag: "v1"\r\nContent-Length: {len(BODY)}\r\n\r\n', BODY[:10_000], CUT)
    assert pop[0].get("/a").rest() == BODY
    assert origin.last("/a").headers["Range"] == "bytes=10000-"


def test_an_answer_counts_as_old_as_it_says_and_what_it_took_on_the_way(new_pop, redis_server, origin, peer):
    """The peer let it wait for 20 s, it says, so of what passed since the question nothing was spent on the way."""
    pop = new_pop(redis_server.url, 1, location="proxy_cache_purge on;")
    named_by_the_index(pop, redis_server, origin, peer)
    page = peer.raw("/levee-peer", HOLD, "HTTP/1.1 200 OK\r\nLevee-Peer: entry 60000 5000 0 0 20000 -k\r\nContent-Length: 4\r\n\r\nbody")
    answer = pop[0].get("/a")
    peer.wait_for("/levee-peer")
    page.release()
    assert answer.rest() == b"body" and answer.headers["Age"] == "5"


@pytest.mark.parametrize("scheme, goes", [("http", 1), ("https", 0)])
def test_who_talks_tls_tells_nobody_the_secret_in_clear(new_pop, redis_server, origin, peer, tls_cert, scheme, goes):
    certificate, key, _ = tls_cert
    pop = new_pop(redis_server.url, 1, scheme=scheme, location="proxy_cache_purge on;",
                  http=f"peer_timeout 2s; ssl_certificate {certificate}; ssl_certificate_key {key};")
    named_by_the_index(pop, redis_server, origin, peer)
    peer.page("/levee-peer", "", status=404, headers={"Levee-Peer": "absent"})
    assert pop[0].get("/a").rest() == BODY
    assert peer.hits() == goes and origin.hits("/a") == 2


@pytest.mark.parametrize("again", [
    'HTTP/1.1 206 Partial Content\r\nETag: "v2"\r\nContent-Range: bytes 20000-49999/50000\r\nContent-Length: 30000',
    'HTTP/1.1 200 OK\r\nETag: "v2"\r\nContent-Length: 50000',
    'HTTP/1.1 200 OK\r\nETag: "v1"\r\nContent-Length: 1000',
    'HTTP/1.1 200 OK\r\nETag: "v1"\r\nContent-Length: 50100',
    'HTTP/1.1 200 OK\r\nETag: "v1"\r\nContent-Encoding: br\r\nContent-Length: 50000',
    'HTTP/1.1 206 Partial Content\r\nETag: "v1"\r\nContent-Range: bytes 20000-49999/50000\r\nContent-Length: 29000',
    'HTTP/1.1 206 Partial Content\r\nETag: "v1"\r\nContent-Range: bytes 19000-49999/50000\r\nContent-Length: 31000',
    'HTTP/1.1 206 Partial Content\r\nETag: "v1"\r\nContent-Range: bytes 20000-50099/50100\r\nContent-Length: 30100',
    'HTTP/1.1 206 Partial Content\r\nETag: "v1"', 'HTTP/1.1 304 Not Modified\r\nETag: "v1"',
])
def test_a_peer_that_goes_on_with_something_else_is_left_for_the_origin(new_pop, redis_server, origin, peer, again):
    """The leader is killed in mid-body, and of whom the index names next another response comes."""
    pop = new_pop(redis_server.url, 2)
    page = origin.page("/a", [BODY[:20_000], HOLD, BODY[20_000:]], cache_control="max-age=60", etag='"v1"', ranges=True)
    first = pop[0].get("/a")
    assert first.read(20_000) == BODY[:20_000]
    crowd = pop[1].crowd(5, "/a")
    crowd.wait_started()
    key = next(key for key in redis_server.client.keys("levee:*") if key not in (b"levee:nodes", b"levee:purges"))
    peer.raw("/levee-peer", f"{again}\r\n{ENTRY}\r\n", "x" * 60_000)
    pop[0].signal("STOP")  # so that it does not renew its lease
    redis_server.client.set(key, b'H %s "v1"' % peer.address.encode(), px=60_000)
    pop[0].kill()
    page.release()
    assert all(v.status == 200 and v.body == BODY and not v.error for v in crowd.results())
    assert peer.hits() == 1 and origin.last("/a").headers["Range"] == "bytes=20000-"


@pytest.mark.parametrize("sent", [40_000, 50_000, 60_000], ids=["shorter", "as said", "longer"])
def test_a_body_of_another_length_than_was_said_ends_where_it_should(new_pop, redis_server, origin, peer, sent):
    pop = new_pop(redis_server.url, 1, location="proxy_cache_purge on;")
    named_by_the_index(pop, redis_server, origin, peer)
    peer.raw("/levee-peer", f'HTTP/1.1 200 OK\r\n{ENTRY}ETag: "v1"\r\nContent-Length: {len(BODY)}\r\n\r\n', BODY[:sent] + b"x" * (sent - 50_000))
    assert pop[0].get("/a").rest() == BODY and pop[0].get("/a").rest() == BODY
    assert origin.hits("/a") == (2 if sent < len(BODY) else 1)
