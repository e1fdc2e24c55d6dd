"""Invariant 3: with a strong validator, a fill goes on where it broke, and its readers never notice."""
import pytest
from harness import CUT, HOLD, RESET, Answer, numbered

BODY = numbered(100_000)


@pytest.mark.parametrize("end", [CUT, RESET])
@pytest.mark.parametrize("framing", ["chunked", "length"])
def test_readers_do_not_notice_a_cut_that_can_be_mended(levee, origin, framing, end):
    page = origin.page("/a", [BODY[:40_000], HOLD, end, BODY[40_000:]], cache_control="max-age=60", etag='"v1"',
                       framing=framing, ranges=True)
    crowd = levee.crowd(20, "/a")
    crowd.wait_started()
    page.release()
    assert all(v.body == BODY and not v.error for v in crowd.results())
    assert levee.get("/a").rest() == BODY
    assert origin.hits("/a") == 2
    again = origin.last("/a").headers
    assert again["Range"].startswith("bytes=4") and again["If-Range"] == '"v1"'


def test_what_has_changed_meanwhile_is_not_mixed_in(levee, origin):
    page = origin.page("/a", [BODY[:40_000], HOLD, CUT, BODY[40_000:]], cache_control="max-age=60", etag='"v1"')
    reader = levee.get("/a")
    assert reader.read(1000) == BODY[:1000]
    origin.page("/a", numbered(100_000, seed=2), cache_control="max-age=60", etag='"v2"', ranges=True)
    page.release()
    assert BODY[1000:].startswith(reader.cut())
    assert levee.get("/a").rest() == numbered(100_000, seed=2)


@pytest.mark.parametrize("etag", [None, 'W/"v1"'])
def test_without_a_strong_validator_there_is_no_going_on(levee, origin, etag):
    page = origin.page("/a", [BODY[:40_000], HOLD, CUT, BODY[40_000:]], cache_control="max-age=60", etag=etag, ranges=True)
    reader = levee.get("/a")
    assert reader.read(1000) == BODY[:1000]
    page.release()
    assert BODY[1000:].startswith(reader.cut())
    assert all("Range" not in request.headers for request in origin.requests)


def test_what_comes_again_and_is_shorter_than_what_was_had_is_not_the_whole(levee, origin):
    page = origin.page("/a", [BODY[:40_000], HOLD, CUT, BODY[40_000:]], cache_control="max-age=60", etag='"v1"', framing="chunked")
    reader = levee.get("/a")
    assert reader.read(1000) == BODY[:1000]
    origin.page("/a", BODY[:30_000], cache_control="max-age=60", etag='"v1"', framing="chunked")
    page.release()
    assert BODY[1000:].startswith(reader.cut())
    assert levee.get("/a").rest() == BODY[:30_000]


def test_a_206_for_another_range_is_refused(levee, origin):
    page = origin.page("/a", [BODY[:40_000], HOLD, CUT, BODY[40_000:]], cache_control="max-age=60", etag='"v1"')
    reader = levee.get("/a")
    assert reader.read(1000) == BODY[:1000]
    origin.raw("/a", 'HTTP/1.1 206 Partial Content\r\nETag: "v1"\r\nContent-Range: bytes 50000-99999/100000\r\n'
                     "Content-Length: 50000\r\n\r\n", BODY[50_000:])
    page.release()
    assert BODY[1000:].startswith(reader.cut())


def test_an_origin_that_refuses_to_go_on_is_asked_again_after_a_moment(levee, origin):
    page = origin.page("/a", [BODY[:40_000], HOLD, CUT, BODY[40_000:]], cache_control="max-age=60", etag='"v1"')
    reader = levee.get("/a")
    assert reader.read(1000) == BODY[:1000]
    whole = Answer(BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    answers = iter([Answer("not now", status=503), whole])
    origin.page("/a", lambda request: next(answers))
    page.release()
    assert reader.rest() == BODY[1000:]
    assert levee.get("/a").rest() == BODY and origin.hits("/a") == 3
