"""A Redis that refuses, that says what nobody asked for, or in which others have written: viewers notice nothing."""
import pytest
from harness import FalseRedis, RedisServer, eventually, numbered

BODY = numbered(50_000)


@pytest.fixture
def false_redis():
    made = []

    def run(*arguments, **rest):
        made.append(FalseRedis(*arguments, **rest))
        return made[-1]

    yield run
    for one in made:
        one.stop()


def everybody_is_served(pop, origin, path):
    origin.page(path, BODY, cache_control="max-age=60", etag='"v1"')
    crowds = pop.crowd(10, path)
    assert all(v.status == 200 and v.body == BODY and not v.error for crowd in crowds for v in crowd.results())
    assert origin.hits(path) <= len(pop.nodes)


def shared(pop, origin):
    path = f"/shared{len(origin.pages)}"
    everybody_is_served(pop, origin, path)
    return origin.hits(path) == 1


BULK = b"$%d\r\n%s\r\n"


def bulks(*texts):
    return b"*%d\r\n" % len(texts) + b"".join(BULK % (len(text), text) for text in texts)


@pytest.mark.parametrize("reply", [
    b":1\r\n", b"+OK\r\n", b"$-1\r\n", b"*-1\r\n", b"*0\r\n", b"$0\r\n\r\n", b"*1\r\n" * 12 + b":1\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"-LOADING Redis is loading the dataset in memory\r\n", b"-ERR unknown command\r\n", b"-\r\n", b"$9999999999\r\n", b"*2147483648\r\n",
    bulks(b"F", b"nobody"), bulks(b"F", b"nobody:0"), bulks(b"F", b""), bulks(b"F", b"a b\r\nc:1"), bulks(b"F", b"127.0.0.1:1"),
    bulks(b"L", b"x"), bulks(b"L", b"-1"), bulks(b"V", b"\0\xff,,"), bulks(b"U", b"x"), bulks(b"H", b"x", b"y"), b"*2\r\n$1\r\nF\r\n:5\r\n",
    b"*2\r\n*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n", b"*2\r\n*0\r\n*0\r\n", b"*3\r\n:1\r\n:2\r\n:3\r\n", b"*1\r\n*2\r\n:1\r\n:2\r\n",
], ids=lambda reply: repr(reply[:30]))
def test_an_answer_that_makes_no_sense_is_none(new_pop, false_redis, origin, reply):
    false = false_redis(reply)
    pop = new_pop(f"{false.url} timeout=100ms", 1, together=False)
    everybody_is_served(pop, origin, "/a")
    eventually(lambda: any(words[0] in (b"EVALSHA", b"EVAL") for words in false.commands), what="it was asked")
    everybody_is_served(pop, origin, "/b")
    assert pop[0].get("/a").rest() == BODY and origin.hits("/a") == 1


def test_a_server_that_is_loading_is_left_in_peace(new_pop, false_redis, origin):
    false = false_redis(b"-LOADING Redis is loading the dataset in memory\r\n", handshake=False)
    pop = new_pop(false.url, 1, together=False)
    eventually(lambda: pop[0].gauge("levee_redis_up") == 0, what="it is known")
    before = len(false.commands)
    for i in range(30):
        everybody_is_served(pop, origin, f"/{i}")
    of_keys = lambda words: words[0] == b"EVALSHA" and words[3] not in (b"levee:nodes", b"levee:purges")
    assert not [words for words in false.commands[before:] if of_keys(words)]
    assert pop[0].error_log().count("LOADING") == 1
    false.reply = b"+PONG\r\n"
    eventually(lambda: pop[0].gauge("levee_redis_up") == 1, what="it is asked again")


