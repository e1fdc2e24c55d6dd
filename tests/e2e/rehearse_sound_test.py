"""A simulated viewer of a stream whose sound has a playlist of its own: it fetches both, and shows what has come of both."""
import json
import subprocess
import threading

import pytest
from harness import OUT, PATIENCE

ALL = """#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="en",DEFAULT=YES,URI="sound/list.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=100000,AUDIO="a"
picture/list.m3u8
"""
PLAN = """target %s; path /all.m3u8; duration 8s; viewers step 1; player { start 2; buffer %s; retry 250ms 1s; }
promise stalled_viewers 0%%; promise not_started 0%%;
"""


def playlist(seconds, count, end="#EXT-X-ENDLIST\n"):
    return "#EXTM3U\n#EXT-X-TARGETDURATION:1\n" + "".join(f"#EXTINF:{seconds},\n{i}.m4s\n" for i in range(count)) + end


def fill(origin, **of_playlist):
    origin.page("/all.m3u8", ALL)
    for kind in ("picture", "sound"):
        origin.page(f"/{kind}/list.m3u8", playlist(1, 4, **of_playlist))
        for i in range(9):
            origin.page(f"/{kind}/{i}.m4s", "x" * 1000)


@pytest.fixture
def watch(tmp_path, origin):
    fill(origin)

    def play(buffer="30s", targets=f"http://{origin.address}/"):
        (tmp_path / "evening.plan").write_text(PLAN % (targets, buffer))
        done = subprocess.run([OUT / "levee-bench", "rehearse", "--json", tmp_path / "result", tmp_path / "evening.plan"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=3 * PATIENCE)
        return done.returncode, done.stdout, json.loads((tmp_path / "result").read_text())
    return play


def test_it_asks_for_all_of_both_once_and_leaves_at_the_end(watch, origin):
    code, said, result = watch()
    assert code == 0, said
    assert all(origin.hits(f"/{kind}/{name}") == 1 for kind in ("picture", "sound") for name in ("list.m3u8", "0.m4s", "3.m4s"))
    assert result["by_second"][-1]["viewers"] == 0 and 3.5 < result["viewers"]["watched_s"] < 4.5


def test_pictures_without_their_sound_are_not_shown(watch, origin):
    origin.page("/sound/2.m4s", "", status=404)
    code, said, result = watch()
    assert code == 1 and result["viewers"]["stalled"] == 1, said
    assert origin.hits("/picture/3.m4s") == 1, "the pictures go on"
    origin.page("/sound/0.m4s", "", status=404)
    code, said, result = watch()
    assert code == 1 and result["viewers"]["started"] == 0, said


def test_a_full_buffer_is_one_of_each(watch, origin):
    origin.page("/sound/1.m4s", "", status=404)
    watch(buffer="1s")
    assert origin.hits("/picture/1.m4s") == 1 and origin.hits("/picture/3.m4s") == 0, "a second of pictures waits for its sound"


def test_sound_in_other_pieces_that_is_longer_ends_with_the_pictures(watch, origin):
    origin.page("/sound/list.m3u8", playlist(0.7, 9))
    code, said, result = watch(buffer="2s")
    assert code == 0, said
    assert result["by_second"][-1]["viewers"] == 0 and result["viewers"]["stalled"] == 0
    assert 3.5 < result["viewers"]["watched_s"] < 4.5, "of sound without pictures nothing is shown"


def test_a_viewer_leaves_a_node_that_is_gone_with_both(watch, origin, new_origin):
    going = new_origin()
    fill(going, end="")
    gone = threading.Timer(2.5, going.stop)
    gone.start()
    code, said, _ = watch(targets=f"http://{going.address}/ http://{origin.address}/")
    gone.join()
    assert code == 0, said
    assert all(origin.hits(f"/{kind}/list.m3u8") == 1 for kind in ("picture", "sound"))
