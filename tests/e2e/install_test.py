"""make install: a tree that works where it is put, and that a package can be made of."""
import json
import os
import pathlib
import subprocess

import pytest
from harness import OUT

SOURCE = pathlib.Path(__file__).parents[2]


@pytest.fixture
def installed(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    subprocess.run(["make", "-s", "-o", "all", "install", f"FLAVOUR={OUT.name}", f"DESTDIR={tmp_path}", "PREFIX=/usr"], cwd=SOURCE, env=environment,
                   check=True, timeout=300)
    return tmp_path / "usr"


def run(program, *arguments, cwd):
    done = subprocess.run([program, *map(str, arguments)], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    return done.returncode, done.stdout


def test_all_is_there_and_works_away_from_the_source(installed, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("sbin/levee", "bin/levee-bench", "share/doc/levee/examples/live.conf", "share/man/man8/levee.8", "share/man/man1/levee-bench.1"):
        assert (installed / name).is_file(), name
    assert "ExecStart=/usr/sbin/levee" in (installed / "lib/systemd/system/levee.service").read_text()
    assert run(installed / "sbin/levee", "-v", cwd=elsewhere)[0] == 0
    plans = sorted((installed / "share/levee/plans").iterdir())
    assert [plan.name for plan in plans] == sorted(plan.name for plan in (SOURCE / "bench/plans").iterdir())
    peers = [path.relative_to(SOURCE / "bench/peers") for path in (SOURCE / "bench/peers").rglob("*") if path.is_file()]
    assert peers and all((installed / "share/levee/peers" / path).is_file() for path in peers)
    code, said = run(installed / "bin/levee-bench", "compare", "--quick", "--only", "flash", "--servers", "levee", cwd=elsewhere)
    assert code == 0, said
    assert json.loads((elsewhere / "compare.json").read_text())["scenarios"]
