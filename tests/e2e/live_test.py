"""A real player watches a live stream through Levee."""
import pathlib
import re
import subprocess

import pytest

LIVE = pathlib.Path(__file__).parents[2] / "conf" / "examples" / "live.conf"


@pytest.fixture
def live(levee, live_origin):
    """Levee in front of the bundled stream, with the example's own configuration."""
    whole = LIVE.read_text()
    for theirs, ours in (("127.0.0.1:8081", live_origin), ("127.0.0.1:8080", "@ADDRESS@:@PORT@"), ("pid levee.pid", "pid @DIR@/levee.pid")):
        assert theirs in whole
        whole = whole.replace(theirs, ours)
    return levee.start(whole=whole)


@pytest.mark.conf(start=False)
def test_ffmpeg_plays_thirty_seconds_without_an_error(live, ffmpeg):
    players = [subprocess.Popen([ffmpeg, "-v", "error", "-i", f"http://{live.address[0]}:{live.port()}/live/{playlist}",
                                 "-t", "30", "-f", "null", "-", "-progress", "pipe:1"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
               for playlist in ("index.m3u8", "ts.m3u8")]
    for player in players:
        progress, said = player.communicate(timeout=120)
        assert player.returncode == 0 and said == "", said
        assert int(re.findall(r"out_time_us=(\d+)", progress)[-1]) >= 29_000_000
