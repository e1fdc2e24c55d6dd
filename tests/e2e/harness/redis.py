"""Redis for the tests: a server, a Cluster of three masters, a master with replica and Sentinels, a bad network, and what
only looks like Redis."""
import contextlib
import selectors
import signal
import socket
import subprocess
import threading
import time

from .tools import ADDRESS, PATIENCE, eventually, free_port


def _client(port, address=ADDRESS, **rest):
    import redis
    return redis.Redis(address, port, socket_timeout=PATIENCE, **rest)


class RedisServer:
    """A redis-server of the test's. `more`: further options. tls: (certificate, key); then it speaks nothing else."""

    def __init__(self, directory, *more, port=None, tls=None):
        self.directory, self.more, self.tls, self.password = directory, more, tls, None
        self.address, self.port = ADDRESS, port or free_port()
        self.process = None
        self.start()

    @property
    def url(self):
        return f"redis{'s' if self.tls else ''}://{self.address}:{self.port}"

    @property
    def client(self):
        trust = {"ssl": True, "ssl_ca_certs": str(self.tls[0])} if self.tls else {}
        return _client(self.port, password=self.password, **trust)

    def protect(self, password):
        """Nobody comes in any more without it, nor stays."""
        self.client.config_set("requirepass", password)
        self.password = password
        self.client.execute_command("CLIENT", "KILL", "TYPE", "normal")

    def claims(self):
        """What stands in the index: by key, the nodes that have it."""
        keys = [key for key in self.client.keys("levee:*") if key not in (b"levee:nodes", b"levee:purges")]
        values = [self.client.get(key) for key in keys]  # of a Cluster's node: of many slots
        return {key: value.split()[1].split(b",") for key, value in zip(keys, values) if value and value.startswith(b"H ")}

    def start(self):
        """Empty, as a server without a disk is."""
        self._run()
        eventually(self._answers, what="redis-server answers")

    def _run(self):
        self.process = subprocess.Popen(
            ["redis-server", "--bind", self.address, *self._ports(), "--save", "", "--appendonly", "no", "--dir",
             str(self.directory), "--protected-mode", "no", "--bind-source-addr", self.address, *map(str, self.more)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _ports(self):
        if not self.tls:
            return ["--port", str(self.port)]
        certificate, key = map(str, self.tls)
        return ["--port", "0", "--tls-port", str(self.port), "--tls-cert-file", certificate, "--tls-key-file", key,
                "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no"]

    def _answers(self):
        import redis
        if self.process.poll() is not None:  # somebody was faster at this port
            self._run()
        with contextlib.suppress(redis.exceptions.RedisError):
            return self.client.ping()

    def signal(self, name):
        self.process.send_signal(getattr(signal, f"SIG{name}"))

    def kill(self):
        self.process.kill()
        self.process.wait()

    stop = kill


class RedisCluster:
    """Three masters, each with a third of the slots."""

    def __init__(self, directory):
        self.nodes = []
        for number in range(3):
            place = directory / f"redis{number}"
            place.mkdir()
            self.nodes.append(RedisServer(place, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000",
                                          "--cluster-announce-ip", ADDRESS, "--cluster-port", free_port()))
        subprocess.run(["redis-cli", "--cluster", "create", *(f"{n.address}:{n.port}" for n in self.nodes), "--cluster-yes"],
                       check=True, stdout=subprocess.DEVNULL, timeout=3 * PATIENCE)
        eventually(self._agree, within=3 * PATIENCE, what="the Cluster is up")

    def _agree(self):
        return all(node.client.execute_command("CLUSTER INFO").get("cluster_state") == "ok" for node in self.nodes)

    @property
    def urls(self):
        return " ".join(node.url for node in self.nodes)

    def keys(self):
        return {key: node for node in self.nodes for key in node.client.keys("*")}

    def move(self, key):
        """Moves the slot of a key to another master, with all that is in it."""
        source = self.keys()[key]
        target = next(node for node in self.nodes if node is not source)
        slot = source.client.execute_command("CLUSTER KEYSLOT", key)
        name = {node: _text(node.client.execute_command("CLUSTER MYID")) for node in (source, target)}
        target.client.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", name[source])
        source.client.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", name[target])
        for one in source.client.keys("*"):
            if source.client.execute_command("CLUSTER KEYSLOT", one) == slot:
                source.client.execute_command("MIGRATE", target.address, target.port, one, 0, 2000)
        for node in (target, source, *self.nodes):
            node.client.execute_command("CLUSTER SETSLOT", slot, "NODE", name[target])

    def stop(self):
        for node in self.nodes:
            node.kill()


def _text(value):
    return value.decode() if isinstance(value, bytes) else value


class RedisSentinel:
    """A master, its replica, and three Sentinels that watch them."""

    def __init__(self, directory):
        places = [directory / name for name in ("master", "replica", "s0", "s1", "s2")]
        for place in places:
            place.mkdir()
        self.master = RedisServer(places[0])
        self.replica = RedisServer(places[1], "--replicaof", ADDRESS, self.master.port)
        self.sentinels, self.ports = [], []
        for place in places[2:]:
            port = free_port()
            (place / "sentinel.conf").write_text(
                f"bind {ADDRESS}\nbind-source-addr {ADDRESS}\nport {port}\ndir {place}\nprotected-mode no\n"
                f"sentinel monitor main {ADDRESS} {self.master.port} 2\nsentinel down-after-milliseconds main 500\n"
                "sentinel failover-timeout main 3000\n")
            self.sentinels.append(subprocess.Popen(["redis-sentinel", str(place / "sentinel.conf")],
                                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            self.ports.append(port)
        eventually(lambda: all(self._knows_all(port) for port in self.ports), within=3 * PATIENCE, what="the Sentinels agree")

    def _knows_all(self, port):
        import redis
        with contextlib.suppress(redis.exceptions.RedisError, KeyError):
            state = _client(port).sentinel_masters()["main"]
            return state["num-slaves"] == 1 and state["num-other-sentinels"] == 2

    @property
    def urls(self):
        return " ".join(f"redis+sentinel://{ADDRESS}:{port}/main" for port in self.ports)

    def fail_over(self):
        """The master dies, if it has not; returns when the Sentinels name the replica."""
        self.master.kill()
        eventually(lambda: all(_client(port).sentinel_get_master_addr_by_name("main")[1] == self.replica.port
                               for port in self.ports), within=3 * PATIENCE, what="a fail-over")

    def stop(self):
        for process in self.sentinels:
            process.kill()
            process.wait()
        self.replica.kill()
        if self.master.process.poll() is None:
            self.master.kill()


class Network:
    """A TCP proxy before a server that delays what goes through by `latency` seconds each way, or resets all."""

    def __init__(self, port):
        self.target, self.latency = (ADDRESS, port), 0.0
        self._listener = socket.create_server((ADDRESS, 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        self._open, self._lock = set(), threading.Lock()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    @property
    def url(self):
        return f"redis://{ADDRESS}:{self.port}"

    def reset(self):
        """Resets every connection that is open."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    connection.shutdown(socket.SHUT_RDWR)

    def pull(self):
        """Like a cable: nothing goes through any more, until plug_in()."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset()

    def plug_in(self):
        self._listener = socket.create_server((ADDRESS, self.port), backlog=256)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self):
        self._listener.close()
        self.reset()

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self.target)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._open |= {near, far}
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near, far):
        selector = selectors.DefaultSelector()
        selector.register(near, selectors.EVENT_READ, far)
        selector.register(far, selectors.EVENT_READ, near)
        queue = []  # (when, to, data)
        with contextlib.suppress(OSError):
            while True:
                wait = max(0, queue[0][0] - time.monotonic()) if queue else None
                for key, _ in selector.select(wait):
                    data = key.fileobj.recv(65536)
                    if not data:
                        raise OSError
                    queue.append((time.monotonic() + self.latency, key.data, data))
                while queue and queue[0][0] <= time.monotonic():
                    _, to, data = queue.pop(0)
                    to.sendall(data)
        with self._lock:
            self._open -= {near, far}
        near.close()
        far.close()


class FalseRedis:
    """Takes Redis' commands, and answers each with the same bytes. `handshake`: but for PING, which it answers well."""

    def __init__(self, reply, handshake=True):
        self.reply, self.handshake, self.commands = reply, handshake, []
        self._listener = socket.create_server((ADDRESS, 0), backlog=256)
        self.url = f"redis://{ADDRESS}:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError, ValueError), connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                words = []
                for _ in range(int(line[1:])):
                    size = int(stream.readline()[1:])
                    words.append(stream.read(size + 2)[:-2])
                self.commands.append(words)
                connection.sendall(b"+PONG\r\n" if self.handshake and words[0] == b"PING" else self.reply)

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