def test_a_full_redis_costs_fetches_alone(new_pop, redis_server, origin):
    pop = new_pop(redis_server.url, 2)
    assert shared(pop, origin)
    client = redis_server.client
    client.set("ballast", b"x" * 4_000_000)
    client.config_set("maxmemory", 2_000_000)
    for _ in range(3):
        assert not shared(pop, origin)
    assert all("refuses a command: OOM" in node.error_log() for node in pop)
    assert all(node.error_log().count("refuses a command") == 1 for node in pop)
    client.config_set("maxmemory", 0)
    eventually(lambda: shared(pop, origin), what="they are one cache again")


def test_a_redis_that_lets_nobody_else_in_serves_those_who_are(new_pop, redis_server, origin):
    """One of our two workers has a connection, and the other is turned away."""
    pop = new_pop(redis_server.url, 1)
    client = redis_server.client
    client.config_set("maxclients", 2)
    client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    eventually(lambda: client.info("stats")["rejected_connections"] >= 5, what="one is turned away again and again")
    said = pop[0].error_log()
    assert said.count("refuses a command: ERR max number of clients") == 1
    assert said.count("answers again") <= 2
    before = client.info("stats")["rejected_connections"]
    began = client.time()[0]
    eventually(lambda: client.time()[0] > began + 3, what="some seconds")
    assert client.info("stats")["rejected_connections"] <= before + 6, "ever more seldom"
    client.config_set("maxclients", 100)
    eventually(lambda: len([one for one in client.client_list() if one["id"] != str(client.client_id())]) == 2, what="both are in")


def test_a_replica_costs_fetches_alone(running, new_pop, redis_server, origin):
    pop = new_pop(redis_server.url, 2)
    other = running(RedisServer)
    redis_server.client.replicaof(other.address, other.port)
    eventually(lambda: redis_server.client.info("replication")["master_link_status"] == "up", what="it is a replica")
    for _ in range(3):
        assert not shared(pop, origin)
    assert all(node.error_log().count("refuses a command: READONLY") == 1 for node in pop)
    redis_server.client.replicaof("NO", "ONE")
    eventually(lambda: shared(pop, origin), what="they are one cache again")


def spoil(client, value):
    """Writes something else into all that is in the index."""
    for key in client.keys("levee:*"):
        both = client.pipeline()
        both.delete(key)
        if isinstance(value, list):
            both.rpush(key, *value)
        else:
            both.set(key, value)
        both.execute()


@pytest.mark.parametrize("value", [b"", b"H", b"H  ", b"L x", b"H , v", b"H nobody,nobody:0,127.0.0.1:1 v", b"H " + b"a" * 100_000 + b":1 v",
                                   b"\xff\0\r\n", [b"a", b"list"]], ids=lambda value: repr(value[:20]))
def test_what_others_have_written_is_overwritten(new_pop, redis_server, origin, value):
    pop = new_pop(redis_server.url, 2)
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"')
    assert pop[0].get("/a").rest() == BODY
    eventually(lambda: len(redis_server.claims()) == 1, what="it is said")
    key = next(iter(redis_server.claims()))
    spoil(redis_server.client, value)
    assert pop[1].get("/a").rest() == BODY and origin.hits("/a") == 2
    eventually(lambda: redis_server.claims().get(key) is not None, what="a claim stands there again")
    redis_server.client.delete("levee:nodes", "levee:purges")
    eventually(lambda: shared(pop, origin), what="they are one cache again")


def test_the_clock_of_redis_may_jump(new_pop, redis_server, origin):
    """As far as Redis can tell: what is to run out has run out, and nodes were heard of long ago, or in the future."""
    pop = new_pop(redis_server.url, 2)
    client = redis_server.client
    for offset in (-3_600_000, 3_600_000):
        for name, text in client.hgetall("levee:nodes").items():
            at, rest = text.split(b" ", 1)
            client.hset("levee:nodes", name, b"%d %s" % (int(at) + offset, rest))
        for key in client.keys("levee:*"):
            if client.type(key) == b"string":
                client.delete(key)
        assert shared(pop, origin)
        eventually(lambda: all(node.gauge("levee_pop_nodes") == 2 for node in pop), what="they know each other")
