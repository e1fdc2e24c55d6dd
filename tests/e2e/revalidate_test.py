"""An expired entry with a validator is asked for again by that validator; a 304 makes it fresh."""
import pytest
from harness import HOLD, Answer


@pytest.mark.parametrize("validator, condition", [
    ({"etag": '"v1"'}, "If-None-Match"), ({"etag": 'W/"v1"'}, "If-None-Match"),
    ({"last_modified": "Tue, 01 Sep 2026 10:00:00 GMT"}, "If-Modified-Since")])
def test_a_304_freshens_the_entry(levee, origin, validator, condition):
    origin.page("/a", "body", cache_control="max-age=0", headers={"X-Take": "1"}, **validator)
    assert levee.get("/a").rest() == b"body"
    origin.page("/a", lambda request: Answer(status=304, cache_control="max-age=60", headers={"X-Take": "2"}, **validator))
    again = levee.get("/a")
    assert (again.status, again.rest(), again.headers["X-Take"]) == (200, b"body", "2")
    assert origin.last("/a").headers[condition] == list(validator.values())[0]
    assert levee.get("/a").rest() == b"body"
    assert origin.hits("/a") == 2


def test_a_200_replaces_it(levee, origin):
    origin.page("/a", "old", cache_control="max-age=0", etag='"v1"')
    assert levee.get("/a").rest() == b"old"
    origin.page("/a", "new", cache_control="max-age=60", etag='"v2"')
    assert levee.get("/a").rest() == b"new" == levee.get("/a").rest()
    assert origin.hits("/a") == 2


def test_a_crowd_waits_for_one_validation(levee, origin):
    origin.page("/a", "body", cache_control="max-age=0, must-revalidate", etag='"v1"')
    assert levee.get("/a").rest() == b"body"
    page = origin.page("/a", "body", cache_control="max-age=60", etag='"v1"', hold_head=True)
    crowd = levee.crowd(100, "/a")
    origin.wait_for("/a", hits=2)
    page.release()
    assert all((v.status, v.body) == (200, b"body") for v in crowd.results())
    assert origin.hits("/a") == 2


def test_no_cache_is_stored_and_validated_each_time(levee, origin):
    origin.page("/a", "body", cache_control="no-cache", etag='"v1"')
    for _ in range(3):
        assert levee.get("/a").rest() == b"body"
    assert origin.hits("/a") == 3
    assert origin.last("/a").headers["If-None-Match"] == '"v1"'


def test_readers_of_the_old_body_are_not_disturbed(levee, origin):
    body = "x" * (8 << 20)
    origin.page("/a", body, cache_control="max-age=0", etag='"v1"')
    levee.get("/a").rest()
    slow = levee.get("/a", rcvbuf=4096)
    assert slow.read(10)
    origin.page("/a", ["new", HOLD], cache_control="max-age=60", etag='"v2"').release()
    assert levee.get("/a").rest() == b"new"
    assert len(slow.rest()) == len(body) - 10
