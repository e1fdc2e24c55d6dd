"""levee-bench surge: requests at a rate of their own, in classes, while the origin is told things."""
import json
import subprocess
import urllib.request

from harness import OUT


def surge(origin, *more):
    done = subprocess.run([OUT / "levee-bench", "surge", f"http://{origin}/", "--json", "-s", "1", *more], stdout=subprocess.PIPE, text=True,
                          timeout=60)
    assert done.returncode == 0
    return json.loads(done.stdout)["classes"]


def test_every_class_has_its_rate_and_its_answers(live_origin):
    classes = surge(live_origin, "--class", "known,/object/10/a{},40,5", "--class", "none,/nothing/{},20", "--mark", "0.5")
    assert (classes["known"]["asked"], classes["known"]["ok"]) == (40, 40)
    assert (classes["none"]["asked"], classes["none"]["refused"]) == (20, 20)
    assert [phase["asked"] for phase in classes["known"]["by_phase"]] == [20, 20]
    stats = json.load(urllib.request.urlopen(f"http://{live_origin}/control/stats"))
    assert {path: stats["paths"][path]["requests"] for path in stats["paths"] if path.startswith("/object/10/a")} == {
        f"/object/10/a{number}": 8 for number in range(5)}
    assert sum(path.startswith("/nothing/") for path in stats["paths"]) == 20


def test_the_origin_is_told_and_one_that_hangs_is_given_up(live_origin):
    classes = surge(live_origin, "--origin", f"http://{live_origin}", "--at", "0,hang?prefix=/object/10/b", "--patience", "1",
                    "--class", "hung,/object/10/b{},5", "--class", "well,/object/10/c{},5")
    assert classes["hung"]["failed"] >= 1 and classes["well"]["ok"] == 5
