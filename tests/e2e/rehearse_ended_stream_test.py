"""A simulated viewer of a stream that has ended, in sub-ranges of one file: it sees all of it once, and leaves without a stall."""
import json
import subprocess

import pytest
from harness import OUT, PATIENCE

SEGMENTS = "".join(f"#EXTINF:1,\n#EXT-X-BYTERANGE:{size}\nfilm.mp4\n" for size in (1000, 2000, 3000))
PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MAP:URI=\"film.mp4\",BYTERANGE=\"500@6000\"\n" + SEGMENTS
PLAN = """target http://%s/; path /film.m3u8; duration 8s; viewers step 2; player { buffer 30s; }
promise errors 0%%; promise stalled_viewers 0%%; promise not_started 0%%;
"""


@pytest.fixture
def watch(tmp_path, origin):
    origin.page("/film.mp4", bytes(6500), ranges=True)

    def play():
        (tmp_path / "evening.plan").write_text(PLAN % origin.address)
        done = subprocess.run([OUT / "levee-bench", "rehearse", "--json", tmp_path / "result", tmp_path / "evening.plan"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=3 * PATIENCE)
        return done.returncode, done.stdout, json.loads((tmp_path / "result").read_text())
    return play


def ranges(origin):
    return [request.headers.get("Range") for request in origin.requests if request.path == "/film.mp4"]


def test_it_asks_for_each_sub_range_once_and_leaves_at_the_end(watch, origin):
    origin.page("/film.m3u8", PLAYLIST + "#EXT-X-ENDLIST\n")
    code, said, result = watch()
    assert code == 0, said
    assert sorted(ranges(origin)) == sorted(2 * ["bytes=6000-6499", "bytes=0-999", "bytes=1000-2999", "bytes=3000-5999"])
    assert origin.hits("/film.m3u8") == 2, "of a playlist that has ended there is no newer one"
    assert result["by_second"][-1]["viewers"] == 0 and 2 * 2.5 < result["viewers"]["watched_s"] < 2 * 3.5


def test_a_stream_that_does_not_go_on_stalls_its_viewers_until_it_says_that_it_has_ended(watch, origin):
    origin.page("/film.m3u8", PLAYLIST)
    code, said, result = watch()
    assert code == 1 and result["viewers"]["stalled"] == 2, said
    assert result["by_second"][-1]["viewers"] == 2
