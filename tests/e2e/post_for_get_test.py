"""RFC 9110 section 9.3.3: the answer to a POST serves later GETs if it says so, with a lifetime and Content-Location."""
import pytest
from harness import HOLD

HERE = [("Content-Location", "/a")]


def test_a_get_is_answered_from_it(levee, origin):
    origin.page("/a", "new", cache_control="max-age=60", headers=HERE)
    posted = levee.get("/a", "POST", body=b"x")
    assert posted.rest() == b"new" and "fwd=method" in posted.headers["Cache-Status"]
    again = levee.get("/a")
    assert again.rest() == b"new" and "hit" in again.headers["Cache-Status"] and origin.hits("/a") == 1
    assert levee.get("/a", "POST", body=b"x").rest() == b"new" and origin.hits("/a") == 2  # a POST is never answered so


def test_it_replaces_what_was_stored(levee, origin):
    origin.page("/a", "old", cache_control="max-age=60")
    assert levee.get("/a").rest() == b"old"
    origin.page("/a", "new", cache_control="max-age=60", headers=HERE)
    assert levee.get("/a", "POST", body=b"x").rest() == b"new"
    assert levee.get("/a").rest() == b"new" and origin.hits("/a") == 2


@pytest.mark.parametrize("rest", [
    {"cache_control": "max-age=60"}, {"headers": HERE}, {"cache_control": "no-store", "headers": HERE},
    {"cache_control": "private, max-age=60", "headers": HERE}, {"cache_control": "max-age=60", "headers": [("Content-Location", "/b")]},
    {"cache_control": "max-age=60", "headers": [("Content-Location", "http://other.example/a")]},
    {"cache_control": "max-age=60", "headers": HERE + [("Set-Cookie", "a=b")]},
    {"cache_control": "max-age=60", "headers": HERE, "status": 201}, {"cache_control": "max-age=60", "headers": HERE, "status": 500}])
def test_otherwise_it_is_not_kept(levee, origin, rest):
    origin.page("/a", "posted", **rest)
    assert levee.get("/a", "POST", body=b"x").rest() == b"posted"
    origin.page("/a", "got", cache_control="max-age=60")
    assert levee.get("/a").rest() == b"got"


def test_a_cut_one_is_not_kept(levee, origin):
    origin.raw("/a", "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Location: /a\r\nContent-Length: 9\r\n\r\nhalf")
    response = levee.get("/a", "POST", body=b"x")
    assert response.status == 502 or b"half".startswith(response.cut())
    origin.page("/a", "got", cache_control="max-age=60")
    assert levee.get("/a").rest() == b"got"


def test_a_get_joins_it_on_its_way(levee, origin):
    page = origin.page("/a", ["one", HOLD, "two"], cache_control="max-age=60", headers=HERE)
    poster = levee.get("/a", "POST", body=b"x")
    assert poster.read(3) == b"one"
    getter = levee.get("/a")
    assert getter.read(3) == b"one"
    page.release()
    assert poster.rest() == getter.rest() == b"two" and origin.hits("/a") == 1
