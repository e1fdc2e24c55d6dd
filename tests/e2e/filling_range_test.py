"""Ranges of an entry that is still filling: what is there goes at once, the rest when it comes, and a cut is a cut."""
import pytest
from harness import CUT, HOLD, numbered

BODY = numbered(10_000)


@pytest.fixture
def filling(levee, origin):
    page = origin.page("/a", [BODY[:5000], HOLD, BODY[5000:]], cache_control="max-age=60", etag='"v1"')
    whole = levee.get("/a")
    assert whole.read(5000) == BODY[:5000]
    yield page
    page.release()
    assert whole.rest() == BODY[5000:] and origin.hits("/a") == 1


@pytest.mark.parametrize("value, content_range, early, late", [
    ("bytes=4000-", "bytes 4000-9999/10000", BODY[4000:5000], BODY[5000:]),
    ("bytes=4990-5009", "bytes 4990-5009/10000", BODY[4990:5000], BODY[5000:5010]),
    ("bytes=-100", "bytes 9900-9999/10000", b"", BODY[9900:]),
    ("bytes=6000-6001", "bytes 6000-6001/10000", b"", BODY[6000:6002])])
def test_the_bytes_that_are_there_come_at_once(levee, filling, value, content_range, early, late):
    part = levee.get("/a", headers={"Range": value})
    assert (part.status, part.headers["Content-Range"]) == (206, content_range)
    assert part.read(len(early)) == early
    filling.release()
    assert part.rest() == late


def test_conditions_do_not_wait_for_the_rest(levee, filling):
    assert levee.get("/a", headers={"If-None-Match": '"v1"'}).status == 304
    assert levee.get("/a", headers={"Range": "bytes=10000-"}).status == 416
    assert levee.get("/a", headers={"Range": "bytes=0-1", "If-Range": '"v2"'}).read(3) == BODY[:3]
    assert levee.get("/a", method="HEAD").headers["Content-Length"] == "10000"


def test_of_an_unknown_length_the_whole_comes(levee, origin):
    page = origin.page("/a", [BODY[:5000], HOLD, BODY[5000:]], cache_control="max-age=60", framing="chunked")
    whole = levee.get("/a")
    assert whole.read(5000) == BODY[:5000]
    part = levee.get("/a", headers={"Range": "bytes=-100"})
    assert part.status == 200 and part.read(5000) == BODY[:5000]
    page.release()
    assert part.rest() == whole.rest() == BODY[5000:]
    assert levee.get("/a", headers={"Range": "bytes=-100"}).rest() == BODY[-100:]


def test_a_range_beyond_the_cut_is_cut_and_one_before_it_is_not(levee, origin):
    page = origin.page("/a", [BODY[:5000], HOLD, CUT, BODY[5000:]], cache_control="max-age=60")
    whole = levee.get("/a")
    assert whole.read(5000) == BODY[:5000]
    before, across = (levee.get("/a", headers={"Range": value}) for value in ("bytes=10-19", "bytes=4995-5004"))
    assert before.rest() == BODY[10:20] and across.read(5) == BODY[4995:5000]
    page.release()
    assert across.cut() == b"" and whole.cut() == b""
