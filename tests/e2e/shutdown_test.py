"""QUIT finishes what runs; TERM does not wait; the pid file says who runs."""
import pytest
from harness import HOLD, eventually, numbered

BODY = numbered(1 << 20)


def refuses(levee):
    try:
        levee.connect().close()
    except ConnectionRefusedError:
        return True


@pytest.mark.parametrize("cache_control", ["max-age=60", "no-store"])
def test_quit_in_mid_transfer_loses_no_byte(levee, origin, cache_control):
    page = origin.page("/a", [BODY[:400_000], HOLD, BODY[400_000:]], cache_control=cache_control)
    readers = [levee.get("/a") for _ in range(5)]
    assert all(reader.read(1000) == BODY[:1000] for reader in readers)
    idle = levee.connect()
    assert idle.get("/.generation").status == 200
    levee.signal("QUIT")
    eventually(lambda: refuses(levee))
    assert levee.process.poll() is None
    page.release(5)
    assert all(reader.rest() == BODY[1000:] for reader in readers)
    assert levee.wait() == 0


def test_quit_without_work_ends_at_once(levee):
    idle = levee.connect()
    idle.get("/.generation").rest()
    levee.signal("QUIT")
    assert levee.wait() == 0
    assert idle.ended()


@pytest.mark.conf(main="worker_shutdown_timeout 300ms;")
def test_worker_shutdown_timeout_bounds_it(levee, origin):
    origin.page("/a", ["one", HOLD, "two"], cache_control="max-age=60")
    reader = levee.get("/a")
    assert reader.read(3) == b"one"
    levee.signal("QUIT")
    assert levee.wait() == 0
    assert reader.cut() == b""


@pytest.mark.parametrize("name", ["TERM", "INT"])
def test_term_and_int_do_not_wait(levee, origin, name):
    origin.page("/a", ["one", HOLD, "two"], cache_control="max-age=60")
    reader = levee.get("/a")
    assert reader.read(3) == b"one"
    levee.signal(name)
    assert levee.wait(3) == 0
    assert reader.cut() == b""


def test_the_pid_file(levee):
    path = levee.directory / "levee.pid"
    assert int(path.read_text()) == levee.process.pid
    levee.signal("TERM")
    levee.wait()
    assert not path.exists()
