"""levee-bench rehearse does not blame the target for what it may have broken itself."""
import json
import os
import signal
import subprocess
import time

from harness import OUT, PATIENCE, eventually

PLAN = """
deploy { nodes 0; } origin { } duration 5s;
requests 500 over=4s path=/nothing/at/all; requests 1 path=/object/9/a;
promise errors 0%; promise origin_requests 1; promise wrong_bodies 0;
"""


def test_a_generator_that_stood_still_for_seconds_gives_no_verdict(tmp_path):
    (tmp_path / "evening.plan").write_text(PLAN)
    process = subprocess.Popen([OUT / "levee-bench", "rehearse", "--json", tmp_path / "result", "--html", tmp_path / "page",
                                tmp_path / "evening.plan"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = process.stdout.readline()
    generator = int(open(f"/proc/{process.pid}/task/{process.pid}/children").read().split()[0])  # the process itself is its guard
    os.kill(generator, signal.SIGSTOP)
    stopped = time.monotonic()
    eventually(lambda: time.monotonic() > stopped + 1.5, what="a second and a half has passed")
    os.kill(generator, signal.SIGCONT)
    said += process.communicate(timeout=PATIENCE)[0]
    assert process.returncode == 2, said
    assert said.splitlines()[-1].startswith("No verdict: the generator was the bottleneck, "), said
    assert "so it may have broken errors at most 0.0 %, origin_requests at most 1 itself." in said.splitlines()[-1]
    result = json.loads((tmp_path / "result").read_text())
    assert result["verdict"] == "none" and "late at worst" in result["generator"]["says"]
    assert result["generator"]["lag_ms"]["p99"] > 1000, "the moments that it missed count, each with how late it was"
    assert [each["judged"] for each in result["promises"]] == ["unjudged", "unjudged", "kept"]
    assert "No verdict." in (tmp_path / "page").read_text() and "not judged" in (tmp_path / "page").read_text()
