"""TLS towards clients."""
import socket
import ssl

import pytest
from harness import HOLD, numbered

LISTEN = "listen @ADDRESS@:@PORT_tls@ ssl; ssl_certificate @CERT@; ssl_certificate_key @KEY@;"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.conf(server=LISTEN)
def test_a_large_body_over_tls(tls_cert, levee, origin, version):
    body = numbered(5 << 20)
    origin.page("/a", body, cache_control="max-age=60")
    context = ssl.create_default_context(cafile=tls_cert[0])
    context.minimum_version = context.maximum_version = version
    for _ in range(2):
        assert levee.get("/a", port="tls", tls=context, name="localhost").rest() == body
    assert origin.hits("/a") == 1


@pytest.mark.conf(server=LISTEN)
def test_streaming_and_keep_alive_over_tls(tls_cert, levee, origin):
    page = origin.page("/a", ["one", HOLD, "two"], cache_control="max-age=60")
    connection = levee.connect("tls", tls=tls_cert[2], name="localhost")
    first = connection.get("/a")
    assert first.read(3) == b"one"
    page.release()
    assert first.rest() == b"two"
    for _ in range(20):
        assert connection.get("/a").rest() == b"onetwo"


@pytest.mark.conf(server=LISTEN + "ssl_protocols TLSv1.3;")
def test_ssl_protocols(tls_cert, levee):
    context = ssl.create_default_context(cafile=tls_cert[0])
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        levee.connect("tls", tls=context, name="localhost").get("/.generation").rest()
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    assert levee.get("/.generation", port="tls", tls=context, name="localhost").status == 200


@pytest.mark.conf(server=LISTEN)
def test_a_session_is_resumed(tls_cert, levee):
    context = ssl.create_default_context(cafile=tls_cert[0])
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    first = levee.connect("tls", tls=context, name="localhost")
    first.get("/.generation").rest()
    raw = socket.create_connection((levee.address[0], levee.port("tls")))
    again = context.wrap_socket(raw, server_hostname="localhost", session=first.socket.session)
    assert again.session_reused
    again.close()


@pytest.mark.conf(server=LISTEN)
def test_garbage_and_silence_do_no_harm(tls_cert, levee):
    silent = levee.connect("tls")
    levee.connect("tls").send(b"\x16\x03\x01\xff\xff" + b"\x00" * 100)
    plain = levee.connect("tls").send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    data = plain.receive()
    assert data == b"" or b" 400 " in data
    assert levee.get("/.generation", port="tls", tls=tls_cert[2], name="localhost").status == 200
    silent.close()
