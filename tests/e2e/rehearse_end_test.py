"""Whatever ends a rehearsal, nothing of it stays: no process, no file."""
import json
import os
import pathlib
import re
import signal
import subprocess

import pytest
from harness import OUT, eventually

CONF = """
daemon off; pid levee.pid; error_log stderr warn; events { worker_connections 1000; }
http { upstream origin { server @ORIGIN@; } server { listen @ADDRESS@:@PORT@; location / { proxy_pass http://origin; } } }
"""
PLAN = "deploy { nodes 2; conf node.conf; } origin { } stream { segment 1s; bitrate 80k; } duration 1m; viewers step 1; promise errors 1%;"
IN_MEMORY = pathlib.Path("/dev/shm")


def children(pid):
    try:
        return [int(child) for task in os.listdir(f"/proc/{pid}/task")
                for child in open(f"/proc/{pid}/task/{task}/children").read().split()]
    except OSError:
        return []


def family(pid):
    return [pid] + [each for child in children(pid) for each in family(child)]


def is_gone(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture
def start(tmp_path):
    """Starts a command whose scratch folders lie in `place`; waits for a line of output that has the word."""
    (tmp_path / "node.conf").write_text(CONF)
    (tmp_path / "evening.plan").write_text(PLAN)
    place = tmp_path / "scratch"
    place.mkdir()
    running = []

    def run(*words, until):
        process = subprocess.Popen([OUT / "levee-bench", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   env=dict(os.environ, TMPDIR=str(place)))
        running.append(process)
        until(process)
        return process

    run.plan, run.place = tmp_path / "evening.plan", place
    yield run
    for process in running:
        process.kill()
        process.wait()


def says_a_line(process):
    assert "viewers 1" in process.stdout.readline()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_all_and_removes_all_but_what_was_seen(start, number, tmp_path):
    process = start("rehearse", start.plan, "--json", tmp_path / "result", "--html", tmp_path / "page", until=says_a_line)
    everybody = family(process.pid)
    assert len(everybody) == 5 and len(list(start.place.iterdir())) == 1  # guard, rehearsal, origin, two nodes
    process.send_signal(number)
    assert process.wait(20) in (128 + number, 128 + signal.SIGTERM)
    assert all(is_gone(pid) for pid in everybody) and not list(start.place.iterdir())
    assert re.search(r"^No verdict: it was interrupted after .* of 60.0 s.$", process.stdout.read(), re.MULTILINE)
    result = json.loads((tmp_path / "result").read_text())
    assert result["verdict"] == "none" and len(result["by_second"]) >= 2 and result["viewers"]["joined"] == 1
    assert "it was interrupted after" in (tmp_path / "page").read_text()


def test_whoever_reads_no_further_does_not_end_it(start, tmp_path):
    start.plan.write_text(PLAN.replace("1m", "4s"))
    process = start("rehearse", start.plan, "--json", tmp_path / "result", until=says_a_line)
    process.stdout.close()
    assert process.wait(20) == 0 and json.loads((tmp_path / "result").read_text())["verdict"] == "holds"


@pytest.mark.parametrize("which, code", [(1, 128 + signal.SIGKILL), (0, -signal.SIGKILL)], ids=["the rehearsal", "its guard"])
def test_a_kill_leaves_no_process_and_what_it_leaves_goes_with_the_next_run(start, which, code):
    process = start("rehearse", start.plan, until=says_a_line)
    everybody = family(process.pid)
    os.kill(everybody[which], signal.SIGKILL)
    assert process.wait(20) == code
    for pid in everybody:
        eventually(lambda: is_gone(pid), what=f"process {pid} ends")
    assert which == 0 or not list(start.place.iterdir())
    subprocess.run([OUT / "levee-bench", "rehearse", "no.plan"], env=dict(os.environ, TMPDIR=str(start.place)), stderr=subprocess.DEVNULL)
    assert not list(start.place.iterdir())


def test_the_folder_of_a_run_that_goes_on_is_left_alone(start):
    start("rehearse", start.plan, until=says_a_line)
    before = list(start.place.iterdir())
    subprocess.run([OUT / "levee-bench", "rehearse", "no.plan"], env=dict(os.environ, TMPDIR=str(start.place)), stderr=subprocess.DEVNULL)
    assert len(before) == 1 and list(start.place.iterdir()) == before


def test_a_killed_comparison_leaves_nothing_in_memory(start):
    before = set(IN_MEMORY.glob("levee-bench-*"))
    process = start("compare", start.plan, "--servers", "nginx", "--levee", OUT / "levee",
                    until=lambda process: eventually(lambda: len(family(process.pid)) > 4, what="nginx runs"))
    everybody = family(process.pid)
    ours = set(IN_MEMORY.glob("levee-bench-*")) - before
    assert ours
    os.kill(everybody[1], signal.SIGKILL)
    process.wait(20)
    assert all(is_gone(pid) for pid in everybody) and not any(folder.exists() for folder in ours)
