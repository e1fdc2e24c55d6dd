"""RFC 9111 sections 3.3 and 3.4: what is incomplete is kept as partial content alone, and completed only by its own kind."""
import pytest
from harness import CUT, HOLD, numbered

BODY = numbered(10_000)


def cut_at(levee, origin, size, **rest):
    """A fetch that the origin cuts for good."""
    page = origin.page("/a", [BODY[:size], HOLD, CUT, BODY[size:]], **{"cache_control": "max-age=60", "etag": '"v1"', **rest})
    reader = levee.get("/a")
    assert reader.read(1000) == BODY[:1000]
    page.release(10)
    assert BODY[1000:].startswith(reader.cut())


def test_a_cut_response_is_completed_by_a_range_request(levee, origin):
    cut_at(levee, origin, 4000)
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    response = levee.get("/a")
    assert (response.status, response.rest()) == (200, BODY)
    assert "fwd=partial" in response.headers["Cache-Status"]
    assert origin.last("/a").headers["Range"] == "bytes=4000-" and origin.last("/a").headers["If-Range"] == '"v1"'
    hits = origin.hits("/a")
    assert levee.get("/a").rest() == BODY and origin.hits("/a") == hits


def test_it_serves_the_ranges_that_it_has_and_nothing_else(levee, origin):
    cut_at(levee, origin, 4000)
    origin.page("/a", "another", cache_control="max-age=60", etag='"v2"')
    hits = origin.hits("/a")
    response = levee.get("/a", headers={"Range": "bytes=3000-3999"})
    assert (response.status, response.rest(), response.headers["Content-Range"]) == (206, BODY[3000:4000], "bytes 3000-3999/10000")
    assert origin.hits("/a") == hits
    assert levee.get("/a", headers={"Range": "bytes=3000-4000"}).status == 416  # of the seven bytes that there are now


def test_another_representation_replaces_it(levee, origin):
    cut_at(levee, origin, 4000)
    origin.page("/a", numbered(9000, seed=2), cache_control="max-age=60", etag='"v2"', ranges=True)
    assert levee.get("/a").rest() == numbered(9000, seed=2)
    assert levee.get("/a", headers={"Range": "bytes=0-9"}).rest() == numbered(9000, seed=2)[:10]


@pytest.mark.parametrize("rest", [{"etag": None}, {"etag": 'W/"v1"'}, {"cache_control": "no-store"}, {"framing": "chunked"}])
def test_what_could_not_be_completed_is_not_kept(levee, origin, rest):
    cut_at(levee, origin, 4000, **rest)
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', ranges=True)
    assert levee.get("/a", headers={"Range": "bytes=0-9"}).rest() == BODY[:10]
    assert "Range" not in origin.last("/a").headers or rest.get("cache_control") == "no-store"


@pytest.mark.parametrize("answer", ['206 Partial Content\r\nETag: "v2"\r\nContent-Range: bytes 4000-9999/10000',
                                    '206 Partial Content\r\nETag: "v1"\r\nContent-Range: bytes 4001-9999/10000',
                                    '206 Partial Content\r\nETag: "v1"\r\nContent-Range: bytes 4000-9999/10001',
                                    "206 Partial Content\r\nContent-Range: bytes 4000-9999/10000"])
def test_a_206_that_does_not_fit_is_not_joined(levee, origin, answer):
    cut_at(levee, origin, 4000)
    origin.raw("/a", f"HTTP/1.1 {answer}\r\nCache-Control: max-age=60\r\nContent-Length: 6000\r\n\r\n", BODY[4000:])
    assert levee.get("/a").status == 206  # as it came, since the origin says it again when it is asked for the whole
    assert "Range" not in origin.last("/a").headers
    origin.page("/a", "well", cache_control="max-age=60")
    assert levee.get("/a").rest() == b"well"


def test_a_rest_that_is_too_short_is_cut_off_and_not_kept(levee, origin):
    cut_at(levee, origin, 4000)
    origin.raw("/a", 'HTTP/1.1 206 Partial Content\r\nETag: "v1"\r\nContent-Range: bytes 4000-9999/10000\r\n'
                     "Cache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n", BODY[4000:4005], "\r\n0\r\n\r\n")
    response = levee.get("/a")
    assert response.status == 502 or BODY.startswith(response.cut())
    origin.page("/a", "well", cache_control="max-age=60")
    assert levee.get("/a").rest() == b"well"


def test_a_206_nobody_asked_for_serves_its_bytes_and_no_others(levee, origin):
    origin.raw("/a", 'HTTP/1.1 206 Partial Content\r\nCache-Control: max-age=60\r\nETag: "v1"\r\n'
                     "Content-Range: bytes 10-19/10000\r\nContent-Length: 10\r\n\r\n", BODY[10:20])
    first = levee.get("/a", headers={"Range": "bytes=10-19"})
    assert (first.status, first.rest()) == (206, BODY[10:20])
    hits = origin.hits("/a")
    again = levee.get("/a", headers={"Range": "bytes=12-13"})
    assert (again.status, again.rest(), again.headers["Content-Range"]) == (206, BODY[12:14], "bytes 12-13/10000")
    assert origin.hits("/a") == hits
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"')
    assert levee.get("/a").rest() == BODY


def test_an_unsafe_request_forgets_the_part(levee, origin):
    cut_at(levee, origin, 4000)
    origin.page("/a", "done")
    assert levee.get("/a", method="PUT", body=b"x").rest() == b"done"
    origin.page("/a", numbered(10_000, seed=2), cache_control="max-age=60", etag='"v1"', ranges=True)
    assert levee.get("/a").rest() == numbered(10_000, seed=2)
