"""levee-bench capacity: what it finds, what it says of the reason, and that it ends."""
import json
import subprocess

import pytest
from harness import OUT, PATIENCE

CONF = """
daemon off; pid levee.pid; error_log stderr warn; events { worker_connections 1000; }
http { cache_zone main ram=64m; proxy_cache main; upstream origin { server @ORIGIN@; }
  server { listen @ADDRESS@:@PORT@; location / { proxy_pass http://origin; } } }
"""
# An audience of 4 asks the origin for 4 things a second, and so on: the limit is known.
PLAN = """
deploy { nodes 1; conf node.conf; } origin { } stream { segment 1s; bitrate 80k; } duration %ds; viewers step 4;
requests 4 at=500ms path=/object/10/a$number objects=1000; promise %s;
"""


@pytest.fixture
def capacity(tmp_path):
    def run(promise, *more, seconds=2):
        (tmp_path / "node.conf").write_text(CONF)
        (tmp_path / "evening.plan").write_text(PLAN % (seconds, promise))
        done = subprocess.run([OUT / "levee-bench", "capacity", tmp_path / "evening.plan", "--json", tmp_path / "result", *more],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=4 * PATIENCE)
        result = tmp_path / "result"
        return done.returncode, done.stdout, json.loads(result.read_text()) if result.exists() else None
    return run


def test_the_search_ends_between_the_largest_that_holds_and_one_that_does_not(capacity):
    code, said, result = capacity("origin_requests 60", "--viewers", "1000", "--bitrate", "1m", "--link", "1g", "--cores", "1")
    assert code == 0, said
    assert "origin_requests at most 60 broke first" in said
    found = result["says"]  # on a machine so busy that the generator was late, it does not blame the target
    assert found.startswith("The largest audience that keeps the promises: ") or "this program itself was late by" in found
    assert 4 <= result["viewers"] < 60
    assert "Network: a card of 1.00 Gb/s at 80 % carries 800 viewers; 1000 / 800 = 2 nodes." in result["arithmetic"]
    assert result["nodes_by_link"] == 2 and result["descriptors_each"] > 0
    assert "You need " in said


@pytest.mark.parametrize("limit, why", [(["--most", "2"], "--most is reached"), (["--runs", "1"], "--runs is reached"),
                                        (["--seconds", "1"], "--seconds is over")])
def test_a_bound_that_ends_it_is_no_limit_of_the_target(capacity, limit, why):
    code, said, result = capacity("errors 0%", *limit, seconds=1)
    assert code == 0 and result["says"].startswith("At least ") and result["says"].endswith(f": {why}."), said


def test_a_promise_that_nobody_can_keep(capacity):
    code, said, result = capacity("origin_requests 0", seconds=1)
    assert code == 1 and "Not even the smallest audience" in said and result is None
