"""What the proxy_cache directives say: keys, methods, uses, bypass, lifetimes."""
import pytest
from harness import Answer, eventually


@pytest.mark.conf(location="proxy_cache_min_uses 3;")
def test_min_uses(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    for _ in range(5):
        assert levee.get("/a").rest() == b"body"
    assert origin.hits("/a") == 3


@pytest.mark.conf(location="proxy_cache_bypass $http_x_fresh $arg_nocache;")
def test_bypass_asks_the_origin_and_stores(levee, origin):
    origin.page("/a", "old", cache_control="max-age=60")
    assert levee.get("/a").rest() == b"old"
    origin.page("/a", "new", cache_control="max-age=60")
    assert levee.get("/a", headers={"X-Fresh": "0"}).rest() == b"old"
    assert levee.get("/a", headers={"X-Fresh": "1"}).rest() == b"new"
    assert levee.get("/a").rest() == b"new"


@pytest.mark.conf(location="proxy_no_cache $http_x_private;")
def test_no_cache_does_not_store(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    for _ in range(2):
        levee.get("/a", headers={"X-Private": "1"}).rest()
    assert origin.hits("/a") == 2
    levee.get("/a").rest()
    levee.get("/a").rest()
    assert origin.hits("/a") == 3


@pytest.mark.conf(location="proxy_cache_key $uri;")
def test_key(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    for query in ("", "?a", "?b=c"):
        levee.get(f"/a{query}").rest()
    assert origin.hits("/a") == 1


def test_the_default_key_knows_the_query_but_not_the_method(levee, origin):
    origin.page("/a", lambda request: Answer(request.target, cache_control="max-age=60"))
    for target in ("/a?1", "/a?2", "/a?1"):
        assert levee.get(target).rest() == target.encode()
    assert origin.hits() == 2


def test_post_is_not_cached(levee, origin):
    origin.page("/a", lambda request: Answer(request.body, cache_control="max-age=60"))
    for body in (b"one", b"two"):
        assert levee.get("/a", method="POST", body=body).rest() == body


@pytest.mark.conf(location="proxy_cache_valid 200 1m; proxy_cache_valid 404 100ms;")
def test_valid_gives_a_lifetime_to_what_has_none(levee, origin):
    origin.page("/a", "body")
    assert levee.get("/a").rest() == levee.get("/a").rest() == b"body" and origin.hits("/a") == 1
    assert levee.get("/early").status == levee.get("/early").status == 404
    assert origin.hits("/early") == 1
    origin.page("/early", "there")
    eventually(lambda: levee.get("/early").status == 200, within=2)


def test_without_valid_the_origin_decides_alone(levee, origin):
    origin.page("/a", "body")
    for _ in range(2):
        levee.get("/a").rest()
    assert origin.hits("/a") == 2


@pytest.mark.conf(location="proxy_ignore_headers Cache-Control Set-Cookie; proxy_cache_valid 1m;")
def test_ignore_headers(levee, origin):
    origin.page("/a", "body", cache_control="no-store", headers={"Set-Cookie": "a=b"})
    for _ in range(2):
        assert levee.get("/a").rest() == b"body"
    assert origin.hits("/a") == 1
