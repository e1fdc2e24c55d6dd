"""root and alias: files for packagers that write HLS to a directory."""
import os

import pytest
from harness import numbered

BODY = numbered(3 << 20)
FILES = """
types { application/vnd.apple.mpegurl m3u8; video/mp2t ts; }
location /live/ { root @DIR@/www; expires 10s; }
location /moved/ { alias @DIR@/www/live/; index first.m3u8; }
"""
pytestmark = pytest.mark.conf(start=False, server="", locations=FILES)


@pytest.fixture
def files(levee):
    live = levee.directory / "www" / "live"
    live.mkdir(parents=True)
    (live / "first.m3u8").write_text("#EXTM3U\n")
    (live / "one.ts").write_bytes(BODY)
    (live / "empty").write_bytes(b"")
    (levee.directory / "www" / "secret").write_text("secret")
    levee.start()
    return live


def test_a_file_with_its_fields(levee, files):
    response = levee.get("/live/one.ts")
    assert (response.status, response.rest()) == (200, BODY)
    assert response.headers["Content-Type"] == "video/mp2t" and response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Cache-Control"] == "max-age=10" and "Last-Modified" in response.headers
    etag = response.headers["ETag"]
    assert levee.get("/live/one.ts", headers={"If-None-Match": etag}).status == 304
    since = response.headers["Last-Modified"]
    assert levee.get("/live/one.ts", headers={"If-Modified-Since": since}).status == 304
    head = levee.get("/live/one.ts", method="HEAD")
    assert (head.headers["Content-Length"], head.rest()) == (str(len(BODY)), b"")


def test_ranges(levee, files):
    connection = levee.connect()
    response = connection.get("/live/one.ts", headers={"Range": "bytes=1000000-1999999"})
    assert (response.status, response.rest()) == (206, BODY[1_000_000:2_000_000])
    assert response.headers["Content-Range"] == f"bytes 1000000-1999999/{len(BODY)}"
    assert connection.get("/live/one.ts", headers={"Range": f"bytes={len(BODY)}-"}).status == 416
    assert levee.get("/live/one.ts", headers={"Range": "bytes=-5"}).rest() == BODY[-5:]


def test_a_file_that_was_replaced_is_seen_at_once(levee, files):
    before = levee.get("/live/first.m3u8")
    assert before.rest() == b"#EXTM3U\n"
    (files / "new").write_text("#EXTM3U\n#EXT\n")
    os.replace(files / "new", files / "first.m3u8")
    after = levee.get("/live/first.m3u8")
    assert after.rest() == b"#EXTM3U\n#EXT\n" and after.headers["ETag"] != before.headers["ETag"]


def test_alias_index_and_what_is_not_there(levee, files):
    assert levee.get("/moved/one.ts").rest() == BODY
    assert levee.get("/moved/").rest() == b"#EXTM3U\n"
    assert levee.get("/live/empty").rest() == b""
    assert levee.get("/live/none.ts").status == 404
    assert levee.get("/live/").status in (403, 404)
    assert levee.get("/live/one.ts", method="POST", body=b"x").status == 405
    assert levee.get("/live/one.ts/").status == 404


@pytest.mark.parametrize("target", ["/live/../secret", "/live/%2e%2e/secret", "/moved/../secret", "/moved/..%2fsecret",
                                    "/moved../secret", "/live/..%00/secret"])
def test_nothing_outside_of_it(levee, files, target):
    assert b"secret" not in levee.get(target).rest()
