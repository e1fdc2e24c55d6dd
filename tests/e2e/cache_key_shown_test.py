"""Cache-Status says under which key a response is kept (RFC 9211 section 2.8), without the origin's address."""
import pytest


def test_scheme_and_origin_are_left_out(levee, origin):
    origin.page("/a", "x", cache_control="max-age=60")
    for _ in range(2):
        response = levee.get("/a?b=1")
        response.rest()
        assert response.headers["Cache-Status"].endswith('; key="/a?b=1"')
        assert str(origin.port) not in response.headers["Cache-Status"]


@pytest.mark.conf(location="proxy_cache_key $scheme$proxy_host$uri$arg_v;")
def test_also_of_a_key_of_ones_own(levee, origin):
    origin.page("/a", "x", cache_control="max-age=60")
    assert 'key="/a7"' in levee.get("/a?v=7&w=1").headers["Cache-Status"]


@pytest.mark.conf(location="slice 1k;")
def test_of_slices_it_is_that_of_the_whole(levee, origin):
    origin.page("/a", "x" * 3000, cache_control="max-age=60", etag='"v"', ranges=True)
    for value in ("bytes=0-1", "bytes=2000-"):
        response = levee.get("/a", headers={"Range": value})
        response.rest()
        assert response.headers["Cache-Status"].endswith('; key="/a"')


def test_what_is_not_kept_has_none(levee, origin):
    origin.page("/a", "x", cache_control="no-store")
    assert "key=" not in levee.get("/a").headers["Cache-Status"]
