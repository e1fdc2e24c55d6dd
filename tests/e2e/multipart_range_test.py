"""Several ranges (RFC 9110 section 14): multipart/byteranges, merged where they touch, and never more than there is."""
import email.parser
import email.policy

import pytest
from harness import HOLD, numbered

BODY = numbered(10_000)


def parts_of(response):
    """[(Content-Range, Content-Type, bytes)] of a multipart answer."""
    body = response.rest()
    assert len(body) == int(response.headers["Content-Length"])
    head = f"Content-Type: {response.headers['Content-Type']}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    assert not message.defects
    return [(p["Content-Range"], p["Content-Type"], p.get_payload(decode=True)) for p in message.iter_parts()]


@pytest.mark.parametrize("value, ranges", [
    ("bytes=0-9,100-109", [(0, 9), (100, 109)]),
    ("bytes=100-109, 0-9", [(100, 109), (0, 9)]),
    ("bytes=0-9,-10", [(0, 9), (9990, 9999)]),
    ("bytes=0-9,20000-,50-59", [(0, 9), (50, 59)]),
    ("bytes=" + ",".join(f"{i}-{i + 9}" for i in range(0, 1600, 100)), [(i, i + 9) for i in range(0, 1600, 100)]),
])
def test_each_part_says_what_it_is(levee, origin, value, ranges):
    origin.page("/a", BODY, cache_control="max-age=60", etag='"v1"', headers={"Content-Type": "video/mp4"})
    levee.get("/a").rest()
    response = levee.get("/a", headers={"Range": value})
    assert response.status == 206 and "Content-Range" not in response.headers
    wanted = [(f"bytes {a}-{b}/10000", "video/mp4", BODY[a:b + 1]) for a, b in ranges]
    assert sorted(parts_of(response)) == sorted(wanted)
    assert response.headers["ETag"] == '"v1"'


@pytest.mark.parametrize("value", ["bytes=0-9,5-14", "bytes=0-9,10-14", "bytes=0-4,0-14", "bytes=0-14,20000-20001"])
def test_what_overlaps_or_touches_is_one_range(levee, origin, value):
    origin.page("/a", BODY, cache_control="max-age=60")
    levee.get("/a").rest()
    response = levee.get("/a", headers={"Range": value})
    assert (response.status, response.rest(), response.headers["Content-Range"]) == (206, BODY[:15], "bytes 0-14/10000")


@pytest.mark.parametrize("value", ["bytes=" + "0-," * 100 + "0-1", "bytes=" + ",".join(f"{i}-{i}" for i in range(0, 100, 2)),
                                   "bytes=0-1,x", "bytes=,", "bytes=1-0,3-4"])
def test_too_many_or_malformed_ones_are_not_there(levee, origin, value):
    origin.page("/a", BODY, cache_control="max-age=60")
    levee.get("/a").rest()
    response = levee.get("/a", headers={"Range": value})
    assert (response.status, response.rest()) == (200, BODY)


def test_several_of_a_filling_entry_bring_the_whole_as_it_comes(levee, origin):
    page = origin.page("/a", [BODY[:5000], HOLD, BODY[5000:]], cache_control="max-age=60")
    whole = levee.get("/a")
    assert whole.read(5000) == BODY[:5000]
    several = levee.get("/a", headers={"Range": "bytes=0-1,10-11"})
    assert several.status == 200 and several.read(5000) == BODY[:5000]
    page.release()
    assert several.rest() == whole.rest() == BODY[5000:]
