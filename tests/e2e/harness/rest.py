"""Whether Levee is at rest: after a storm nothing is held, neither slots nor places in a queue nor connections."""
import contextlib
import json

from .tools import eventually

# A count of what is in use now; each must come back to nothing.
IN_USE = ("levee_upstream_in_flight", "levee_upstream_idle", "levee_upstream_queued", "levee_server_connections")


def in_use(levee, path="/status"):
    """What is held now, by name and labels; nothing that is zero."""
    with contextlib.closing(levee.connect()) as connection:
        status = json.loads(connection.get(path).rest())
    held = {}
    for sample in status["gauges"]:
        if sample["name"] in IN_USE and sample["value"]:
            held[" ".join(str(value) for name, value in sample.items() if name != "value")] = sample["value"]
    held |= {f"flights {name}": zone["flights"] for name, zone in status["zones"].items() if zone["flights"]}
    return held


def rests(levee):
    """Waits until nothing is held."""
    eventually(lambda: not in_use(levee), what=f"all is given back; {in_use(levee)} is not")
