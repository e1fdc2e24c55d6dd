"""The curl lines that README.md has for purges, run as they stand there."""
import pathlib
import re
import subprocess

import pytest

README = (pathlib.Path(__file__).parents[2] / "README.md").read_text()
SECTION = README.partition("### Purging")[2].partition("###")[0]
RULE = re.search(r"^proxy_cache_purge .*;$", SECTION, re.M)[0]
LINES = re.findall(r"^curl .*$", SECTION, re.M)
PAGES = {"/live/a.m4s": "old", "/live/b.m4s": "news,music", "/live/index.m3u8": "sport", "/vod": "other"}
GONE = [{"/live/a.m4s"}, {"/live/a.m4s", "/live/b.m4s", "/live/index.m3u8"}, {"/live/b.m4s", "/live/index.m3u8"},
        {"/live/index.m3u8"}]


def test_there_is_one_for_each_way():
    assert len(LINES) == len(GONE)


@pytest.mark.parametrize("line, gone", zip(LINES, GONE), ids=["url", "prefix", "tag", "soft"])
def test_it_purges_what_it_says(new_levee, origin, tmp_path, line, gone):
    secret = tmp_path / "purge.secret"
    secret.write_text("what operators know\n")
    levee = new_levee(location=RULE.replace("/etc/levee/purge.secret", str(secret)))
    for path, tags in PAGES.items():
        origin.page(path, path, cache_control="max-age=60", headers={"Cache-Tag": tags})
        assert levee.get(path).rest() == path.encode()
    host, port = levee.address
    (tmp_path / ".curlrc").write_text(f'connect-to = "edge:80:{host}:{port}"\n')
    done = subprocess.run(line, shell=True, cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "CURL_HOME": str(tmp_path)},
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and f'"purged":{len(gone)}' in done.stdout, done.stdout + done.stderr
    kept = {path for path in PAGES if "; hit" in levee.get(path).headers["Cache-Status"]}
    assert kept == set(PAGES) - gone
