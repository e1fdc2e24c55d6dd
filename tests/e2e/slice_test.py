"""`slice`: a large file is fetched, collapsed and kept in parts, and put together only of one representation."""
import pytest
from harness import Answer, CUT, HOLD, eventually, numbered

BODY = numbered(10_000)
pytestmark = pytest.mark.conf(location="slice 4000;")


def ranges_of(origin, path="/a"):
    return sorted(request.headers.get("Range", "whole") for request in origin.requests if request.path == path)


def test_the_whole_is_put_together(levee, origin):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    for _ in range(2):
        response = levee.get("/a")
        assert (response.status, response.rest()) == (200, BODY)
        assert response.headers["Content-Length"] == "10000" and "Content-Range" not in response.headers
    assert ranges_of(origin) == ["bytes=0-3999", "bytes=4000-7999", "bytes=8000-11999"]


@pytest.mark.parametrize("value, part, content_range", [
    ("bytes=0-0", BODY[:1], "0-0"), ("bytes=3999-4000", BODY[3999:4001], "3999-4000"), ("bytes=9000-", BODY[9000:], "9000-9999"),
    ("bytes=-10", BODY[-10:], "9990-9999"), ("bytes=10-9000", BODY[10:9001], "10-9000"), ("bytes=0-", BODY, "0-9999")])
def test_a_range_brings_only_its_slices(levee, origin, value, part, content_range):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    response = levee.get("/a", headers={"Range": value})
    assert (response.status, response.rest()) == (206, part)
    assert response.headers["Content-Range"] == f"bytes {content_range}/10000"
    hits = origin.hits("/a")
    assert levee.get("/a", headers={"Range": value}).rest() == part and origin.hits("/a") == hits
    assert "whole" not in ranges_of(origin)


@pytest.mark.parametrize("value, asked", [
    ("bytes=9000-", ["bytes=8000-11999"]), ("bytes=5000-5009", ["bytes=4000-7999"]), ("bytes=4000-", ["bytes=4000-7999", "bytes=8000-11999"]),
    ("bytes=-10", ["bytes=0-3999", "bytes=8000-11999"])])
def test_a_cold_seek_asks_for_its_slice_first(levee, origin, value, asked):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    assert levee.get("/a", headers={"Range": value}).status == 206
    eventually(lambda: ranges_of(origin) == asked)


def test_what_a_seek_brought_is_part_of_the_whole(levee, origin):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    assert levee.get("/a", headers={"Range": "bytes=5000-5009"}).rest() == BODY[5000:5010]
    assert levee.get("/a").rest() == BODY
    assert levee.get("/a", headers={"Range": "bytes=-10"}).rest() == BODY[-10:]
    assert levee.get("/a", method="HEAD").headers["Content-Length"] == "10000"
    assert ranges_of(origin) == ["bytes=0-3999", "bytes=4000-7999", "bytes=8000-11999"]


@pytest.mark.parametrize("value", ["bytes=12000-", "bytes=99999999999-", f"bytes={2**64 - 2}-", f"bytes={2**64 - 5000}-"])
def test_a_seek_beyond_the_end_does_not_bring_the_whole(levee, origin, value):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    response = levee.get("/a", headers={"Range": value})
    assert response.status == 416 and response.headers["Content-Range"] == "bytes */10000"
    assert "whole" not in ranges_of(origin) and origin.hits("/a") <= 2


def test_a_seek_that_if_range_may_turn_into_the_whole_begins_at_the_beginning(levee, origin):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    response = levee.get("/a", headers={"Range": "bytes=9000-", "If-Range": '"v1"'})
    assert response.rest() == BODY[9000:] and "bytes=0-3999" in ranges_of(origin)


def test_a_crowd_costs_one_fetch_a_slice(levee, origin):
    page = origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True, hold_head=True)
    crowd = levee.crowd(40, "/a", headers=lambda i: {"Range": "bytes=5000-"} if i % 2 else {})
    origin.wait_for("/a")
    page.release(10)
    assert all(v.body == (BODY[5000:] if v.index % 2 else BODY) and not v.error for v in crowd.results())
    assert origin.hits("/a") == 3


@pytest.mark.parametrize("headers, status", [({"If-None-Match": '"v1"'}, 304), ({"If-Match": '"v2"'}, 412),
                                             ({"Range": "bytes=10000-"}, 416), ({"Range": "bytes=0-1,5-6"}, 200),
                                             ({"Range": "bytes=0-1", "If-Range": '"v2"'}, 200)])
def test_conditions_and_odd_ranges_are_those_of_the_whole(levee, origin, headers, status):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    response = levee.get("/a", headers=headers)
    assert response.status == status
    if status == 200:
        assert response.rest() == BODY
    if status == 416:
        assert response.headers["Content-Range"] == "bytes */10000"


