"""Waiters of a flight wait for a bounded time, and never go round it."""
import pytest
from harness import HOLD, eventually


@pytest.mark.conf(location="proxy_cache_lock_timeout 200ms; proxy_read_timeout 30s;")
def test_a_waiter_is_given_up_and_the_origin_is_not_asked_again(levee, origin):
    page = origin.page("/a", "body", cache_control="max-age=60", hold_head=True)
    leader = levee.get("/a")
    origin.wait_for("/a")
    crowd = levee.crowd(20, "/a")
    assert all(v.status == 504 for v in crowd.results())
    assert origin.hits("/a") == 1
    page.release()
    assert leader.status in (200, 504)
    eventually(lambda: levee.get("/a").rest() == b"body")
    assert origin.hits("/a") == 1


@pytest.mark.conf(location="proxy_cache_lock_timeout 200ms; proxy_cache_use_stale timeout; proxy_read_timeout 30s;")
def test_a_waiter_gets_a_stale_copy_if_there_is_one(levee, origin):
    origin.page("/a", "old", cache_control="max-age=0", etag='"v1"')
    assert levee.get("/a").rest() == b"old"
    page = origin.raw("/a", HOLD)
    levee.get("/a")
    origin.wait_for("/a", hits=2)
    assert all(v.body == b"old" for v in levee.crowd(20, "/a").results())
    assert origin.hits("/a") == 2
    page.release()


@pytest.mark.conf(location="proxy_read_timeout 200ms;")
def test_a_hanging_origin_is_given_up_for_all(levee, origin):
    origin.raw("/a", HOLD)
    assert all(v.status == 504 for v in levee.crowd(50, "/a").results())
    assert origin.hits("/a") <= 2


def test_a_failure_is_shared_by_those_who_waited_for_it(levee, origin):
    page = origin.page("/a", "sorry", status=500, hold_head=True)
    crowd = levee.crowd(50, "/a")
    origin.wait_for("/a")
    page.release()
    assert {v.status for v in crowd.results()} == {500}


@pytest.mark.conf(location="proxy_cache_lock off;")
def test_lock_off_still_shares_a_flight_of_what_is_cacheable(levee, origin):
    page = origin.page("/a", ["one", HOLD, "two"], cache_control="max-age=60")
    crowd = levee.crowd(20, "/a")
    crowd.wait_started()
    page.release()
    assert all(v.body == b"onetwo" for v in crowd.results())
