"""The command line: nginx's options and their meanings."""
import pytest
from harness import eventually


def options(levee, *more):
    return ("-p", f"{levee.directory}/", "-c", "levee.conf", *more)


@pytest.mark.conf(start=False)
def test_version_and_help(levee):
    code, said = levee.run("-v")
    assert code == 0 and said.lower().startswith("levee")
    code, said = levee.run("-V")
    assert code == 0 and "OpenSSL" in said and "libevent" in said
    code, said = levee.run("-h")
    assert code == 0
    for word in ("-c", "-p", "-t", "-T", "-g", "-e", "-s", "proxy_cache_use_stale", "cache_zone", "worker_processes"):
        assert word in said
    code, said = levee.run("-x")
    assert code != 0 and "'x'" in said


@pytest.mark.conf(start=False)
def test_t_checks_and_says_so(levee):
    levee.write()
    code, said = levee.run(*options(levee, "-t"))
    assert code == 0 and "syntax is ok" in said and "test is successful" in said


@pytest.mark.conf(start=False)
def test_capital_t_prints_all_that_was_read(levee):
    (levee.directory / "more.conf").write_text("# from an included file\nsend_timeout 10s;\n")
    levee.write(http="include *ore.conf;")
    code, said = levee.run(*options(levee, "-T"))
    assert code == 0 and "# from an included file" in said and "cache_zone main ram=64m;" in said
    assert f"# configuration file {levee.directory}/more.conf" in said


@pytest.mark.conf(start=False)
def test_g_adds_directives(levee):
    levee.write()
    code, said = levee.run(*options(levee, "-t", "-g", "nonsense on;"))
    assert code == 1 and 'unknown directive "nonsense"' in said
    levee.start("-g", "worker_shutdown_timeout 1s;")


def test_s_sends_signals_to_the_running_one(levee, origin):
    levee.write()
    assert levee.run(*options(levee, "-s", "reload"))[0] == 0
    eventually(lambda: levee.get("/.generation").rest() == b"generation 2")
    (levee.directory / "access.log").rename(levee.directory / "access.log.1")
    assert levee.run(*options(levee, "-s", "reopen"))[0] == 0
    eventually(lambda: (levee.directory / "access.log").exists())
    assert levee.run(*options(levee, "-s", "quit"))[0] == 0
    assert levee.wait() == 0
    code, said = levee.run(*options(levee, "-s", "stop"))
    assert code == 1 and said
    assert levee.run(*options(levee, "-s", "dance"))[0] == 1


def test_s_stop(levee):
    assert levee.run(*options(levee, "-s", "stop"))[0] == 0
    assert levee.wait() == 0


@pytest.mark.conf(start=False)
def test_e_names_the_error_log(levee):
    levee.write(main="unknown on;")
    code, _ = levee.run(*options(levee, "-e", levee.directory / "early.log"))
    assert code == 1 and 'unknown directive "unknown"' in (levee.directory / "early.log").read_text()


@pytest.mark.conf(start=False)
def test_daemon_on(levee):
    text = levee.write()
    levee.conf.write_text(text.replace("daemon off;", "daemon on;"))
    assert levee.run(*options(levee))[0] == 0
    eventually(lambda: (levee.directory / "levee.pid").exists())
    eventually(lambda: levee.get("/.generation").status == 200)
    assert levee.run(*options(levee, "-s", "stop"))[0] == 0
    eventually(lambda: not (levee.directory / "levee.pid").exists())
