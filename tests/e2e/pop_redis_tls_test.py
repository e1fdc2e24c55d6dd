"""Redis over TLS, with a password: what is wrong is said once, and costs no more than Redis being away."""
import pytest
from conftest import make_certificate
from harness import ADDRESS, RedisServer, eventually


@pytest.fixture
def certificate(tmp_path):
    return make_certificate(tmp_path, "redis")[:2]


def shared(pop, origin):
    """Whether all nodes together fetch a key once."""
    path = f"/shared{len(origin.pages)}"
    origin.page(path, "body", cache_control="max-age=60")
    assert all(node.get(path).rest() == b"body" for node in pop)
    return origin.hits(path) == 1


def said(node, text):
    return node.error_log().count(text)


def test_nodes_find_each_other_over_tls_with_user_and_password(running, new_pop, origin, certificate):
    server = running(RedisServer, "--user", "levee", "on", ">secret", "~levee:*", "&*", "+@all", tls=certificate)
    pop = new_pop(f"{server.url} ca={certificate[0]} user=levee password=secret", 2)
    assert shared(pop, origin)
    assert all(said(node, "Redis") == 0 for node in pop)


def test_a_server_of_an_unknown_authority_is_refused_until_a_reload_knows_it(running, new_pop, origin, certificate, tmp_path):
    server = running(RedisServer, tls=certificate)
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(make_certificate(tmp_path, "stranger")[0].read_bytes())
    pop = new_pop(f"{server.url} ca={trusted}", 2, together=False)
    why = f"Redis {ADDRESS}:{server.port} is not asked for now: TLS handshake failed: "
    eventually(lambda: all(said(node, why) for node in pop), what="it is said")
    assert not shared(pop, origin)
    eventually(lambda: pop[0].gauge("levee_pop_alone_total") > 0)
    eventually(lambda: server.client.info("clients")["connected_clients"] == 1, what="ours alone, between two handshakes that fail")
    assert all(said(node, why) == 1 and "certificate verify failed" in node.error_log() for node in pop)
    trusted.write_bytes(certificate[0].read_bytes())
    for node in pop:
        node.reload()
    eventually(lambda: shared(pop, origin), what="they are one cache")


def test_a_wrong_password_is_said_once_and_does_no_harm(redis_server, new_pop, origin):
    redis_server.protect("right")
    pop = new_pop(f"{redis_server.url} password=wrong", 2, together=False)
    why = f"Redis {ADDRESS}:{redis_server.port} is not asked for now: WRONGPASS "
    eventually(lambda: all(said(node, why) for node in pop), what="it is said")
    for _ in range(5):
        assert not shared(pop, origin)
    assert all(said(node, "Redis") == 1 for node in pop)
    redis_server.client.config_set("requirepass", "wrong")
    redis_server.password = "wrong"
    eventually(lambda: shared(pop, origin), what="they are one cache")
    assert all(said(node, "answers again") == 1 for node in pop)


def test_a_server_that_wants_a_password_is_not_asked_without_one(redis_server, new_pop, origin):
    pop = new_pop(redis_server.url, 2)
    assert shared(pop, origin)
    redis_server.protect("secret")
    eventually(lambda: all(said(node, "NOAUTH") for node in pop), what="it is said")
    assert not shared(pop, origin)
    redis_server.client.config_set("requirepass", "")
    eventually(lambda: shared(pop, origin), what="they are one cache again")
