"""levee_metrics is text as Prometheus reads it, and README.md says what each name means."""
import pathlib
import re

import pytest
from harness import eventually

README = pathlib.Path(__file__).parents[2] / "README.md"
SAMPLE = re.compile(r'(?P<name>[a-z_]+)(?:\{(?P<labels>[a-z_]+="(?:[^"\\\n]|\\.)*"(?:,[a-z_]+="(?:[^"\\\n]|\\.)*")*)\})? (?P<value>\S+)$')
CONF = {"http": "upstream group { server @ORIGIN@; concurrency adaptive; }",
        "locations": "location /g/ { proxy_pass http://group/; proxy_cache main; } location = /metrics { levee_metrics; }"}


def page(levee):
    response = levee.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain")
    return response.rest().decode()


@pytest.mark.parametrize("servers", ["server @ORIGIN@;", "server @ORIGIN@; server @ORIGIN@ weight=2; server @ORIGIN@ backup;"],
                         ids=["one", "one address in three lines"])
@pytest.mark.conf(start=False)
def test_each_name_has_one_help_one_type_and_its_samples_together(levee, origin, servers):
    levee.start(**{**CONF, "http": f"upstream group {{ {servers} concurrency adaptive; }}"})
    origin.page("/a", "a", cache_control="max-age=60")
    levee.get("/g/a").rest()
    text = page(levee)
    assert text.endswith("\n")
    told, kinds, current, seen = set(), {}, None, set()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, current, help_text = line.split(" ", 3)
            assert current not in told and help_text.endswith(".")
            told.add(current)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == current and kind in ("counter", "gauge")
            assert (kind == "counter") == name.endswith("_total"), name
            kinds[name] = kind
        else:
            sample = SAMPLE.match(line)
            assert sample, line
            assert sample["name"] == current and current in kinds, line
            assert (sample["name"], sample["labels"]) not in seen, f"twice: {line}"
            seen.add((sample["name"], sample["labels"]))
            assert float(sample["value"]) >= 0
    assert f'levee_server_fetches_total{{upstream="group",server="{origin.address}"}} 1' in text
    for unit in ("milliseconds", "_ms", "_kb", "percent", "kilobytes"):
        assert not any(unit in name for name in kinds)


@pytest.mark.conf(**CONF)
def test_the_readme_has_them_all(levee, origin):
    levee.get("/g/a").rest()
    readme = README.read_text()
    named = set(re.findall(r"`(levee_[a-z_]+)", readme))
    served = set(re.findall(r"^# TYPE (\S+)", page(levee), re.M))
    assert served - named == set()


@pytest.mark.conf(**CONF)
def test_what_limits_and_queues_do_is_seen(levee, origin):
    held = origin.page("/a", "a", hold_head=True, cache_control="max-age=60")
    waiting = levee.get("/g/a")
    eventually(lambda: held.held == 1)
    text = page(levee)
    for line in ('levee_upstream_limit{upstream="group"} 20', 'levee_upstream_in_flight{upstream="group"} 1',
                 'levee_upstream_queued{upstream="group",class="playlist"} 0',
                 f'levee_server_breaker_state{{upstream="group",server="{origin.address}"}} 0',
                 f'levee_server_up{{upstream="group",server="{origin.address}"}} 1'):
        assert line in text
    held.release()
    assert waiting.rest() == b"a"
