"""Several levees that are one PoP."""
import json

from .client import Connection
from .server import Levee
from .tools import ADDRESS, eventually, free_port

# Long time-outs: where a test counts requests, a busy machine must not look like a dead Redis or peer.
PATIENT = "timeout=2s"


class Node(Levee):
    def __init__(self, pop, number):
        directory = pop.directory / f"node{number}"
        directory.mkdir()
        self.pop, self.name = pop, f"node{number}"
        self.host = ADDRESS.rsplit(".", 1)[0] + f".{number + 2}"
        secret = directory / "peer.secret"
        secret.write_text(f"{pop.secret}\n")
        peer = f"{self.host}:{free_port(self.host)}"
        super().__init__(directory, pop.origin.address, {"HOST": self.host, "PEER": peer})
        http = (f"shared_index {pop.index};\nnode {self.name} advertise={pop.scheme}://{peer};\npeer_listen {peer};\n"
                f"peer_secret {secret};\n{pop.http}")
        self.peer = (self.host, int(peer.rsplit(":", 1)[1]))
        self.slots = {"http": http, "location": pop.location, "server": pop.server, **pop.slots}

    def status(self):
        return json.loads(self.get("/.status").rest())

    def gauge(self, name):
        return sum(line["value"] for line in self.status()["gauges"] if line["name"] == name)

    def kill(self):
        """Ends it as a crash does."""
        process, self.process = self.process, None
        process.kill()
        process.wait()

    def ask_as_peer(self, zone, key, secret=None, headers=()):
        fields = [("Levee-Secret", self.pop.secret if secret is None else secret), ("Levee-Zone", zone), ("Levee-Key", key)]
        connection = Connection(self.peer)
        self.open.append(connection)
        return connection.get("/levee-peer", headers=[*fields, *headers], host="peer")


class Pop:
    """`index`: what shared_index says. The nodes have the base configuration, with `http` and `location` lines."""

    def __init__(self, directory, origin, index, nodes=0, http="peer_timeout 2s;", location="", server="", scheme="http",
                 **slots):
        self.directory, self.origin, self.scheme, self.secret = directory, origin, scheme, "what only nodes know"
        self.index = index if "timeout=" in index else f"{index} {PATIENT}"
        self.http, self.location, self.slots = http, location, slots
        self.server = server + " location = /.status { levee_status; }"
        self.nodes = []
        for _ in range(nodes):
            self.join()

    def __getitem__(self, number):
        return self.nodes[number]

    def __iter__(self):
        return iter(self.nodes)

    def join(self):
        node = Node(self, len(self.nodes))
        self.nodes.append(node)
        return node.start()

    def wait_together(self):
        """Until each node knows of all."""
        eventually(lambda: all(node.gauge("levee_pop_nodes") == len(self.nodes) for node in self.nodes),
                   what="the nodes know each other")
        return self

    def crowd(self, count, target, headers=()):
        """`count` clients at each node: a list of crowds."""
        return [node.crowd(count, target, headers) for node in self.nodes]

    def leader(self, *among):
        """The node that leads what it fetched: the one that sent requests to the origin."""
        return next(node for node in (among or self.nodes) if node.process and node.status()["origin"]["fetches"] > 0)

    def stop(self):
        for node in self.nodes:
            node.stop()
