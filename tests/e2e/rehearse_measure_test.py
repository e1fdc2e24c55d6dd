"""levee-bench rehearse measures what it promises: who waits counts, what nobody saw is not kept, no count is lost."""
import json
import resource
import subprocess

import pytest
from harness import OUT, PATIENCE

LOCAL = "deploy { nodes 0; } origin { } stream { segment 1s; bitrate 80k; }\n"


@pytest.fixture
def rehearse(tmp_path):
    def play(plan, files=None):
        (tmp_path / "evening.plan").write_text(plan)
        done = subprocess.run([OUT / "levee-bench", "rehearse", "--json", tmp_path / "result", tmp_path / "evening.plan"],
                              preexec_fn=files and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=3 * PATIENCE)
        result = json.loads((tmp_path / "result").read_text())
        return done.returncode, done.stdout, result, {each["promise"]: each for each in result["promises"]}
    return play


def test_a_segment_that_nobody_has_got_yet_counts_with_its_wait(rehearse):
    code, said, result, promises = rehearse(LOCAL + "duration 7s; viewers step 20; fault 3s origin hang prefix=/sim/10000x1000/c0/1;\n"
                                            "promise segment_first_byte_p99 1s; promise errors 0%;")
    assert code == 1 and promises["segment_first_byte_p99"]["judged"] == "BROKEN", said
    assert promises["segment_first_byte_p99"]["broken_since_s"] < 7, "it is known while they wait"
    assert promises["segment_first_byte_p99"]["measured"] > 2000 and result["latency_ms"]["segment_first_byte"]["p99"] > 2000


def test_a_request_that_has_no_answer_counts_while_it_waits(rehearse):
    code, said, result, promises = rehearse(LOCAL + "duration 4s; requests 20 at=300ms path=/object/9/a; fault 0s origin hang;\n"
                                            "promise request_first_byte_p99 1500ms; promise request_whole_p99 1500ms;")
    assert code == 1 and [each["broken_since_s"] for each in promises.values()] == [2, 2], said
    assert 3600 < result["latency_ms"]["request_whole"]["max"] < 4300


@pytest.mark.parametrize("promise", ["segment_first_byte_p99 9s", "stall_seconds_per_hour 9", "wrong_bodies 0",
                                     "request_whole_p99 9s"])
def test_what_nothing_has_measured_is_not_kept(rehearse, promise):
    code, said, _, promises = rehearse(LOCAL + f"path /nothing/here.m3u8; duration 1s; viewers step 2 at=950ms;\npromise errors 100%;\npromise {promise};")
    name = promise.split()[0]
    assert code == 1 and promises[name]["judged"] == "UNKNOWN", said
    assert f"It does not hold: nothing measured {name} (" in said and said.endswith("evening.plan:4).\n")


def test_a_film_is_not_taken_for_a_wrong_body(rehearse):
    code, said, _, promises = rehearse("deploy { nodes 0; } origin { } duration 2s; viewers step 2; player { verify on; }\n"
                                       "requests 2 path=/object/9/a; promise wrong_bodies 0; promise not_started 0%;")
    assert code == 0 and promises["wrong_bodies"]["measured"] == 0, said


def test_who_waits_for_a_connection_gets_that_of_one_who_leaves(rehearse):
    _, said, result, promises = rehearse(LOCAL + "duration 4s; connections 2; viewers step 2; fault 0s origin hang prefix=/sim;\n"
                                         "requests 1 at=1s path=/object/9/a; viewers leave 100% at=2s; promise request_whole_p99 2s;")
    assert promises["request_whole_p99"]["judged"] == "kept" and result["generator"]["waited"] >= 1, said


def test_an_origin_that_starts_again_loses_no_count(rehearse):
    code, said, result, promises = rehearse(LOCAL + "duration 5s; requests 30 path=/object/9/a; requests 5 at=4s path=/object/9/a;\n"
                                            "fault 2s kill origin; fault 2500ms start origin; promise origin_requests 30; promise errors 0%;")
    assert code == 1 and promises["origin_requests"]["measured"] == result["origin"]["requests"] == 35, said
    assert result["origin"]["least"] == 2


def test_an_origin_that_is_asked_for_nothing_tells_nothing_of_amplification(rehearse):
    code, said, result, promises = rehearse(LOCAL + "duration 2s; requests 2 path=/control/counts; promise origin_amplification 1.5;")
    assert code == 1 and promises["origin_amplification"]["judged"] == "UNKNOWN" and result["origin"]["requests"] == 0, said


@pytest.mark.parametrize("promise", ["stalled_viewers 1%", "not_started 0%"])
def test_a_target_that_is_dead_keeps_no_promise_by_that(rehearse, promise):
    code, said, _, promises = rehearse(LOCAL + f"fault 0s kill origin; duration 3s; viewers ramp 5 at=200ms over=1s; promise {promise};")
    assert code == 1 and [each["judged"] for each in promises.values()] == ["UNKNOWN"], said


def test_a_generator_short_of_connections_does_not_blame_the_target(rehearse):
    plan = LOCAL + "duration 4s; %s requests 40 at=500ms path=/object/9/a?ttfb=200; promise request_first_byte_p99 1500ms; promise errors 0%%;"
    code, said, result, promises = rehearse(plan % "connections 2;")
    assert code == 2 and [each["judged"] for each in promises.values()] == ["unjudged", "kept"], said
    assert "of its requests waited for a connection, so it may have broken request_first_byte_p99" in said and result["generator"]["waited"] >= 30
    assert rehearse(plan % "")[0] == 0


def test_a_generator_whose_machine_has_no_socket_does_not_blame_the_target(rehearse, live_origin):
    code, said, result, promises = rehearse(
        f"target http://{live_origin}/; duration 4s; connections 1000; requests 500 at=500ms path=/object/9/a?ttfb=200;\n"
        "promise request_first_byte_p99 300ms; promise errors 0%;", files=100)
    assert code == 2 and [each["judged"] for each in promises.values()] == ["unjudged", "kept"], said
    assert "(its machine said: Too many open files)" in result["generator"]["says"]
    assert sum(second["answered"] for second in result["by_second"]) == 500
