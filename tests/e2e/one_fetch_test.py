"""Invariant 1: while a response is on its way, nobody asks the origin for it again."""
from harness import HOLD, numbered


def test_a_second_miss_joins_the_first_in_mid_body(levee, origin):
    page = origin.page("/a", ["one", HOLD, "two"], cache_control="max-age=60")
    first = levee.get("/a")
    assert first.read(3) == b"one"  # the flight is open
    second = levee.get("/a")
    assert second.read(3) == b"one"
    page.release()
    assert first.rest() == second.rest() == b"two"
    assert origin.hits("/a") == 1 and "collapsed" in second.headers["Cache-Status"]


def test_two_hundred_misses_at_once_are_one_fetch(levee, origin):
    body = numbered(300_000)
    page = origin.page("/a", [body[:100_000], HOLD, body[100_000:]], cache_control="max-age=60")
    crowd = levee.crowd(200, "/a")
    crowd.wait_started()
    page.release()
    assert all(v.body == body and not v.error for v in crowd.results())
    assert origin.hits("/a") == 1


def test_misses_that_wait_for_the_head_are_one_fetch(levee, origin):
    page = origin.page("/a", "here", cache_control="max-age=60", hold_head=True)
    crowd = levee.crowd(200, "/a")
    origin.wait_for("/a")
    page.release()
    assert all(v.body == b"here" for v in crowd.results())
    assert origin.hits("/a") == 1


def test_an_expired_entry_is_fetched_once_by_a_crowd(levee, origin):
    origin.page("/a", "old", cache_control="max-age=0, must-revalidate", etag='"v1"')
    assert levee.get("/a").rest() == b"old"
    page = origin.page("/a", ["n", HOLD, "ew"], cache_control="max-age=60")
    crowd = levee.crowd(200, "/a")
    crowd.wait_started()
    page.release()
    assert all(v.body == b"new" for v in crowd.results())
    assert origin.hits("/a") == 2


def test_different_keys_are_fetched_side_by_side(levee, origin):
    slow = origin.page("/slow", ["s", HOLD, "low"], cache_control="max-age=60")
    waiting = levee.get("/slow")
    assert waiting.read(1) == b"s"
    origin.page("/quick", "quick", cache_control="max-age=60")
    assert levee.get("/quick").rest() == b"quick"
    slow.release()
    assert waiting.rest() == b"low"
