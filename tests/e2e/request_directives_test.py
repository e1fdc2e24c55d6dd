"""A client's own Cache-Control (RFC 9111 section 5.2.1): obeyed only where `cache_request_directives` is on."""
import pytest
from harness import Answer

OBEYS = pytest.mark.conf(location="cache_request_directives on;")
WISHES = ["no-cache", "no-store", "max-age=0", "min-fresh=3600"]


def ask(levee, value, name="Cache-Control"):
    response = levee.get("/a", headers={name: value})
    response.rest()
    return response


@pytest.mark.parametrize("name, value", [*(("Cache-Control", wish) for wish in WISHES), ("Cache-Control", "only-if-cached"), ("Pragma", "no-cache")])
def test_off_nobody_reaches_the_origin_with_them(levee, origin, name, value):
    origin.page("/a", "body", cache_control="max-age=60")
    for _ in range(3):
        assert ask(levee, value, name).status == 200
    assert origin.hits("/a") == 1


@pytest.mark.parametrize("name, value", [("Cache-Control", "no-cache"), ("Cache-Control", "max-age=0, max-stale=0"),
                                         ("Cache-Control", "min-fresh=3600"), ("Pragma", "no-cache")])
@OBEYS
def test_on_what_is_stored_is_not_good_enough(levee, origin, name, value):
    origin.page("/a", "body", cache_control="max-age=60", headers={"Age": "2"})
    assert ask(levee, "max-age=600").status == 200
    assert ask(levee, value, name).status == 200 and origin.hits("/a") == 2
    assert ask(levee, "max-age=600").status == 200 and origin.hits("/a") == 2  # the new one was stored


@OBEYS
def test_no_store_keeps_nothing(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    for _ in range(2):
        assert ask(levee, "no-store").status == 200
    assert origin.hits("/a") == 2


@OBEYS
def test_cache_control_makes_pragma_void(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    levee.get("/a").rest()
    levee.get("/a", headers={"Cache-Control": "max-age=60", "Pragma": "no-cache"}).rest()
    assert origin.hits("/a") == 1


@OBEYS
def test_only_if_cached_never_asks_the_origin(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    assert ask(levee, "only-if-cached").status == 504 and origin.hits("/a") == 0
    levee.get("/a").rest()
    assert ask(levee, "only-if-cached").status == 200 and origin.hits("/a") == 1
