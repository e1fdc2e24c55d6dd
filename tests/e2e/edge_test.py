"""The production edge of the examples, served as it is written but for addresses and files."""
import json
import pathlib

import pytest
from harness import eventually

EDGE = pathlib.Path(__file__).parents[2] / "conf" / "examples" / "edge.conf"


@pytest.fixture
def edge(levee, tls_cert, tls_origin):
    """(levee, ask): ask() is a request to the site over TLS."""
    certificate, key, trusting = tls_cert
    text = EDGE.read_text()
    for theirs, ours in (("user www-data;", ""), ("/run/levee", "@DIR@"), ("/var/log/levee", "@DIR@"), ("buffer=64k flush=1s", ""),
                         ("/etc/levee/live.example.net.pem", certificate), ("/etc/levee/live.example.net.key", key),
                         ("packager-1.example.net:443", tls_origin.address), ("packager-2.example.net:443", "127.0.0.2:1"),
                         ("packager-spare.example.net:443", "127.0.0.3:1"),
                         ("proxy_ssl_name origin.example.net;", f"proxy_ssl_name localhost; proxy_ssl_trusted_certificate {certificate};"),
                         ("listen [::]:80 default_server;", ""), ("listen [::]:443 ssl default_server;", ""),
                         ("listen 80 ", "listen @ADDRESS@:@PORT@ "), ("listen 443 ", "listen @ADDRESS@:@PORT_tls@ "),
                         ("127.0.0.1:9080", "@ADDRESS@:@PORT_status@")):
        assert theirs in text, theirs
        text = text.replace(theirs, str(ours))
    levee.start(whole=text)
    return levee, lambda target: levee.get(target, port="tls", tls=trusting, name="localhost", host="live.example.net")


@pytest.mark.conf(start=False)
def test_a_stream_is_fetched_once_logged_and_stale_when_its_origins_are_gone(edge, tls_origin):
    levee, ask = edge
    tls_origin.page("/live/index.m3u8", "list", headers={"Set-Cookie": "a=b"})
    tls_origin.page("/live/1.m4s", "media", headers={"Access-Control-Allow-Origin": "elsewhere"})
    for _ in range(3):
        playlist, segment = ask("/live/index.m3u8"), ask("/live/1.m4s?session=7")
        assert (playlist.rest(), segment.rest()) == (b"list", b"media")
        assert segment.headers["Access-Control-Allow-Origin"] == "*"
        assert "Set-Cookie" not in playlist.headers
    assert tls_origin.hits("/live/1.m4s") == 1  # a session's arguments make no other key
    for part in (0, 1):
        assert ask(f"/live/index.m3u8?_HLS_msn=4&_HLS_part={part}").rest() == b"list"
    assert [r.target for r in tls_origin.requests if "_HLS_msn" in r.target] == [
        "/live/index.m3u8?_HLS_msn=4&_HLS_part=0", "/live/index.m3u8?_HLS_msn=4&_HLS_part=1"]
    tls_origin.stop()
    assert ask("/live/index.m3u8").rest() == b"list"
    eventually(lambda: len(levee.access_log()) == 9, what="all requests are in the log")
    lines = [json.loads(line) for line in levee.access_log()]
    assert {line["cache"] for line in lines} >= {"HIT", "MISS"} and all(line["status"] == 200 for line in lines)


@pytest.mark.conf(start=False)
def test_plain_http_is_sent_to_https_and_the_status_has_a_port_of_its_own(edge):
    levee, _ = edge
    assert levee.get("/live/a", host="live.example.net").headers["Location"] == "https://live.example.net/live/a"
    assert levee.get("/levee/metrics", port="status").status == 200
