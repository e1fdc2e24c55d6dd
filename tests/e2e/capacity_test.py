"""levee-bench capacity: what it finds, what it says of the reason, and that it ends."""
import json
import os
import signal
import subprocess
import time

import pytest
from harness import OUT, PATIENCE, eventually

CONF = """
daemon off; pid levee.pid; error_log stderr warn; events { worker_connections 1000; }
http { cache_zone main ram=64m; proxy_cache main; upstream origin { server @ORIGIN@; }
  server { listen @ADDRESS@:@PORT@; location / { proxy_pass http://origin; } } }
"""
# An audience of 4 asks the origin for 4 things a second, and so on: the limit is known.
PLAN = """
deploy { nodes 1; conf node.conf; } origin { } stream { segment 1s; bitrate 80k; } duration %ds; %s
requests 4 at=500ms path=/object/10/a$number objects=1000; promise %s;
"""


def sockets(pid):
    folder = f"/proc/{pid}/fd"
    return sum("socket:" in os.readlink(f"{folder}/{each}") for each in os.listdir(folder))


def generator_of(process):
    """The process that plays, once its four viewers are here; the one that was started is its guard."""
    def playing():
        try:
            pid = int(open(f"/proc/{process.pid}/task/{process.pid}/children").read().split()[0])
            return pid if sockets(pid) >= 4 else None
        except (OSError, IndexError):
            return None
    return eventually(playing, what="the viewers are here")


