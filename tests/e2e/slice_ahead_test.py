"""`slice`: one slice ahead of a reader is fetched while the origin has room, and no more than that."""
import pytest
from harness import HOLD, eventually, numbered

SIZE = 100_000
BODY = numbered(5 * SIZE)
SLICED = pytest.mark.conf(location=f"slice {SIZE};")
LIMITED = pytest.mark.conf(
    http="upstream group { server @ORIGIN@; concurrency 1; }",
    locations="location /g/ { proxy_pass http://group/; proxy_cache main; slice %d; }" % SIZE)


def slices_of(origin):
    return sorted(int(request.headers["Range"].split("=")[1].split("-")[0]) // SIZE for request in origin.requests)


def page(origin, *body):
    return origin.page("/a", list(body) or BODY, cache_control="max-age=60", etag='"v1"', ranges=True)


@SLICED
def test_the_next_slice_is_asked_for_before_the_reader_is_there(levee, origin):
    held = page(origin, BODY[:SIZE // 2], HOLD, BODY[SIZE // 2:])
    reader = levee.get("/a")
    assert reader.read(1000) == BODY[:1000]
    eventually(lambda: slices_of(origin) == [0, 1])
    held.release()
    assert reader.rest() == BODY[1000:] and slices_of(origin) == [0, 1, 2, 3, 4]


@SLICED
def test_what_the_answer_does_not_need_is_not_fetched(levee, origin):
    page(origin)
    assert levee.get("/a", headers={"Range": f"bytes=10-{SIZE - 1}"}).rest() == BODY[10:SIZE]
    assert levee.get("/a", method="HEAD").status == 200
    assert levee.get("/a", headers={"If-None-Match": '"v1"'}).status == 304
    assert levee.get("/a", headers={"Range": f"bytes=10-{SIZE}"}).rest() == BODY[10:SIZE + 1]
    assert slices_of(origin) == [0, 1]


@LIMITED
def test_an_origin_at_its_limit_is_not_asked_ahead(levee, origin):
    held = page(origin, BODY[:SIZE // 2], HOLD, BODY[SIZE // 2:])
    reader = levee.get("/g/a")
    assert reader.read(1000) == BODY[:1000]
    eventually(lambda: held.held == 1)
    assert slices_of(origin) == [0]
    held.release()
    assert reader.rest() == BODY[1000:] and slices_of(origin) == [0, 1, 2, 3, 4]


@SLICED
def test_a_reader_who_stops_has_one_slice_ahead(levee, origin):
    big = numbered(200 * SIZE)
    origin.page("/a", big, cache_control="max-age=60", etag='"v1"', ranges=True)
    reader = levee.get("/a", rcvbuf=4096)
    assert reader.read(10) == big[:10]
    counts = []

    def is_still():
        counts.append(origin.hits("/a"))
        return len(counts) > 20 and len(set(counts[-20:])) == 1

    eventually(is_still)
    assert 2 <= counts[-1] < 150  # what the sockets hold, and one more


@SLICED
def test_a_change_found_ahead_cuts_the_reader_at_the_boundary(levee, origin):
    held = page(origin, BODY[:SIZE // 2], HOLD, BODY[SIZE // 2:])
    reader = levee.get("/a")
    assert reader.read(1000) == BODY[:1000]
    eventually(lambda: slices_of(origin) == [0, 1])
    other = numbered(5 * SIZE, seed=2)
    origin.page("/a", other, cache_control="max-age=60", etag='"v2"', ranges=True)
    held.release()
    assert reader.cut() == BODY[1000:2 * SIZE]
    assert levee.get("/a").rest() == other
