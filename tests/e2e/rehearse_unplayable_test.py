"""levee-bench rehearse: what answers 200 and cannot be played does not hold, whatever was promised."""
import json
import subprocess

import pytest
from harness import OUT, PATIENCE

PAGE = "<!doctype html><title>Not found</title>"
WRONG = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nwrong.m3u8\n"
EMPTY = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n"


@pytest.fixture
def rehearse(tmp_path, origin):
    def play(playlist, promise):
        origin.page("/live.m3u8", playlist)
        (tmp_path / "evening.plan").write_text(f"target http://{origin.address}/live.m3u8; duration 1s; viewers step 3; promise {promise};")
        done = subprocess.run([OUT / "levee-bench", "rehearse", "--json", tmp_path / "result", tmp_path / "evening.plan"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=3 * PATIENCE)
        return done.returncode, done.stdout, json.loads((tmp_path / "result").read_text())
    return play


@pytest.mark.parametrize("playlist", [PAGE, "", "#EXTM3U\n", EMPTY])
def test_a_playlist_without_anything_to_play_is_an_error(rehearse, playlist):
    code, said, result = rehearse(playlist, "errors 99%")
    assert code == 1 and "It does not hold: errors" in said and result["viewers"]["started"] == 0, said
    assert result["requests"]["errors"] == result["requests"]["sent"] == 3 and "Not tested: not one viewer saw a frame." in said


def test_so_is_that_of_a_rendition(rehearse, origin):
    origin.page("/wrong.m3u8", WRONG)
    code, said, result = rehearse(WRONG, "errors 49%")
    assert code == 1 and result["requests"]["errors"] == 3, said


def test_without_a_frame_there_is_no_yes(rehearse):
    code, said, result = rehearse(PAGE, "errors 100%")
    assert code == 2 and said.endswith("\nNo verdict: every promise was kept, but not one viewer saw a frame.\n")
    assert result["verdict"] == "none" and result["untested"] == ["not one viewer saw a frame"]


def test_a_fault_that_strikes_nothing_tests_nothing(rehearse, tmp_path):
    def play(prefix):
        (tmp_path / "fault.plan").write_text("deploy { nodes 0; } origin { } duration 2s; requests 9 at=1s path=/object/9/a; promise errors 100%;\n"
                                             f"fault 500ms origin 503 prefix={prefix};")
        return subprocess.run([OUT / "levee-bench", "rehearse", "--quiet", tmp_path / "fault.plan"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=3 * PATIENCE)
    missed = play("/elsewhere")
    says = f'every promise was kept, but "origin 503 prefix=/elsewhere" struck no request ({tmp_path}/fault.plan:2).'
    assert missed.returncode == 2 and says in missed.stdout, missed.stdout
    assert play("/object").returncode == 0


def test_what_a_running_origin_refuses_tests_nothing(tmp_path, live_origin):
    (tmp_path / "refused.plan").write_text(f"target http://{live_origin}/; origin http://{live_origin}; duration 2s; requests 9 path=/object/9/a;\n"
                                           "promise errors 0%; fault 500ms origin capacity service=1s;")
    done = subprocess.run([OUT / "levee-bench", "rehearse", "--quiet", tmp_path / "refused.plan"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=3 * PATIENCE)
    assert done.returncode == 2 and 'but the origin refused "capacity?service=1000"' in done.stdout, done.stdout
