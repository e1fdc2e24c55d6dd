"""A valid configuration that is dangerous is warned of, with reason and line."""
import pytest

pytestmark = pytest.mark.conf(start=False, location="proxy_cache_key\n $uri$cookie_session;")


def warned_line(levee):
    return next(number for number, line in enumerate(levee.conf.read_text().splitlines(), 1) if "proxy_cache_key" in line)


def test_t_warns_and_is_successful(levee):
    levee.write()
    code, said = levee.run("-t", "-p", f"{levee.directory}/", "-c", "levee.conf")
    assert code == 0 and "test is successful" in said
    warning = next(line for line in said.splitlines() if "tells viewers apart" in line)
    assert warning.startswith('levee: [warn] the cache key "$uri$cookie_session"')
    assert warning.endswith(f" in {levee.conf}:{warned_line(levee)}")


def test_the_command_says_the_same_by_its_exit_code(levee):
    levee.write()
    code, said = levee.run("lint", levee.conf, program="levee-bench")
    assert code == 1 and f"in {levee.conf}:{warned_line(levee)}" in said
    good = levee.directory / "good.conf"
    good.write_text("events { }\n")
    assert levee.run("lint", good, program="levee-bench") == (0, "")
    good.write_text("events { nonsense; }\n")
    code, said = levee.run("lint", good, program="levee-bench")
    assert code == 2 and f'{good}:1: unknown directive "nonsense"' in said
