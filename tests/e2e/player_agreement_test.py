"""A simulated viewer asks for what a real player asks for."""
import json
import re
import subprocess
import urllib.request

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


def asked(url):
    """(requests for the playlist, {segment: requests}, requests for the initialization segment)"""
    paths = json.loads(urllib.request.urlopen(url + "/control/stats", timeout=5).read())["paths"]
    segments = {int(re.findall(r"(\d+)\.m4s", path)[0]): counts["requests"] for path, counts in paths.items() if ".m4s" in path}
    return paths["/live/index.m3u8"]["requests"], segments, paths["/live/init.mp4"]["requests"]


def test_ffmpeg_and_a_simulated_viewer_ask_for_the_same(tmp_path, ffmpeg):
    """Two origins have the same stream at the same time, as its numbers follow the clock: one player watches each."""
    (of_player, player_url), (of_viewer, viewer_url) = start_origin(), start_origin()
    try:
        plan = tmp_path / "one.plan"
        plan.write_text(f"target {viewer_url}/live/index.m3u8; origin {viewer_url}; duration 12s; viewers step 1;\n"
                        "promise errors 0%; promise stalled_viewers 0%;")
        viewer = subprocess.Popen([OUT / "levee-bench", "rehearse", "--quiet", plan], stdout=subprocess.DEVNULL)
        player = subprocess.Popen([ffmpeg, "-v", "error", "-re", "-i", f"{player_url}/live/index.m3u8", "-f", "null", "-"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        viewer.wait(60)
        polls, segments, inits = asked(viewer_url)  # before the player is done, so that both have watched as long
        real_polls, real_segments, real_inits = asked(player_url)
        player.kill()
        player.wait()
    finally:
        for process in (of_player, of_viewer):
            process.terminate()
            process.wait()
    for each in (segments, real_segments):  # all in a row, each once
        assert sorted(each) == list(range(min(each), max(each) + 1)) and set(each.values()) == {1}
    assert inits == 1 <= real_inits  # ffmpeg takes every new playlist's for another one; players in browsers do not
    assert abs(min(segments) - min(real_segments)) <= 1, "they begin at the same distance from the live edge"
    assert abs(len(segments) - len(real_segments)) <= 2
    assert abs(polls - real_polls) <= 3, (polls, real_polls)
