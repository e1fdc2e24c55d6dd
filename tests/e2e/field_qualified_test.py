"""private="field" and no-cache="field" (RFC 9111 section 5.2.2): stored and shared, but without that field."""
import pytest


@pytest.mark.parametrize("directive", ['private="X-Me"', 'no-cache="X-Me"', 'private="x-other, x-me"', "private=X-Me"])
def test_the_field_is_not_kept_and_nobody_gets_it(levee, origin, directive):
    origin.page("/a", "body", cache_control=f"max-age=60, {directive}", headers=[("X-Me", "secret"), ("X-All", "1")])
    first, second = levee.get("/a"), levee.get("/a")
    assert first.rest() == second.rest() == b"body" and origin.hits("/a") == 1
    assert second.headers["X-All"] == "1" and "X-Me" not in second.headers and "X-Me" not in first.headers


def test_a_cookie_named_so_does_not_keep_the_rest_from_being_shared(levee, origin):
    origin.page("/a", "body", cache_control='max-age=60, private="Set-Cookie"', headers=[("Set-Cookie", "a=b")])
    first, second = levee.get("/a"), levee.get("/a")
    assert first.rest() == second.rest() == b"body" and origin.hits("/a") == 1
    assert "Set-Cookie" not in second.headers


@pytest.mark.parametrize("directive", ["private", "private=", 'private=""'])
def test_without_a_name_it_is_all(levee, origin, directive):
    origin.page("/a", "body", cache_control=f"max-age=60, {directive}")
    levee.get("/a").rest()
    levee.get("/a").rest()
    assert origin.hits("/a") == 2


def test_a_304_does_not_bring_the_field_back(levee, origin):
    origin.page("/a", "body", cache_control='no-cache, private="X-Me"', etag='"v1"', headers=[("X-Me", "secret")])
    for _ in range(3):
        response = levee.get("/a")
        assert response.rest() == b"body" and "X-Me" not in response.headers
    assert origin.last("/a").headers["If-None-Match"] == '"v1"'


@pytest.mark.conf(location="proxy_hide_header X-Inside;")
def test_nor_does_it_bring_back_one_that_is_hidden(levee, origin):
    origin.page("/a", "body", cache_control="no-cache", etag='"v1"', headers=[("X-Inside", "1"), ("Server", "s")])
    for _ in range(3):
        response = levee.get("/a")
        assert response.rest() == b"body" and "X-Inside" not in response.headers and response.headers.get("Server") != "s"
