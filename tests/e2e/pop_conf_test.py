"""A PoP's configuration: the example, TLS between nodes, reloads, and what is refused."""
import pathlib

import pytest
from conftest import make_certificate
from harness import ADDRESS, HOLD, eventually, free_port, numbered

EXAMPLE = pathlib.Path(__file__).parents[2] / "conf" / "examples" / "pop.conf"
BODY = numbered(100_000)


def host(number):
    return f"{ADDRESS.rsplit('.', 1)[0]}.{number}"


def test_the_example_makes_one_cache_of_two_nodes(new_levee, redis_server, origin):
    nodes = []
    for number in (1, 2):
        node = new_levee(start=False)
        secret = node.directory / "peer.secret"
        secret.write_text("example\n")
        text = EXAMPLE.read_text()
        for theirs, ours in (("127.0.0.1:6379", f"{ADDRESS}:{redis_server.port}"), ("timeout=20ms", "timeout=2s"),
                             ("node1", f"node{number}"), ("127.0.0.1:8090", f"{ADDRESS}:{free_port()}"),
                             ("/etc/levee/peer.secret", str(secret)), ("127.0.0.1:8081", origin.address),
                             ("127.0.0.1:8080", "@ADDRESS@:@PORT@")):
            assert theirs in text
            text = text.replace(theirs, ours)
        nodes.append(node.start(whole=text))
    page = origin.page("/a.ts", [BODY[:50_000], HOLD, BODY[50_000:]], cache_control="max-age=60", etag='"v1"')
    readers = [node.get("/a.ts") for node in nodes]
    assert all(reader.read(50_000) == BODY[:50_000] for reader in readers)
    page.release()
    assert all(reader.rest() == BODY[50_000:] for reader in readers)
    assert origin.hits("/a.ts") == 1
    metrics = [node.get("/levee/metrics").rest().decode() for node in nodes]
    assert sum("levee_pop_led_total 1\n" in text and "levee_pop_nodes " in text for text in metrics) == 1


@pytest.mark.parametrize("trusted", [True, False])
def test_nodes_talk_tls_to_those_whom_they_can_verify(new_pop, redis_server, origin, tmp_path, trusted):
    certificate, key, _ = make_certificate(tmp_path, "peer", [host(n) for n in (2, 3)])
    trust = f"proxy_ssl_trusted_certificate {certificate};" if trusted else ""
    pop = new_pop(redis_server.url, 2, scheme="https",
                  http=f"peer_timeout 2s; ssl_certificate {certificate}; ssl_certificate_key {key}; {trust}")
    origin.page("/a", BODY, cache_control="max-age=60")
    assert all(node.get("/a").rest() == BODY for node in pop)
    assert origin.hits("/a") == (1 if trusted else 2)
    assert pop[1].gauge("levee_pop_peer_failures_total") == (0 if trusted else 1)


def test_a_reload_in_mid_flight_loses_nothing(new_pop, redis_server, origin):
    pop = new_pop(redis_server.url, 3)
    page = origin.page("/a", [BODY[:50_000], HOLD, BODY[50_000:]], cache_control="max-age=60", etag='"v1"')
    crowds = pop.crowd(10, "/a")
    for crowd in crowds:
        crowd.wait_started()
    for node in pop:
        node.reload()
    late = pop.crowd(5, "/a")
    for crowd in late:
        crowd.wait_started()
    secret = pop[2].directory / "peer.secret"
    secret.write_text("another\n")  # this one leaves the PoP, as far as the others can tell
    pop[2].reload()
    page.release()
    assert all(v.body == BODY and not v.error for crowd in crowds + late for v in crowd.results())
    assert origin.hits("/a") == 1
    origin.page("/b", "b", cache_control="max-age=60")
    assert [node.get("/b").rest() for node in pop] == [b"b"] * 3
    assert origin.hits("/b") == 2


def told_of_a_twin(node):
    return node.error_log().count("has the address of this one, advertise=")


def wait_for_beats(redis_server, count):
    def beats():
        return redis_server.client.info("commandstats")["cmdstat_evalsha"]["calls"]

    before = beats()
    eventually(lambda: beats() > before + count, what=f"{count} beats")


@pytest.mark.parametrize("name", ["node1", "node0"])
def test_nodes_with_one_address_are_told_once(new_pop, redis_server, name):
    pop = new_pop(redis_server.url, 2)
    first, second = (f"advertise=http://{node.peer[0]}:{node.peer[1]}" for node in pop)
    pop[1].restart(http=pop[1].slots["http"].replace(second, first).replace("node node1", f"node {name}"))
    eventually(lambda: told_of_a_twin(pop[0]) and told_of_a_twin(pop[1]), what="both say so")
    wait_for_beats(redis_server, 20)
    assert [told_of_a_twin(node) for node in pop] == [1, 1]


def test_a_node_that_is_started_again_is_no_other(new_pop, redis_server):
    pop = new_pop(redis_server.url, 1)
    for _ in range(2):
        pop[0].kill()
        pop[0].start()
        eventually(lambda: pop[0].gauge("levee_pop_nodes") == 1, what="it beats")
    wait_for_beats(redis_server, 13)  # twice the time that its former beat takes to run out, and more
    assert told_of_a_twin(pop[0]) == 0


@pytest.mark.parametrize("lines, said", [
    ("shared_index redis://127.0.0.1:1;", "a PoP's node must have a name"),
    ("shared_index redis://127.0.0.1:1; node a advertise=http://127.0.0.1:2;", 'no "peer_listen" is defined'),
    ("node a advertise=http://127.0.0.1:2; peer_listen 127.0.0.1:2;", 'no "peer_secret" is defined'),
    ("node a advertise=http://127.0.0.1:2; peer_listen 127.0.0.1:2; peer_secret none;", "cannot read a secret"),
    ("node a advertise=http://127.0.0.1:2; peer_listen 127.0.0.1:2; peer_secret blank;", "cannot read a secret"),
    ("node a advertise=https://127.0.0.1:2; peer_listen 127.0.0.1:2;", 'no "ssl_certificate" is defined'),
    ("node a advertise=http://127.0.0.1:2; peer_listen @ADDRESS@:@PORT@;", "has the address of a server"),
    ("node a advertise=127.0.0.1:2;", '"advertise=http://address:port"'),
    ("shared_index http://127.0.0.1:1;", "invalid parameter"),
])
@pytest.mark.conf(start=False)
def test_what_cannot_work_is_refused(levee, lines, said):
    (levee.directory / "blank").write_text("  \n")
    levee.write(http=lines)
    code, text = levee.run("-t", "-p", f"{levee.directory}/", "-c", "levee.conf")
    assert code == 1 and said in text
