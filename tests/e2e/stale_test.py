"""When the origin fails, viewers get the stale copy that proxy_cache_use_stale allows."""
import pytest
from harness import CUT, HOLD, RESET

ALLOWED = "proxy_cache_use_stale error timeout invalid_header http_500 http_502 http_503 http_504; proxy_read_timeout 200ms;"


def expire(levee, origin):
    origin.page("/a", "old", cache_control="max-age=0", etag='"v1"')
    assert levee.get("/a").rest() == b"old"


FAILURES = {
    "refuses": lambda origin: origin.stop(),
    "hangs": lambda origin: origin.raw("/a", HOLD),
    "resets": lambda origin: origin.raw("/a", RESET),
    "hangs up": lambda origin: origin.raw("/a", CUT),
    "hangs up in the head": lambda origin: origin.raw("/a", "HTTP/1.1 200 OK\r\nX: ", CUT),
    "says nonsense": lambda origin: origin.raw("/a", "what\r\n\r\n"),
    "says 500": lambda origin: origin.page("/a", "no", status=500),
    "says 503": lambda origin: origin.page("/a", "no", status=503),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.conf(location=ALLOWED)
def test_a_stale_copy_is_served_when_the_origin(levee, origin, failure):
    expire(levee, origin)
    FAILURES[failure](origin)
    for _ in range(3):
        response = levee.get("/a")
        assert (response.status, response.rest()) == (200, b"old")
        assert "Cache-Status" in response.headers and "Age" in response.headers


@pytest.mark.parametrize("failure, status", [("refuses", 502), ("hangs", 504), ("says 503", 503)])
@pytest.mark.conf(location="proxy_cache_use_stale off; proxy_read_timeout 200ms;")
def test_without_leave_the_failure_is_passed_on(levee, origin, failure, status):
    expire(levee, origin)
    FAILURES[failure](origin)
    assert levee.get("/a").status == status


@pytest.mark.parametrize("forbidding", ["must-revalidate", "proxy-revalidate", "no-cache"])
@pytest.mark.conf(location=ALLOWED)
def test_never_past_what_forbids_it(levee, origin, forbidding):
    origin.page("/a", "old", cache_control=f"max-age=0, {forbidding}", etag='"v1"')
    assert levee.get("/a").rest() == b"old"
    origin.stop()
    assert levee.get("/a").status == 502 or levee.get("/a").status == 504


@pytest.mark.parametrize("failure", [CUT, RESET])
@pytest.mark.parametrize("forbids", ["", ", must-revalidate", ", proxy-revalidate", ", s-maxage=0", ", no-cache"])
def test_who_is_cut_off_from_the_origin_gets_the_stale_copy_unless_forbidden(levee, origin, failure, forbids):
    origin.page("/a", "old", cache_control="max-age=0" + forbids, etag='"1"')
    levee.get("/a").rest()
    origin.raw("/a", failure)
    response = levee.get("/a")
    if forbids:
        assert response.status == 502
    else:
        assert response.rest() == b"old" and "hit" in response.headers["Cache-Status"]
