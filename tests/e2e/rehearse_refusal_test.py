"""levee-bench rehearse: what cannot be played is refused at once, says why and where, and leaves with 2."""
import os
import re
import resource
import signal
import subprocess

import pytest
from harness import OUT, PATIENCE

REST = "stream { segment 1s; bitrate 80k; } duration 2s; viewers step 1; promise errors 0%;"
LOCAL = "deploy { nodes 0; } origin { } " + REST


@pytest.fixture
def rehearse(tmp_path):
    def play(plan, *more, **environment):
        (tmp_path / "node.conf").write_text("events { }\n")
        (tmp_path / "evening.plan").write_text(plan)
        done = subprocess.run([OUT / "levee-bench", "rehearse", tmp_path / "evening.plan", *more], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=3 * PATIENCE, env=dict(os.environ, **environment))
        return done.returncode, done.stdout, done.stderr
    return play


@pytest.mark.parametrize("plan, says", [
    ("\nduration 5 minutes;", 'evening.plan:2: invalid number of arguments in "duration"'),
    ("\nduration 5sec;", 'evening.plan:2: invalid value "5sec"'),
    ("\n\nviewers step 99999999999999999999;", 'evening.plan:3: invalid value "99999999999999999999"'),
    ("deploy { nodes 1;\nconf nobody.conf; }", "evening.plan:2: there is no file "),
    ("deploy { nodes 1;\nconf .; }", "evening.plan:2: there is no file "),
    ("target http://127.0.0.1:1/; deploy { nodes 0; } origin { } " + REST, "evening.plan: a plan has either a target or a deploy block"),
    ("target http://192.0.2.1/; " + REST, "is not this machine; --allow-remote"),
    ("target http://127.0.0.1:1/; origin http://192.0.2.1; " + REST, "is not this machine; --allow-remote"),
    ("target http://[::ffff:192.0.2.1]/; " + REST, "is not this machine; --allow-remote"),
    ("target http://127.0.0.1.example.net/; ", "evening.plan:1: not a URL with a literal address"),
])
def test_a_wrong_plan_is_refused_with_its_line(rehearse, plan, says):
    code, said, wrong = rehearse(plan)
    assert code == 2 and said == "" and says in wrong, (said, wrong)


@pytest.mark.parametrize("plan", ["no/such.plan", "."])
def test_a_plan_that_cannot_be_read(plan):
    done = subprocess.run([OUT / "levee-bench", "rehearse", plan], capture_output=True, text=True, timeout=3 * PATIENCE)
    assert done.returncode == 2 and done.stderr == f"levee-bench: {plan}: cannot be read\n"


@pytest.mark.parametrize("flags", [["--no-such-flag"], ["--scale", "0"], ["--scale", "nan"], ["another.plan"]])
def test_wrong_usage_is_no_verdict(rehearse, flags):
    assert rehearse(LOCAL, *flags)[0] == 2


@pytest.mark.parametrize("flag", ["--json", "--html"])
def test_a_report_that_cannot_be_written_is_noticed_before_anything_is_played(rehearse, flag):
    code, said, wrong = rehearse(LOCAL, flag, "/no/such/folder/report")
    assert (code, said) == (2, "") and wrong == "levee-bench: cannot write /no/such/folder/report: No such file or directory\n"


def test_a_disk_that_is_full_before_it_begins(tmp_path):
    def without_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    (tmp_path / "node.conf").write_text("events { }\n")
    (tmp_path / "evening.plan").write_text(LOCAL.replace("nodes 0;", "nodes 1; conf node.conf;"))
    done = subprocess.run([OUT / "levee-bench", "rehearse", tmp_path / "evening.plan"], capture_output=True, text=True, timeout=3 * PATIENCE,
                          preexec_fn=without_room)
    assert done.returncode == 2 and re.fullmatch(r"levee-bench: node1: cannot write .*/node1/levee.conf: File too large\n", done.stderr)


@pytest.mark.parametrize("flag", ["--json", "--html"])
def test_a_disk_that_is_full_costs_the_report_and_not_the_verdict(rehearse, flag):
    code, said, wrong = rehearse(LOCAL, flag, "/dev/full")
    assert code == 2 and said.endswith("It holds.\n") and wrong == "levee-bench: cannot write /dev/full: No space left on device\n"


def test_redis_that_is_not_there(rehearse):
    code, said, wrong = rehearse("deploy { nodes 1; conf node.conf; redis on; } origin { } " + REST, PATH="/nowhere")
    assert code == 2 and wrong == "levee-bench: redis does not start: cannot start redis-server: No such file or directory\n\n"


def test_folders_that_cannot_be_made(rehearse):
    for code, said, wrong in (rehearse(LOCAL, "--keep", "/proc/kept"), rehearse(LOCAL, TMPDIR="/no/such/folder")):
        assert (code, said) == (2, "") and wrong.startswith("levee-bench: filesystem error: "), wrong
