"""levee-bench compare PLAN: the same plan with Levee and a real nginx, round after round."""
import json
import os
import pathlib
import signal
import subprocess
import time

import pytest
from harness import OUT, PATIENCE, eventually

PLAN = """about "A short evening";
deploy { nodes 1; conf node.conf; } origin { first_byte 20ms; } duration 2s;
requests 50 path=/object/1000/a$number?cc=max-age=60 objects=5; requests 300 at=500ms over=1s path=/object/1000/a$number?cc=max-age=60 objects=5;
promise errors 0%%; promise origin_requests %s;
"""


@pytest.fixture
def compare(tmp_path):
    def run(plan, *more):
        (tmp_path / "node.conf").write_text("")  # each server has its own instead
        (tmp_path / "evening.plan").write_text(plan)
        done = subprocess.run([OUT / "levee-bench", "compare", tmp_path / "evening.plan", "--levee", OUT / "levee", "--json", tmp_path / "result",
                               "--html", tmp_path / "page", *more], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=3 * PATIENCE)
        result, page = tmp_path / "result", tmp_path / "page"
        return (done.returncode, done.stdout, json.loads(result.read_text()) if result.exists() else None,
                page.read_text() if page.exists() else None)
    return run


def test_each_server_gets_its_verdict_its_figures_and_its_ratio_to_nginx(compare):
    code, said, result, page = compare(PLAN % "5", "--servers", "levee,nginx", "--rounds", "2")
    assert code == 0, said
    order = [line.split()[4] for line in said.splitlines() if line.startswith("  round")]
    assert order == ["levee", "nginx", "levee", "nginx"]
    evening = result["scenarios"]["evening"]
    for server in ("levee", "nginx"):
        figures = evening["peers"][server]
        assert evening["verdicts"][server] == {"held": 2, "unjudged": 0, "rounds": 2, "says": "It holds."}
        assert figures["origin_requests"] == 5 and figures["errors"] == 0 and figures["cpu_us"] > 0
        assert figures["cpu_s"] == sum(each["cpu_s"] for each in evening["rounds"][server]) / 2
    assert result["machine"]["versions"]["nginx"].startswith("nginx version: nginx/")
    with open("/proc/sys/net/ipv4/tcp_congestion_control", encoding="ascii") as file:
        assert result["machine"]["congestion_control"] == file.read().strip()
    assert "by nginx's" in said and "held 2 of 2" in page and "nginx = 1" in page


def test_a_promise_that_one_breaks_is_named(compare):
    code, said, result, _ = compare(PLAN % "4", "--servers", "nginx", "--rounds", "1")
    assert code == 0 and "nginx: It does not hold: origin_requests at most 4 broke first" in said
    assert result["scenarios"]["evening"]["verdicts"]["nginx"]["held"] == 0


def test_a_server_that_does_not_start_is_not_measured_and_the_others_are(compare, tmp_path):
    (tmp_path / "peers" / "broken").mkdir(parents=True)
    (tmp_path / "peers" / "broken" / "peer.conf").write_text("command sh -c 'echo no luck; exit 1';")
    code, said, result, _ = compare(PLAN % "5", "--peers", tmp_path / "peers", "--servers", "broken", "--rounds", "1")
    assert code == 1 and "broken not measured: node1 does not start: no luck" in said


@pytest.mark.parametrize("plan, says", [
    ("target http://127.0.0.1:1/; viewers step 1; promise errors 1%;", "evening.plan: compare starts the nodes itself"),
    (PLAN.replace("nodes 1;", "nodes 1; redis on;") % "5", "evening.plan: the peers know no Redis"),
    ("\nnonsense 1;", 'evening.plan:2: unknown directive "nonsense"'),
])
def test_a_plan_that_cannot_be_compared_is_refused(compare, plan, says):
    code, said, result, _ = compare(plan)
    assert code == 2 and says in said and result is None


def test_a_scenario_that_is_not_there_is_not_passed_over(begin, tmp_path):
    process = begin("--only", "hits1k,hits1g")
    said = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 2 and said.startswith("levee-bench: there is no scenario hits1g (--only): hits1k, hits1m, ")
    assert not (tmp_path / "result").exists()


def interrupt(process, folder):
    """The last line that it says."""
    process.terminate()
    said = process.communicate(timeout=2 * PATIENCE)[1]
    assert process.returncode == 128 + signal.SIGTERM, said
    assert not list(folder.glob("*.new"))
    return said.splitlines()[-1]


def run_until(process, folder, path):
    """Its results, as they are when the process has been interrupted after `path` has come or changed; and what it says of them."""
    before = path.read_text() if path.exists() else None
    eventually(lambda: path.exists() and path.read_text() != before, within=6 * PATIENCE, what="a scenario is written")
    said = interrupt(process, folder)
    return json.loads(path.read_text()), said


