"""Invariant 4: slow readers harm nobody."""
from harness import HOLD, eventually, numbered

BODY = numbered(4 << 20)


def test_two_hundred_slow_readers_do_not_slow_a_fill(levee, origin):
    page = origin.page("/a", [BODY[:100_000], HOLD, BODY[100_000:]], cache_control="max-age=60")
    slow = [levee.get("/a", rcvbuf=4096) for _ in range(200)]
    assert all(reader.read(10) == BODY[:10] for reader in slow)
    page.release()
    assert levee.get("/a").rest() == BODY  # while none of the slow ones reads
    assert origin.hits("/a") == 1
    assert all(reader.read(1000) == BODY[10:1010] for reader in slow)


def test_the_fill_goes_on_when_its_first_client_leaves(levee, origin):
    page = origin.page("/a", [BODY[:100_000], HOLD, BODY[100_000:]], cache_control="max-age=60")
    leader = levee.get("/a")
    assert leader.read(10) == BODY[:10]
    follower = levee.get("/a")
    assert follower.read(10) == BODY[:10]
    leader.close()
    page.release()
    assert follower.rest() == BODY[10:]
    assert levee.get("/a").rest() == BODY and origin.hits("/a") == 1


def test_the_fill_goes_on_when_everybody_has_left(levee, origin):
    page = origin.page("/a", [BODY[:100_000], HOLD, BODY[100_000:]], cache_control="max-age=60")
    crowd = levee.crowd(20, "/a")
    crowd.wait_started()
    crowd.stop()
    page.release()
    assert levee.get("/a").rest() == BODY and origin.hits("/a") == 1


def test_an_uncacheable_response_is_coupled_to_its_reader(levee, origin):
    big = numbered(64 << 20)
    origin.page("/a", [big[i:i + 65536] for i in range(0, len(big), 65536)], cache_control="no-store")
    before = levee.memory()
    reader = levee.get("/a", rcvbuf=4096)
    assert reader.read(10) == big[:10]
    eventually(lambda: origin.sent > 0)
    other = levee.get("/.generation")  # the worker is alive, and has not taken it all
    assert other.status == 200
    assert origin.sent < 32 << 20 and levee.memory() - before < 16 << 20
    assert reader.rest() == big[10:]
