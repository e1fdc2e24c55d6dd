"""Where levee-bench finds the film that it plays, and what it says where there is none."""
import subprocess

import pytest
from harness import OUT, PATIENCE

PLAN = "deploy { nodes 0; } origin { } duration 2s; %s promise errors 0%%;"
VIEWERS = "viewers step 1;"
REQUESTS = "requests 1 path=/live/index.m3u8;"


def play(folder, lines, *arguments):
    (folder / "evening.plan").write_text(PLAN % lines)
    return subprocess.run([(OUT / "levee-bench").resolve(), *arguments, "evening.plan"], cwd=folder, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=3 * PATIENCE)


@pytest.mark.parametrize("command", ["rehearse", "capacity"])
@pytest.mark.parametrize("lines", [VIEWERS, REQUESTS], ids=["viewers", "requests"])
def test_without_the_film_nothing_is_played(tmp_path, command, lines):
    done = play(tmp_path, lines, command, "--media", "nowhere")
    assert (done.returncode, done.stderr) == (2, "levee-bench: no media in nowhere, and the plan's stream is the film\n")


def test_who_does_not_ask_for_the_film_needs_none(tmp_path):
    done = play(tmp_path, "stream { segment 1s; bitrate 80k; } " + VIEWERS, "rehearse", "--media", "nowhere")
    assert done.returncode == 0, done.stderr


def test_it_is_found_from_any_folder(tmp_path):
    done = play(tmp_path, VIEWERS, "rehearse")
    assert done.returncode == 0, done.stdout + done.stderr
