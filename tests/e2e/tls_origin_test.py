"""TLS towards origins: verified when told so, by the name asked for."""
import pytest
from harness import numbered

PASS = "location /s/ { proxy_pass https://@TLS_ORIGIN@/; proxy_cache main; %s }"


@pytest.mark.conf(locations=PASS % "proxy_ssl_verify off;")
def test_https_origin(tls_cert, tls_origin, levee):
    body = numbered(2 << 20)
    tls_origin.page("/a", body, cache_control="max-age=60")
    assert levee.get("/s/a").rest() == body == levee.get("/s/a").rest()
    assert tls_origin.hits("/a") == 1


@pytest.mark.conf(locations=PASS % "proxy_ssl_verify on; proxy_ssl_trusted_certificate @CERT@; proxy_ssl_name localhost;"
                                   " proxy_ssl_server_name on;")
def test_verified(tls_cert, tls_origin, levee):
    tls_origin.page("/a", "well")
    assert levee.get("/s/a").rest() == b"well"


@pytest.mark.conf(locations=PASS % "" + (PASS % "proxy_ssl_verify off;").replace("/s/", "/open/"))
def test_verification_is_on_unless_told_otherwise_and_connections_are_not_mixed(tls_cert, tls_origin, levee):
    tls_origin.page("/a", "well")
    for _ in range(5):
        assert levee.get("/open/a").rest() == b"well"
        assert levee.get("/s/a").status == 502


@pytest.mark.conf(locations=PASS % "proxy_ssl_verify on; proxy_ssl_trusted_certificate @CERT@; proxy_ssl_name elsewhere;")
def test_a_wrong_name_is_refused(tls_cert, tls_origin, levee):
    tls_origin.page("/a", "never")
    assert levee.get("/s/a").status == 502
    assert tls_origin.hits("/a") == 0


@pytest.mark.conf(locations=PASS % "proxy_ssl_verify on; proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;"
                                   " proxy_ssl_name localhost;")
def test_an_unknown_authority_is_refused(tls_cert, tls_origin, levee):
    tls_origin.page("/a", "never")
    assert levee.get("/s/a").status == 502
    assert tls_origin.hits("/a") == 0