def test_head(levee, origin):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    response = levee.get("/a", method="HEAD")
    assert (response.status, response.headers["Content-Length"]) == (200, "10000")
    assert ranges_of(origin) == ["bytes=0-3999"]


def test_another_representation_is_not_mixed_in(levee, origin):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    assert levee.get("/a", headers={"Range": "bytes=0-9"}).rest() == BODY[:10]
    other = numbered(10_000, seed=2)
    origin.page("/a", other, cache_control="max-age=60", etag='"v2"', ranges=True)
    assert levee.get("/a").cut() == BODY[:4000]  # its head was out
    assert levee.get("/a").rest() == other


def test_a_seek_after_a_change_is_answered_from_the_new_one(levee, origin):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    assert levee.get("/a", headers={"Range": "bytes=0-9"}).rest() == BODY[:10]
    other = numbered(12_000, seed=2)
    origin.page("/a", other, cache_control="max-age=60", etag='"v2"', ranges=True)
    response = levee.get("/a", headers={"Range": "bytes=9000-"})
    assert response.rest() == other[9000:] and response.headers["ETag"] == '"v2"'


@pytest.mark.parametrize("rest", [{"etag": None}, {"etag": 'W/"v1"'}, {"etag": '"v1"', "ranges": False}])
def test_without_a_strong_validator_or_ranges_the_whole_is_fetched(levee, origin, rest):
    origin.page("/a", BODY, cache_control="max-age=60", **{"ranges": True, **rest})
    assert levee.get("/a", headers={"Range": "bytes=5000-5009"}).rest() == BODY[5000:5010]
    hits = origin.hits("/a")
    assert levee.get("/a").rest() == BODY and origin.hits("/a") == hits <= 2


def test_a_cut_slice_goes_on_where_it_broke(levee, origin):
    page = origin.page("/a", [BODY[:5000], HOLD, CUT, BODY[5000:]], cache_control="max-age=60", etag='"v1"', ranges=True)
    reader = levee.get("/a")
    assert reader.read(4000) == BODY[:4000]
    page.release(5)
    assert reader.rest() == BODY[4000:]


def test_an_error_for_a_slice_cuts_the_answer_and_is_not_stored_as_one(levee, origin):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    assert levee.get("/a", headers={"Range": "bytes=0-9"}).rest() == BODY[:10]
    origin.page("/a", "gone", status=404)
    assert levee.get("/a").cut() == BODY[:4000]
    assert levee.get("/a", headers={"Range": "bytes=9000-"}).status == 404
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    assert levee.get("/a").rest() == BODY


def test_an_unsafe_request_forgets_all_slices(levee, origin):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    assert levee.get("/a").rest() == BODY
    origin.page("/a", "done")
    assert levee.get("/a", method="DELETE").rest() == b"done"
    origin.page("/a", numbered(10_000, seed=3), cache_control="max-age=60", etag='"v1"', ranges=True)
    assert levee.get("/a").rest() == numbered(10_000, seed=3)


def test_stale_slices_are_validated(levee, origin):
    origin.page("/a", BODY, cache_control="no-cache", etag='"v1"', ranges=True)
    assert levee.get("/a").rest() == BODY
    eventually(lambda: origin.sent == len(BODY))  # it counts what it has sent, a moment after
    assert levee.get("/a").rest() == BODY and origin.sent == len(BODY)


def test_an_empty_file(levee, origin):
    none = Answer("", status=416, headers=[("Content-Range", "bytes */0")])
    empty = Answer("", cache_control="max-age=60", etag='"e"')
    origin.page("/a", lambda request: none if "Range" in request.headers else empty)
    response = levee.get("/a")
    assert (response.status, response.rest(), response.headers["Content-Length"]) == (200, b"", "0")


@pytest.mark.conf(location="slice 4000; proxy_cache_key $uri$slice_range; proxy_set_header Range $slice_range;")
def test_a_configuration_of_nginx_works_unchanged(levee, origin):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    assert levee.get("/a").rest() == BODY
    assert levee.get("/a", headers={"Range": "bytes=9000-"}).rest() == BODY[9000:]
    assert origin.hits("/a") == 3


def test_a_reload_with_another_size_in_mid_answer(levee, origin):
    page = origin.page("/a", [BODY[:5000], HOLD, BODY[5000:]], cache_control="max-age=60", etag='"v1"', ranges=True)
    reader = levee.get("/a")
    assert reader.read(4000) == BODY[:4000]
    levee.reload(location="slice 3000;")
    page.release(10)
    assert reader.rest() == BODY[4000:]
    assert levee.get("/a").rest() == BODY