@pytest.fixture
def capacity(tmp_path):
    """`meanwhile`: is called with the process while it plays."""
    def run(promise, *more, seconds=2, viewers="viewers step 4;", meanwhile=None, conf=CONF):
        (tmp_path / "node.conf").write_text(conf)
        (tmp_path / "evening.plan").write_text(PLAN % (seconds, viewers, promise))
        with subprocess.Popen([OUT / "levee-bench", "capacity", tmp_path / "evening.plan", "--json", tmp_path / "result", *more],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            try:
                if meanwhile:
                    meanwhile(process)
                said = process.communicate(timeout=4 * PATIENCE)[0]
            finally:
                process.kill()
        result = tmp_path / "result"
        return process.returncode, said, json.loads(result.read_text()) if result.exists() else None
    return run


def test_the_search_ends_between_the_largest_that_holds_and_one_that_does_not(capacity):
    code, said, result = capacity("origin_requests 60", "--viewers", "1000", "--bitrate", "1m", "--link", "1g", "--cores", "1")
    assert code == 0 and result["verdict"] == "holds", said
    assert "origin_requests at most 60 broke first" in said and result["smallest_broken"]["broke_first"] == "origin_requests"
    found = result["says"]  # on a machine so busy that the generator was late, it does not blame the target
    assert found.startswith("The largest audience that keeps the promises: ") or "this program itself was late by" in found
    assert 4 <= result["viewers"] < 60
    assert "Network: a card of 1.00 Gb/s at 80 % carries 800 viewers; 1000 / 800 = 1.25, so 2 nodes." in result["arithmetic"]
    assert (result["nodes_needed"] is None) == found.startswith("The largest")  # more nodes ask the origin for no less
    assert result["nodes_by_link"] == 2 and result["descriptors_each"] > 0
    assert "You need " in said


@pytest.mark.parametrize("limit, why", [(["--most", "2"], "--most is reached"), (["--runs", "1"], "--runs is reached"),
                                        (["--seconds", "1"], "--seconds is over")])
def test_a_bound_that_ends_it_is_no_limit_of_the_target(capacity, limit, why):
    code, said, result = capacity("errors 0%", *limit, seconds=1)
    assert code == 0 and result["says"].startswith("At least ") and result["says"].endswith(f": {why}."), said


@pytest.mark.parametrize("limit, bound", [([], ""), (["--runs", "1"], " (No smaller one was tried: --runs is reached.)")])
def test_a_promise_that_nobody_can_keep(capacity, limit, bound):
    code, said, result = capacity("origin_requests 0", *limit, seconds=1)
    assert code == 1 and result["verdict"] == "does not hold" and result["says"] in said.splitlines()
    assert result["says"].startswith("Not even the smallest audience that was tried, ") and result["says"].endswith(f"/evening.plan:3).{bound}")
    smallest = result["smallest_broken"]
    assert smallest["scale"] == (1 if limit else 0.0625) and smallest["viewers"] == (4 if limit else 1)
    assert smallest["broke_first"] == "origin_requests" and "origin_requests at most 0 broke first" in smallest["says"]
    assert [(each["promise"], each["judged"]) for each in smallest["promises"]] == [("origin_requests", "BROKEN")]


def test_an_audience_of_requests_alone_is_named_by_them(capacity):
    code, said, result = capacity("origin_requests 0", "--runs", "1", seconds=1, viewers="")
    assert code == 1 and "that was tried, x 1 of the plan's requests, keeps the promises." in result["says"], said


def test_what_breaks_on_idle_processors_is_the_limit_of_a_node(capacity):
    small = CONF.replace("events { worker_connections 1000; }", "worker_processes 1; events { worker_connections 60; }")
    code, said, result = capacity("errors 0.1%", "--runs", "2", "--most", "2", viewers="viewers step 40;", conf=small)
    assert code == 0 and result["viewers"] == 40 and result["smallest_broken"]["broke_first"] == "errors", said
    assert result["nodes_by_break"] == result["nodes_needed"] == 25000 and result["limited_by"] == "errors"
    assert result["nodes_by_cores"] is None and "too little to tell from" in said
    assert " of 1 core, so the processors were not full. 1000000 / 40 = 25000 nodes of this kind." in said
    assert "limited by what broke (errors at 80 viewers), not by processors or network;" in said


def test_of_requests_alone_nothing_follows_for_viewers(capacity):
    code, said, result = capacity("errors 0%", "--runs", "1", seconds=1, viewers="")
    assert code == 0 and "The plan has no viewers, only requests" in said and "You need" not in said
    assert result["nodes_needed"] is result["limited_by"] is result["nodes_by_link"] is None


def stand_still(process, seconds):
    generator, began = generator_of(process), time.monotonic()
    os.kill(generator, signal.SIGSTOP)
    eventually(lambda: time.monotonic() > began + seconds, what="the time has passed")
    os.kill(generator, signal.SIGCONT)


def test_a_generator_that_is_too_slow_for_any_audience_does_not_blame_the_target(capacity):
    code, said, result = capacity("start_up_p99 1ms", "--runs", "1", seconds=4, meanwhile=lambda process: stand_still(process, 1.5))
    assert code == 2 and result["verdict"] == "none" and result["smallest_broken"]["verdict"] == "none", said
    assert "With the smallest audience that was tried, 4 viewers (x 1): No verdict: the generator was the bottleneck" in result["says"]


def test_what_a_late_generator_cannot_have_broken_is_a_limit_of_the_target(capacity):
    def second_run(process):
        assert process.stdout.readline().endswith("It holds.\n")
        stand_still(process, 0.3)

    crowd = "viewers step 4; requests 40 at=500ms path=/object/9/b$number objects=1000;"
    code, _, result = capacity("origin_requests 70", "--runs", "2", viewers=crowd, meanwhile=second_run)
    assert code == 0 and "It does not hold: origin_requests at most 70 broke first" in result["says"]
    assert result["smallest_broken"]["verdict"] == "does not hold"


def test_interrupted_before_anything_held_it_says_so(capacity):
    def interrupt(process):
        generator_of(process)
        process.terminate()

    code, said, result = capacity("errors 0%", seconds=60, meanwhile=interrupt)
    assert code == 128 + signal.SIGTERM and result == {"verdict": "none", "says": "No verdict: it was interrupted."}, said


@pytest.mark.parametrize("flags", [["--viewers", "0"], ["--bitrate", "0"], ["--bitrate", "-4m"], ["--link", "nan"], ["--cores", "0"]])
def test_what_no_audience_or_node_can_have_is_refused(capacity, flags):
    code, said, result = capacity("errors 0%", *flags)
    assert code == 2 and flags[0] in said and result is None
