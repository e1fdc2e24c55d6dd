"""levee-bench rehearse asks a target by the name that the plan gives it, in the Host field and over TLS."""
import ssl
import subprocess

import pytest
from harness import OUT, PATIENCE

PLAN = "target %s://%s/; %s duration 1s; requests 3 path=/a; promise errors 0%%;\n"


def play(folder, plan):
    (folder / "evening.plan").write_text(plan)
    return subprocess.run([OUT / "levee-bench", "rehearse", folder / "evening.plan"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=3 * PATIENCE)


@pytest.mark.parametrize("host", ["live.example.com", "live.example.com:8443"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_host_is_asked_for_by_its_name(tmp_path, tls_cert, new_origin, scheme, host):
    names = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*tls_cert[:2])
    context.sni_callback = lambda _, name, __: names.append(name)
    origin = new_origin(tls=context if scheme == "https" else None)
    origin.page("/a", "a")
    done = play(tmp_path, PLAN % (scheme, origin.address, f"host {host};"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert {request.headers.get("Host") for request in origin.requests} == {host}
    assert set(names) == ({"live.example.com"} if scheme == "https" else set())


def test_without_one_it_is_asked_by_its_address(tmp_path, origin):
    origin.page("/a", "a")
    assert play(tmp_path, PLAN % ("http", origin.address, "")).returncode == 0
    assert {request.headers.get("Host") for request in origin.requests} == {origin.address}


@pytest.mark.parametrize("host", ["''", "'a b'", "a:", "a:b", "a/b", "a:123456", '"a\\r\\nX: y"'])
def test_what_is_no_host_is_refused(tmp_path, host):
    done = play(tmp_path, PLAN % ("http", "127.0.0.1:1", f"host {host};"))
    assert done.returncode == 2 and "evening.plan:1: invalid value" in done.stderr, done.stderr
