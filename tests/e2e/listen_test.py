"""Where Levee listens: several addresses, IPv6, unix sockets; and default servers."""
import pytest
from harness import eventually


@pytest.mark.conf(server="listen unix:@DIR@/levee.sock; listen [::1]:@PORT_six@;")
def test_ipv6_and_unix_sockets(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    for address in (str(levee.directory / "levee.sock"), ("::1", levee.port("six")), None):
        connection = levee.connect(address=address)
        assert connection.get("/a").rest() == b"body" == connection.get("/a").rest()
    assert origin.hits("/a") == 1


@pytest.mark.conf(server="listen unix:@DIR@/levee.sock;")
def test_a_unix_socket_is_there_again_after_a_restart(levee):
    levee.restart()

    def answers():
        try:
            return levee.get("/.generation", address=str(levee.directory / "levee.sock")).status == 200
        except ConnectionRefusedError:  # bound, and about to listen
            return False

    eventually(answers)


def test_a_reload_opens_and_closes_listeners(levee):
    levee.reload(server="listen @ADDRESS@:@PORT_more@;")
    assert levee.get("/.generation", port="more").status == 200
    levee.reload(server="")

    def closed():
        try:
            levee.connect("more").close()
        except ConnectionRefusedError:
            return True

    eventually(closed)
