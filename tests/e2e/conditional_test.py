"""A client's conditions are answered at the edge."""
import pytest
from harness import Answer

ETAG, DATE = '"v1"', "Tue, 01 Sep 2026 10:00:00 GMT"


@pytest.mark.parametrize("headers, status", [
    ({"If-None-Match": ETAG}, 304),
    ({"If-None-Match": f"W/{ETAG}"}, 304),
    ({"If-None-Match": f'"x", {ETAG}'}, 304),
    ({"If-None-Match": "*"}, 304),
    ({"If-None-Match": '"x"'}, 200),
    ({"If-Modified-Since": DATE}, 304),
    ({"If-Modified-Since": "Tue, 01 Sep 2026 11:00:00 GMT"}, 304),
    ({"If-Modified-Since": "Tue, 01 Sep 2026 09:00:00 GMT"}, 200),
    ({"If-Modified-Since": "yesterday"}, 200),
    ({"If-None-Match": '"x"', "If-Modified-Since": DATE}, 200),
    ({"If-Match": ETAG}, 200),
    ({"If-Match": '"x"'}, 412),
    ({"If-Match": f"W/{ETAG}"}, 412),
    ({"If-Match": f'"x", {ETAG}'}, 200),
    ({"If-Match": "*"}, 200),
    ({"If-Match": ETAG, "If-None-Match": ETAG}, 304),
    ({"If-Match": ETAG, "If-Unmodified-Since": "Tue, 01 Sep 2026 09:00:00 GMT"}, 200),
    ({"If-Match": '"x"', "If-None-Match": ETAG}, 412),
    ({"If-Unmodified-Since": "Tue, 01 Sep 2026 09:00:00 GMT"}, 412),
    ({"If-Unmodified-Since": DATE}, 200),
    ({"If-Unmodified-Since": "yesterday"}, 200),
    ({"If-Unmodified-Since": DATE, "If-Modified-Since": DATE}, 304),
    ({"If-None-Match": "malformed", "If-Modified-Since": DATE}, 200),
])
def test_from_the_cache(levee, origin, headers, status):
    origin.page("/a", "body", cache_control="max-age=60", etag=ETAG, last_modified=DATE, headers={"Content-Type": "text/plain"})
    assert levee.get("/a").rest() == b"body"
    response = levee.get("/a", headers=headers)
    assert response.status == status
    body = response.rest()
    assert status == 412 or body == (b"body" if status == 200 else b"")
    if status == 304:
        assert response.headers["ETag"] == ETAG and "Cache-Control" in response.headers
        assert "Date" in response.headers
        assert not any(name in response.headers for name in ("Content-Type", "Content-Length", "Transfer-Encoding"))
        response.connection.get("/.generation").rest()  # the connection goes on: there was no body
    assert origin.hits("/a") == 1


def test_a_condition_does_not_reach_the_origin_on_a_miss(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60", etag=ETAG)
    assert levee.get("/a", headers={"If-None-Match": ETAG}).status in (200, 304)
    assert "If-None-Match" not in origin.last("/a").headers
    assert levee.get("/a").rest() == b"body" and origin.hits("/a") == 1


def test_of_what_is_not_kept_the_origin_decides(levee, origin):
    """It had the conditions, and did not think that they hold."""
    origin.page("/a", lambda request: Answer("body", headers={"ETag": ETAG, "Cache-Control": "no-store"}))
    levee.get("/a").rest()
    for condition in {"If-None-Match": ETAG}, {"If-Match": '"x"'}:
        response = levee.get("/a", headers=condition)
        assert (response.status, response.rest()) == (200, b"body")
        assert list(condition)[0] in origin.last("/a").headers
