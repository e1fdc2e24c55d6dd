"""Ranges are cut from what is stored, and from what is still on its way."""
import time
from email.utils import formatdate

import pytest
from harness import HOLD, numbered

BODY = numbered(10_000)


@pytest.mark.parametrize("value, status, part, content_range", [
    ("bytes=0-0", 206, BODY[:1], "bytes 0-0/10000"),
    ("bytes=100-199", 206, BODY[100:200], "bytes 100-199/10000"),
    ("bytes=9000-", 206, BODY[9000:], "bytes 9000-9999/10000"),
    ("bytes=-10", 206, BODY[-10:], "bytes 9990-9999/10000"),
    ("bytes=-20000", 206, BODY, "bytes 0-9999/10000"),
    ("bytes=9990-20000", 206, BODY[9990:], "bytes 9990-9999/10000"),
    ("bytes=10000-", 416, None, "bytes */10000"),
    ("bytes=-0", 416, None, "bytes */10000"),
    ("bytes=5-4", 200, BODY, None),
    ("lines=1-2", 200, BODY, None),
    ("bytes=x-", 200, BODY, None),
])
def test_of_a_stored_body(levee, origin, value, status, part, content_range):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"')
    assert levee.get("/a").rest() == BODY
    response = levee.get("/a", headers={"Range": value})
    body = response.rest()
    assert (response.status, response.headers.get("Content-Range")) == (status, content_range)
    assert part is None or body == part
    assert origin.hits("/a") == 1


def test_of_a_miss_fetches_the_whole(levee, origin):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    assert levee.get("/a", headers={"Range": "bytes=100-199"}).rest() == BODY[100:200]
    assert levee.get("/a").rest() == BODY
    assert origin.hits("/a") == 1


def test_that_has_arrived_is_sent_while_the_rest_is_on_its_way(levee, origin):
    page = origin.page("/a", [BODY[:5000], HOLD, BODY[5000:]], cache_control="max-age=60", etag='"v1"')
    whole = levee.get("/a")
    assert whole.read(5000) == BODY[:5000]
    assert levee.get("/a", headers={"Range": "bytes=100-199"}).rest() == BODY[100:200]
    page.release()
    assert whole.rest() == BODY[5000:] and origin.hits("/a") == 1


@pytest.mark.parametrize("condition, status", [('"v1"', 206), ('"v2"', 200), ('W/"v1"', 200)])
def test_if_range(levee, origin, condition, status):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"')
    levee.get("/a").rest()
    response = levee.get("/a", headers={"Range": "bytes=0-9", "If-Range": condition})
    assert response.status == status and response.rest() == (BODY[:10] if status == 206 else BODY)


@pytest.mark.parametrize("age, condition, status", [(3600, 0, 206), (3600, -1, 200), (3600, 1, 200), (0, 0, 200)])
def test_if_range_with_a_date(levee, origin, age, condition, status):
    """Exactly Last-Modified, and that must be older than Date (RFC 9110 section 13.1.5)."""
    now = time.time()
    origin.page("/a", BODY, cache_control="max-age=60", last_modified=formatdate(now - age, usegmt=True),
                headers=[("Date", formatdate(now, usegmt=True))])
    levee.get("/a").rest()
    date = formatdate(now - age + condition, usegmt=True)
    response = levee.get("/a", headers={"Range": "bytes=0-9", "If-Range": date})
    assert response.status == status and response.rest() == (BODY[:10] if status == 206 else BODY)


def test_several_ranges(levee, origin):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"')
    levee.get("/a").rest()
    response = levee.get("/a", headers={"Range": "bytes=0-9,100-109"})
    body = response.rest()
    if response.status == 206:
        assert response.headers["Content-Type"].startswith("multipart/byteranges")
        assert BODY[:10] in body and BODY[100:110] in body and b"bytes 100-109/10000" in body
    else:
        assert (response.status, body) == (200, BODY)


def test_only_of_a_200_and_only_for_get(levee, origin):
    origin.page("/none", "no such", status=404, cache_control="max-age=60")
    origin.page("/a", "0123456789", cache_control="max-age=60")
    for _ in range(2):
        response = levee.get("/none", headers={"Range": "bytes=0-1"})
        assert (response.status, response.rest()) == (404, b"no such")
        response = levee.get("/a", method="HEAD", headers={"Range": "bytes=0-1"})
        assert (response.status, response.headers["Content-Length"], response.rest()) == (200, "10", b"")
    assert levee.get("/a", method="POST", headers={"Range": "bytes=0-1", "If-Range": '"x"'}, body=b"x").status == 200
    seen = origin.last("/a").headers
    assert "Range" not in seen and "If-Range" not in seen


def test_there_is_one_content_range_whatever_the_origin_says(levee, origin):
    origin.page("/a", "0123456789", cache_control="max-age=60", headers={"Content-Range": "bytes 5-6/7"})
    for _ in range(2):
        response = levee.get("/a", headers={"Range": "bytes=2-3"})
        assert (response.status, response.rest()) == (206, b"23")
        assert response.headers.all("Content-Range") == ["bytes 2-3/10"]
