"""levee-bench rehearse: what it starts, what it says, and when it refuses."""
import json
import os
import subprocess

import pytest
from harness import OUT, PATIENCE

CONF = """
daemon off; pid levee.pid; error_log stderr warn;
events { worker_connections 1000; }
http {
  cache_zone main ram=64m; access_log off;
  upstream origin { server @ORIGIN@; }
  server { listen @ADDRESS@:@PORT@; location / { proxy_pass http://origin; proxy_cache main; @MORE@ } }
}
"""
DEPLOY = "deploy { nodes 2; conf node.conf; } origin { first_byte 5ms; } stream { segment 1s; bitrate 80k; } duration 4s;\n"


@pytest.fixture
def rehearse(tmp_path):
    """Plays a plan of these lines: (exit code, what it printed, the result, the report)."""
    def play(plan, conf=CONF, more=""):
        (tmp_path / "node.conf").write_text(conf.replace("@MORE@", more))
        (tmp_path / "evening.plan").write_text(plan)
        done = subprocess.run([OUT / "levee-bench", "rehearse", "--json", tmp_path / "result", "--html", tmp_path / "page",
                               tmp_path / "evening.plan"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=3 * PATIENCE)
        result, page = tmp_path / "result", tmp_path / "page"
        return (done.returncode, done.stdout, json.loads(result.read_text()) if result.exists() else None,
                page.read_text() if page.exists() else None)

    return play


def test_a_plan_that_holds_leaves_with_0_and_a_report(rehearse):
    code, said, result, page = rehearse(DEPLOY + """
        viewers step 20; requests 40 at=1s over=1s path=/object/100/a$number?cc=max-age=60 objects=4; player { verify on; }
        promise errors 0%; promise wrong_bodies 0; promise origin_amplification 2; promise not_started 50%;""")
    assert code == 0, said
    assert said.endswith("It holds.\n") and "viewers 20" in said
    assert result["verdict"] == "holds" and result["viewers"]["started"] == 20 and result["requests"]["errors"] == 0
    assert len(result["by_second"]) == 4 and result["node_cpu_s"] >= 0 and result["origin"]["requests"] > 0
    assert "It holds." in page and "<svg" in page and "http" not in page.split("<details>")[0]


def test_a_plan_that_breaks_leaves_with_1_and_says_what_broke_first(rehearse):
    code, said, result, page = rehearse(
        "deploy { nodes 0; } origin { } duration 2s; requests 20 path=/object/9/a?cc=max-age=60;\n"
        "promise errors 0%;\npromise origin_amplification 1;")
    assert code == 1, said
    assert said.strip().splitlines()[-1].startswith("It does not hold: origin_amplification at most 1 broke first, at ")
    assert "evening.plan:3" in said and "It does not hold." in page
    assert [promise["judged"] for promise in result["promises"]] == ["kept", "BROKEN"]


def test_viewers_of_a_node_that_dies_go_to_another(rehearse):
    code, said, result, _ = rehearse(DEPLOY.replace("4s", "8s") + """viewers step 10; fault 2s kill node2;
        promise not_started 0%; promise origin_amplification 9;""")
    assert code == 0, said
    assert "-- kill node2" in said and result["events"][0]["what"] == "kill node2"
    assert result["requests"]["errors"] > 0 and result["viewers"]["stalled"] == 0, "who stayed with node2 would have run dry after three seconds"


@pytest.mark.parametrize("plan, says", [
    ("deploy { nodes 1; conf node.conf; }\norigin { }\nviewers step 1;\npromise luck 1;", "evening.plan:4: unknown promise \"luck\""),
    ("target http://192.0.2.1/a; viewers step 1; promise errors 1%;", "is not this machine"),
])
def test_a_plan_that_is_wrong_is_not_played(rehearse, plan, says):
    code, said, result, _ = rehearse(plan)
    assert code == 2 and says in said and result is None


def test_a_node_that_does_not_start_says_why(rehearse):
    code, said, _, _ = rehearse(DEPLOY + "viewers step 1; promise errors 1%;", more="no_such_thing on;")
    assert code == 2 and "node1 does not start" in said and 'unknown directive "no_such_thing"' in said
