"""RFC 5861: stale-while-revalidate and stale-if-error."""
import pytest
from harness import HOLD, eventually


def test_a_stale_copy_is_sent_at_once_and_refreshed_behind_it(levee, origin):
    origin.page("/a", "old", cache_control="max-age=0, stale-while-revalidate=60")
    assert levee.get("/a").rest() == b"old"
    page = origin.page("/a", "new", cache_control="max-age=60", hold_head=True)
    connection = levee.connect()
    assert connection.get("/a").rest() == b"old"
    origin.wait_for("/a", hits=2)
    # The refresh stands at the origin; the connection that caused it goes on.
    assert connection.get("/.generation").rest() == b"generation 1"
    assert connection.get("/a").rest() == b"old"
    crowd = levee.crowd(50, "/a")
    assert all(v.body == b"old" for v in crowd.results())
    assert origin.hits("/a") == 2
    page.release()
    eventually(lambda: levee.get("/a").rest() == b"new")
    assert origin.hits("/a") == 2


@pytest.mark.conf(location="proxy_cache_use_stale updating; proxy_cache_background_update on;")
def test_the_configuration_can_allow_it(levee, origin):
    origin.page("/a", "old", cache_control="max-age=0", etag='"v1"')
    assert levee.get("/a").rest() == b"old"
    page = origin.page("/a", ["n", HOLD, "ew"], cache_control="max-age=60")
    assert levee.get("/a").rest() == b"old"
    origin.wait_for("/a", hits=2)
    page.release()
    eventually(lambda: levee.get("/a").rest() == b"new")
    assert origin.hits("/a") == 2


def test_a_refresh_that_fails_leaves_the_stale_copy(levee, origin):
    origin.page("/a", "old", cache_control="max-age=0, stale-while-revalidate=60, stale-if-error=60")
    assert levee.get("/a").rest() == b"old"
    origin.stop()
    for _ in range(5):
        assert levee.get("/a").rest() == b"old"


@pytest.mark.parametrize("window, status", [("stale-if-error=60", 200), ("stale-if-error=0", 502), ("public", 502)])
def test_stale_if_error(levee, origin, window, status):
    origin.page("/a", "old", cache_control=f"max-age=0, {window}")
    assert levee.get("/a").rest() == b"old"
    origin.stop()
    assert levee.get("/a").status == status


def test_stale_if_error_covers_a_5xx(levee, origin):
    origin.page("/a", "old", cache_control="max-age=0, stale-if-error=60")
    assert levee.get("/a").rest() == b"old"
    origin.page("/a", "broken", status=503)
    assert levee.get("/a").rest() == b"old"
