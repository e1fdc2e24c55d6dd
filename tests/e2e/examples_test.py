"""The example configurations are good ones."""
import pathlib

import pytest

EXAMPLES = pathlib.Path(__file__).parents[2] / "conf" / "examples"


@pytest.mark.parametrize("name", ["live.conf", "edge.conf", "pop.conf"])
@pytest.mark.conf(start=False)
def test_it_is_accepted(tls_cert, levee, name):
    text = (EXAMPLES / name).read_text()
    secret = levee.directory / "peer.secret"
    secret.write_text("something long enough to be a secret\n")
    secret.chmod(0o600)
    for theirs, ours in (("/etc/levee/live.example.net.pem", tls_cert[0]), ("/etc/levee/live.example.net.key", tls_cert[1]),
                         ("/etc/levee/peer.secret", secret), ("/var/log/levee", levee.directory), ("/run/levee", levee.directory),
                         (".example.net:443", ".invalid:443")):
        text = text.replace(theirs, str(ours))
    for number in (1, 2):
        text = text.replace(f"packager-{number}.invalid", f"127.0.0.{number}").replace("packager-spare.invalid", "127.0.0.3")
    levee.write(whole=text)
    code, said = levee.run("-t", "-p", f"{levee.directory}/", "-c", "levee.conf")
    assert code == 0 and "test is successful" in said, said
    dangers = [line for line in said.splitlines() if "[warn]" in line and "not in effect yet" not in line]
    assert not dangers or all("m of memory" in line for line in dangers), dangers  # a small machine
