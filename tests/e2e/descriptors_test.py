"""When descriptors run out, Levee refuses what is new and goes on."""
import pytest
from harness import eventually


@pytest.mark.conf(main="worker_rlimit_nofile 120;")
def test_descriptors_run_out(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    kept = levee.connect()
    assert kept.get("/a").rest() == b"body"
    crowd = [levee.connect() for _ in range(300)]
    for connection in crowd:
        try:
            connection.send(b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        except OSError:
            pass
    for _ in range(20):  # who is in goes on
        assert kept.get("/a").rest() == b"body"
    used = levee.cpu_seconds()
    for _ in range(100):
        assert kept.get("/a").rest() == b"body"
    assert levee.cpu_seconds() - used < 1  # it does not spin
    for connection in crowd:
        connection.close()

    def back():
        try:
            return levee.get("/a").rest() == b"body"
        except Exception:
            return False

    eventually(back)


@pytest.mark.conf(start=False)
def test_worker_connections(levee, origin):
    levee.start(whole="daemon off; worker_processes 1; pid @DIR@/levee.pid; error_log @DIR@/error.log info;"
                      "events { worker_connections 32; }"
                      'http { access_log off; server { listen @ADDRESS@:@PORT@; return 200 "ok"; } }')
    kept = levee.connect()
    assert kept.get("/").rest() == b"ok"
    crowd = [levee.connect() for _ in range(100)]
    assert kept.get("/").rest() == b"ok"
    for connection in crowd:
        connection.close()

    def back():
        try:
            return levee.get("/").rest() == b"ok"
        except Exception:
            return False

    eventually(back)
