"""The fixtures of the end-to-end tests; harness/ has what they are made of."""
import contextlib
import resource
import shutil
import socket
import ssl
import subprocess

import pytest
from harness import ADDRESS, OUT, Levee, Network, Origin, Pop, RedisServer, eventually, free_port


def pytest_configure():
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 20000) if limit > 0 else 20000, limit))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when == "call":
        item.failed = report.failed


@pytest.fixture
def new_origin():
    """Makes origins; all are stopped at the test's end."""
    made = []

    def make(**rest):
        made.append(Origin(**rest))
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.fixture
def origin(new_origin):
    return new_origin()


@pytest.fixture
def new_levee(request, tmp_path, origin):
    """Makes levees, started unless start=False. At the test's end each must be alive, stop cleanly, and have nothing
    to say to a sanitizer."""
    made = []

    def make(start=True, values=None, **slots):
        directory = tmp_path / f"levee{len(made)}"
        directory.mkdir()
        levee = Levee(directory, origin.address, values, **slots)
        made.append(levee)
        return levee.start() if start else levee

    yield make
    settle(made, request)


def settle(made, request):
    """Stops levees, and fails if one was not well."""
    problems = []
    for levee in made:
        try:
            levee.stop()
        except AssertionError as problem:
            problems.append(str(problem))
        if levee.sanitizer_reports():
            problems.append(levee.sanitizer_reports())
        if problems or getattr(request.node, "failed", True):
            show(levee)
    assert not problems, "\n".join(problems)


def show(levee):
    for name in ("levee.conf", "output.log", "error.log", "access.log"):
        text = levee._read(name)
        print(f"--- {levee.directory.name}/{name}\n{text if name == 'levee.conf' else text[-6000:]}")


@pytest.fixture
def levee(request, new_levee):
    """A levee in front of `origin`, with the lines of the conf marker; @CERT@ and @KEY@ if the test has tls_cert,
    @TLS_ORIGIN@ if it has tls_origin. conf(start=False): the test starts it."""
    marker = request.node.get_closest_marker("conf")
    values = {}
    if "tls_cert" in request.fixturenames:
        values["CERT"], values["KEY"], _ = request.getfixturevalue("tls_cert")
    if "tls_origin" in request.fixturenames:
        values["TLS_ORIGIN"] = request.getfixturevalue("tls_origin").address
    return new_levee(values=values, **(marker.kwargs if marker else {}))


@pytest.fixture(scope="session")
def tls_cert(tmp_path_factory):
    """(certificate, key, a client context that trusts it): self-signed, for localhost and the tests' address."""
    directory = tmp_path_factory.mktemp("tls")
    return make_certificate(directory, "localhost")


def make_certificate(directory, name, addresses=(ADDRESS,)):
    certificate, key = directory / f"{name}.crt", directory / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", f"/CN={name}", "-addext", ",".join([f"subjectAltName=DNS:{name}", *(f"IP:{address}" for address in addresses)]),
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key, ssl.create_default_context(cafile=certificate)


@pytest.fixture
def tls_origin(tls_cert, new_origin):
    certificate, key, _ = tls_cert
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return new_origin(tls=context)


@pytest.fixture
def running(tmp_path):
    """running(RedisServer, ...) and the like: makes one of these in a directory of its own, and stops it at the end."""
    made = []

    def run(kind, *arguments, **rest):
        directory = tmp_path / f"{kind.__name__}{len(made)}"
        directory.mkdir()
        made.append(kind(directory, *arguments, **rest))
        return made[-1]

    yield run
    for one in reversed(made):
        one.stop()


@pytest.fixture
def redis_server(running):
    return running(RedisServer)


@pytest.fixture
def network(redis_server):
    """Between the nodes and redis_server."""
    made = Network(redis_server.port)
    yield made
    made.stop()


@pytest.fixture
def new_pop(request, tmp_path, origin):
    """Makes PoPs of started nodes in front of `origin`; see Pop. At the end each node must be alive, unless it was killed,
    and stop cleanly."""
    made = []

    def make(index, nodes=4, together=True, **rest):
        directory = tmp_path / f"pop{len(made)}"
        directory.mkdir()
        made.append(Pop(directory, origin, index, nodes, **rest))
        return made[-1].wait_together() if together else made[-1]

    yield make
    settle([node for pop in made for node in pop.nodes], request)


@pytest.fixture(scope="session")
def ffmpeg():
    program = shutil.which("ffmpeg")
    assert program, "ffmpeg is missing: make deps-test"
    return program


@pytest.fixture
def live_origin():
    """The bundled live stream (build/levee-bench origin): its address."""
    port = free_port()
    process = subprocess.Popen([OUT / "levee-bench", "origin", "--listen", f"{ADDRESS}:{port}", "--quiet"])
    eventually(lambda: process.poll() is not None or listens(port), what="levee-bench origin listens")
    assert process.poll() is None
    yield f"{ADDRESS}:{port}"
    process.terminate()
    process.wait()


def listens(port):
    with contextlib.suppress(OSError):
        socket.create_connection((ADDRESS, port)).close()
        return True
