"""A levee process with a configuration of the test's."""
import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess

from .client import Connection, Crowd, Response, request_bytes
from .tools import ADDRESS, PATIENCE, eventually, free_port

OUT = pathlib.Path(os.environ.get("LEVEE_OUT", "build/release")).resolve()

# The one base configuration. @NAME@ is a slot for a test's lines (conf marker), or one of: @ORIGIN@ the origin's address,
# @DIR@ the test's directory, @ADDRESS@ the loopback address, @PORT@ and @PORT_name@ free ports.
BASE = """
daemon off;
worker_processes 2;
pid @DIR@/levee.pid;
error_log @DIR@/error.log info;
@main@
events { worker_connections 8192; @events@ }
http {
  cache_zone main ram=64m;
  access_log @DIR@/access.log;
  overload @overload@;
  @http@
  server {
    listen @ADDRESS@:@PORT@;
    @server@
    location = /.generation { return 200 "@GENERATION@"; }
    location / {
      proxy_pass http://@ORIGIN@;
      proxy_cache main;
      @location@
    }
    @locations@
  }
  @servers@
}
"""
SLOTS = ("main", "events", "http", "overload", "server", "location", "locations", "servers")
DEFAULTS = {"overload": "off"}  # a test's machine is busy with other tests


class LeveeFailed(Exception):
    """Levee did not start; the text is what it said."""


class Levee:
    """Lines for slots of the base configuration, or a `whole` configuration of one's own."""

    def __init__(self, directory, origin="", values=None, **slots):
        self.directory = pathlib.Path(directory)
        self.values = {"DIR": str(directory), "ORIGIN": str(origin), "ADDRESS": ADDRESS, **(values or {})}
        self.slots, self.ports, self.generation = slots, {}, 0
        self.process, self.open = None, []
        self.conf = self.directory / "levee.conf"
        self.environment = {}

    # -- the configuration
    def write(self, **slots):
        """Writes the configuration, with these slots changed."""
        self.slots.update(slots)
        self.generation += 1
        text = self.slots.get("whole", BASE)
        for slot in SLOTS:
            text = text.replace(f"@{slot}@", self.slots.get(slot, DEFAULTS.get(slot, "")))
        for name, value in {**self.values, "GENERATION": f"generation {self.generation}"}.items():
            text = text.replace(f"@{name}@", str(value))
        text = re.sub(r"@PORT_?(\w*)@", lambda match: str(self.port(match.group(1))), text)
        self.conf.write_text(text)
        return text

    def port(self, name=""):
        return self.ports.setdefault(name, free_port()) if name not in self.ports else self.ports[name]

    # -- its life
    def run(self, *arguments, program="levee", within=PATIENCE):
        """Runs the program to its end: (exit code, what it printed)."""
        done = subprocess.run([OUT / program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=within, text=True, env=self._environment())
        return done.returncode, done.stdout

    def _environment(self):
        log = f"log_path={self.directory}/sanitizer"
        return {**os.environ, "ASAN_OPTIONS": f"{log}:detect_leaks=1", "UBSAN_OPTIONS": f"{log}:print_stacktrace=1",
                "TSAN_OPTIONS": f"{log}:second_deadlock_stack=1:history_size=4", **self.environment}

    def start(self, *arguments, **slots):
        self.write(**slots)
        with open(self.directory / "output.log", "ab") as output:
            self.process = subprocess.Popen([OUT / "levee", "-p", f"{self.directory}/", "-c", self.conf, *arguments],
                                            stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=self._environment())
        eventually(self._listens, what="levee listens")
        return self

    def _listens(self):
        if self.process.poll() is not None:
            code, self.process = self.process.returncode, None
            raise LeveeFailed(f"levee ended with {code} at its start:\n{self.output()}")
        listening = {self.port(), *map(int, re.findall(rf"listen {ADDRESS}:(\d+)", self.conf.read_text()))}
        with contextlib.suppress(OSError):
            for port in listening:
                socket.create_connection((ADDRESS, port), timeout=1).close()
            return True

    def restart(self, **slots):
        self.stop()
        return self.start(**slots)

    def reload(self, **slots):
        """SIGHUP, and waits until every worker answers by the new configuration."""
        self.write(**slots)
        self.signal("HUP")
        said = f"generation {self.generation}".encode()
        eventually(lambda: all(self._generation() == said for _ in range(20)), what="the new configuration is in force")

    def _generation(self):
        with contextlib.closing(self.connect()) as connection:
            return connection.get("/.generation", host="localhost").rest()

    def signal(self, name):
        self.process.send_signal(getattr(signal, f"SIG{name}"))
        if name == "STOP":  # which takes a moment, in which it would go on
            threads = pathlib.Path(f"/proc/{self.process.pid}/task")
            stopped = lambda: all(") T " in (thread / "stat").read_text() for thread in threads.iterdir())
            eventually(stopped, what="it has stopped")

    def wait(self, within=PATIENCE):
        """Waits for the process to end by itself: its exit code."""
        code = self.process.wait(within)
        self.process = None
        return code

    def stop(self):
        """Ends it quickly; it must leave with 0."""
        for connection in self.open:
            connection.close()
        self.open.clear()
        if self.process is None:
            return
        process, self.process = self.process, None
        if process.poll() is not None:
            raise AssertionError(f"levee died: exit code {process.returncode}\n{self.output()}")
        process.terminate()
        try:
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError("levee did not end on SIGTERM") from None
        assert code == 0, f"levee ended with {code} on SIGTERM\n{self.output()}"

    def sanitizer_reports(self):
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.directory.glob("sanitizer.*")))

    # -- what it said
    def output(self):
        return self._read("output.log")

    def error_log(self):
        return self._read("error.log")

    def access_log(self, name="access.log"):
        return self._read(name).splitlines()

    def _read(self, name):
        path = self.directory / name
        return path.read_text(errors="replace") if path.exists() else ""

    def memory(self):
        """Resident bytes."""
        pages = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # -- its clients
    @property
    def address(self):
        return ADDRESS, self.port()

    def connect(self, port="", address=None, **rest):
        """A connection to a port by its name, or to any address."""
        connection = Connection(address or (ADDRESS, self.port(port)), **rest)
        self.open.append(connection)
        return connection

    def get(self, target, method="GET", headers=(), body=None, host=None, **rest) -> Response:
        """Sends a request on a connection of its own; the response is read when it is looked at."""
        return self.connect(**rest).get(target, method, headers, body, host)

    def send(self, data, method="GET", **rest) -> Response:
        """Sends any bytes on a connection of their own."""
        return self.connect(**rest).send(data if isinstance(data, bytes) else data.encode("latin-1")).response(method)

    def crowd(self, count, target, headers=(), method="GET", port="") -> Crowd:
        """`count` clients at once. A function of the index may stand for target or headers."""
        requests = [request_bytes(target(i) if callable(target) else target, "localhost", method,
                                  headers(i) if callable(headers) else headers) for i in range(count)]
        crowd = Crowd((ADDRESS, self.port(port)), requests)
        assert crowd.connected.wait(PATIENCE), "the crowd could not connect"
        return crowd
