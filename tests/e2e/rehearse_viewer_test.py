"""A simulated viewer that is refused: it asks again after ever longer pauses, its latency is from when the segment was due, its stalls
count once for the viewer."""
import json
import subprocess

import pytest
from harness import OUT, PATIENCE

# The fault strikes segments, whose numbers begin with a 1, and not the playlist.
PLAN = """deploy { nodes 0; } origin { } stream { segment 1s; bitrate 80k; } viewers step 1; promise errors 100%%; promise segment_first_byte_p99 500ms;
duration %s; player { behind 1; retry %s; } %s
"""
STRIKE = "fault %s origin 503 %s prefix=/sim/10000x1000/c0/1;"


@pytest.fixture
def rehearse(tmp_path):
    def play(duration, retry, *strikes):
        (tmp_path / "evening.plan").write_text(PLAN % (duration, retry, " ".join(STRIKE % strike for strike in strikes)))
        subprocess.run([OUT / "levee-bench", "rehearse", "--quiet", "--json", tmp_path / "result", tmp_path / "evening.plan"],
                       stdout=subprocess.DEVNULL, timeout=3 * PATIENCE)
        return json.loads((tmp_path / "result").read_text())
    return play


def test_it_asks_again_after_pauses_that_double_up_to_the_longest(rehearse):
    errors = rehearse("6500ms", "250ms 1s", ("1s", ""))["requests"]["errors"]
    assert 6 <= errors <= 8  # at 0, 0.25, 0.75, 1.75, 2.75, 3.75 s and on, from the first segment after the first second


def test_what_came_at_the_second_try_was_due_at_the_first(rehearse):
    result = rehearse("6s", "1s 8s", ("2s", "for=1500ms"))
    assert result["latency_ms"]["segment_first_byte"]["max"] > 1000 and result["requests"]["errors"] >= 1


def test_a_viewer_who_stalls_twice_is_one_who_stalled(rehearse):
    result = rehearse("12s", "250ms 250ms", ("2s", "for=2s"), ("6s", "for=5s"))  # by then it holds what it missed before
    assert result["viewers"]["stalled"] == 1 and sum(second["stalls"] for second in result["by_second"]) >= 2
    assert 1 < result["viewers"]["stall_s"] < 7