def programs(pid):
    """What the process, and all that it has started, are running."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [pathlib.Path(f"/proc/{child}/cmdline").read_bytes().decode().replace("\0", " "), *programs(child)]
    return found


def eventually_runs(process, words):
    def runs():
        try:
            return any(words in line for line in programs(process.pid))
        except OSError:
            return False
    eventually(runs, within=6 * PATIENCE, what=f"{words} runs")


@pytest.fixture
def begin(tmp_path):
    running = []

    def start(*words):
        running.append(subprocess.Popen([OUT / "levee-bench", "compare", "--levee", OUT / "levee", "--json", tmp_path / "result", *words],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=dict(os.environ, TMPDIR=str(tmp_path))))
        return running[-1]
    yield start
    for process in running:
        process.kill()
        process.wait()


def test_an_interruption_keeps_the_scenarios_that_were_measured_and_those_of_before(begin, tmp_path):
    result = tmp_path / "result"
    result.write_text(json.dumps({"machine": {"date": "2026-01-02T03:04:05Z"}, "quick": True, "scenarios": {
        name: {"title": "Of long ago", "headlines": [], "peers": {}, "rounds": {}, "not_measured": {}} for name in ("hits1k", "hits1m")}}))
    results, said = run_until(begin("--quick", "--servers", "loop"), tmp_path, result)
    kept = results["scenarios"]
    assert said == f"levee-bench: interrupted in hits1m, of which nothing is kept; {result} has what was measured before it: hits1k"
    assert kept["hits1k"]["peers"]["loop"]["cpu_us"] > 0 and kept["hits1k"]["title"] == "1 KiB hits"
    assert kept["hits1m"]["title"] == "Of long ago" and kept["hits1m"]["date"].startswith("2026-01-02")


def test_what_is_not_measured_any_more_goes_when_all_is_done(tmp_path, compare):
    old = {"machine": {"date": "2026-01-02T03:04:05Z"}, "quick": False, "scenarios": {
        "long": {"title": "Of long ago", "headlines": [], "peers": {}, "rounds": {}, "not_measured": {"ats": "was away"}}}}
    (tmp_path / "result").write_text(json.dumps(old))
    code, said, result, _ = compare(PLAN % "5", "--servers", "levee", "--rounds", "1")
    assert code == 0 and list(result["scenarios"]) == ["evening"], said


def test_an_interruption_of_a_plan_keeps_the_rounds_that_were_played(begin, tmp_path):
    (tmp_path / "node.conf").write_text("")
    (tmp_path / "evening.plan").write_text(PLAN % "5")
    kept, said = run_until(begin(tmp_path / "evening.plan", "--servers", "levee", "--rounds", "99"), tmp_path, tmp_path / "result")
    assert said == ("levee-bench: interrupted in round 2 of 99 with levee, of which nothing is kept; "
                    f"{tmp_path}/result has what was measured before it: evening")
    assert kept["scenarios"]["evening"]["verdicts"]["levee"] == {"held": 1, "unjudged": 0, "rounds": 1, "says": "It holds."}


@pytest.mark.parametrize("words, load, lost", [(["--only", "hits1k", "--servers", "loop"], " hits http", "hits1k"), (["PLAN"], " origin --quiet", "round 1 of 3 with levee")])
def test_an_interruption_before_anything_is_measured_changes_no_file(begin, tmp_path, words, load, lost):
    old = json.dumps({"machine": {"date": "2026-01-02T03:04:05Z"}, "quick": False, "scenarios": {
        "long": {"title": "Of long ago", "headlines": [], "peers": {}, "rounds": {}, "not_measured": {}}}})
    (tmp_path / "result").write_text(old)
    (tmp_path / "node.conf").write_text("")
    (tmp_path / "evening.plan").write_text((PLAN % "5").replace("duration 2s", "duration 60s"))
    process = begin(*[tmp_path / "evening.plan" if word == "PLAN" else word for word in words])
    eventually_runs(process, load)
    assert interrupt(process, tmp_path) == f"levee-bench: interrupted in {lost}, of which nothing is kept; nothing was measured before it"
    assert (tmp_path / "result").read_text() == old


def test_an_interruption_of_a_rehearsal_keeps_the_rounds_before_it_and_other_scenarios(begin, tmp_path):
    result = tmp_path / "result"
    result.write_text(json.dumps({"machine": {"date": "2026-01-02T03:04:05Z"}, "quick": False, "scenarios": {
        "long": {"title": "Of long ago", "headlines": [], "peers": {}, "rounds": {}, "not_measured": {}}}}))
    before = result.read_text()
    (tmp_path / "node.conf").write_text("")
    (tmp_path / "evening.plan").write_text((PLAN % "5").replace("duration 2s", "duration 4s"))
    process = begin(tmp_path / "evening.plan", "--servers", "levee,loop", "--rounds", "2")
    eventually(lambda: result.read_text() != before, within=6 * PATIENCE, what="the first rehearsal is written")
    eventually_runs(process, " ceiling ")
    began = time.monotonic()
    eventually(lambda: time.monotonic() > began + 1, what="the second one plays")
    assert "interrupted in round 1 of 2 with loop, " in interrupt(process, tmp_path)
    kept = json.loads(result.read_text())["scenarios"]
    assert kept["long"]["title"] == "Of long ago" and list(kept["evening"]["peers"]) == ["levee"] and not kept["evening"]["not_measured"]
