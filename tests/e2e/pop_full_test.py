"""Four nodes of 400 clients each, who all want one segment that the origin delivers over a second."""
import json
import pathlib
import subprocess

from harness import OUT, PATIENCE

BENCH = pathlib.Path(__file__).parents[2] / "bench/pop"
TRIES = 3  # to see first bytes in time: a busy machine only ever makes them later


def crowd():
    done = subprocess.run([BENCH, "crowd", "--levee", OUT / "levee"], capture_output=True, text=True, timeout=9 * PATIENCE)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    print(found)
    assert (found["clients"], found["failed"], found["origin_requests"], found["leaders"]) == (1600, 0, 1, 1)
    assert found["origin_bytes_of_size"] < 1.01
    return found


def test_1600_clients_cost_one_origin_request_and_those_of_the_other_nodes_wait_20_ms_longer_at_most():
    assert any(crowd()["first_byte_p99_ms"]["later"] <= 20 for _ in range(TRIES)), "all counts were right; only the time is not"
