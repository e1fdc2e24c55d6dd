"""A tunnel is no fetch: it holds no slot of the origin's limit, but it counts among its server's connections."""
import socket

import pytest
from harness import eventually
from upgrade_test import ASK, SET, echo  # noqa: F401 (a fixture)

GROUP = "upstream group { server %s %s; concurrency 1; queue 0; }"


@pytest.fixture
def tunnels(new_levee, echo):  # noqa: F811
    def made(server):
        levee = new_levee(http=GROUP % (echo.address, server),
                          server=f"location /ws {{ proxy_pass http://group; {SET} }}")

        def opened():
            tunnel = socket.create_connection(levee.address)
            tunnel.sendall((ASK % ("/ws", "websocket")).encode())
            return tunnel, tunnel.recv(4096)
        return levee, opened
    return made


def test_a_tunnel_gives_its_slot_back(tunnels):
    _, opened = tunnels("")
    heads = [opened() for _ in range(3)]  # all open at a time
    assert all(head.startswith(b"HTTP/1.1 101") for _, head in heads)
    for tunnel, _ in heads:
        tunnel.close()


def test_a_tunnel_counts_for_max_conns_until_it_ends(tunnels):
    _, opened = tunnels("max_conns=1")
    first, head = opened()
    assert head.startswith(b"HTTP/1.1 101")
    second, head = opened()
    assert head.startswith(b"HTTP/1.1 503")
    first.sendall(b"bye")
    first.close()
    second.close()
    eventually(lambda: opened()[1].startswith(b"HTTP/1.1 101"))
