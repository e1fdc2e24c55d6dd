"""A simulated viewer asks for what a real player asks for."""
import json
import re
import subprocess
import urllib.request

import pytest
from harness import ADDRESS, OUT, eventually, free_port


def start_origin():
    port = free_port()
    process = subprocess.Popen([OUT / "levee-bench", "origin", "--listen", f"{ADDRESS}:{port}", "--quiet"])
    url = f"http://{ADDRESS}:{port}"

    def answers():
        try:
            return urllib.request.urlopen(url + "/control/counts", timeout=5).read()
        except OSError:
            return None
    eventually(answers, what="the origin answers")
    return process, url


def asked(url, playlist):
    """(requests for the playlist, {segment: requests}, requests for the initialization segment)"""
    paths = json.loads(urllib.request.urlopen(url + "/control/stats", timeout=5).read())["paths"]
    segments = {int(found[1]): counts["requests"] for path, counts in paths.items() if (found := re.search(r"(\d+)\.(m4s|ts)$", path))}
    polls, inits = (paths.get(path, {"requests": 0})["requests"] for path in (playlist, "/live/init.mp4"))
    return polls, segments, inits


@pytest.mark.parametrize("playlist, has_init", [("/live/index.m3u8", True), ("/live/ts.m3u8", False)])
def test_ffmpeg_and_a_simulated_viewer_ask_for_the_same(tmp_path, ffmpeg, playlist, has_init):
    """Two origins have the same stream at the same time, as its numbers follow the clock: one player watches each."""
    (of_player, player_url), (of_viewer, viewer_url) = start_origin(), start_origin()
    try:
        plan = tmp_path / "one.plan"
        plan.write_text(f"target {viewer_url}{playlist}; origin {viewer_url}; duration 12s; viewers step 1;\n"
                        "promise errors 0%; promise stalled_viewers 0%;")
        player = subprocess.Popen([ffmpeg, "-v", "error", "-re", "-i", player_url + playlist, "-f", "null", "-"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(lambda: asked(player_url, playlist)[0], what="the player has begun")
        viewer = subprocess.Popen([OUT / "levee-bench", "rehearse", "--quiet", plan], stdout=subprocess.DEVNULL)
        viewer.wait(60)
        polls, segments, inits = asked(viewer_url, playlist)  # before the player is done, so that both have watched as long
        real_polls, real_segments, real_inits = asked(player_url, playlist)
        player.kill()
        player.wait()
    finally:
        for process in (of_player, of_viewer):
            process.terminate()
            process.wait()
    for each in (segments, real_segments):  # all in a row, each once
        assert sorted(each) == list(range(min(each), max(each) + 1)) and set(each.values()) == {1}
    assert inits == int(has_init) and real_inits >= inits  # ffmpeg takes every new playlist's for another one; players in browsers do not
    assert abs(min(segments) - min(real_segments)) <= 1, "they begin at the same distance from the live edge"
    assert 0 <= max(segments) - max(real_segments) <= 2, "ffmpeg reads on when it has shown what it has"
    # RFC 8216 section 6.3.4: a target duration apart, half of that where nothing was new. ffmpeg asks when it needs a
    # segment: a playlist for each at most, and the first has three.
    assert 6 <= polls <= 8 and 2 <= real_polls <= len(real_segments) - 1, (polls, real_polls)
