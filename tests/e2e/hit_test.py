"""Invariant 7, as far as a test can see it: a hit asks nobody, and many at once get the same bytes."""
import hashlib

import pytest
from harness import numbered


@pytest.mark.parametrize("size", [0, 1, 1000, 65536, 5_000_000])
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_a_stored_body_is_the_origins(levee, origin, size, framing):
    body = numbered(size)
    origin.page("/a", body, cache_control="max-age=60", framing=framing)
    for _ in range(2):
        assert levee.get("/a").rest() == body
    origin.stop()
    hit = levee.get("/a")
    assert hit.rest() == body and hit.headers["Content-Length"] == str(size)


def test_a_thousand_at_once(levee, origin):
    body = numbered(100_000)
    origin.page("/a", body, cache_control="max-age=60")
    assert levee.get("/a").rest() == body
    wanted = hashlib.sha256(body).digest()
    for visitor in levee.crowd(1000, "/a").results():
        assert not visitor.error and hashlib.sha256(visitor.body).digest() == wanted
    assert origin.hits("/a") == 1


def test_text_is_the_same_after_it_has_rested(levee, origin):
    playlist = "#EXTM3U\n" + "".join(f"#EXTINF:2.000,\n{n}.ts\n" for n in range(5000))
    origin.page("/a.m3u8", playlist, cache_control="max-age=60", headers={"Content-Type": "application/vnd.apple.mpegurl"})
    for _ in range(3):
        assert levee.get("/a.m3u8").rest() == playlist.encode()
    assert levee.get("/a.m3u8", headers={"Range": "bytes=100-199"}).rest() == playlist.encode()[100:200]
    assert levee.get("/a.m3u8", headers={"Accept-Encoding": "gzip, lz4"}).rest() == playlist.encode()
