"""Clients: one connection that a test reads step by step, and crowds of them."""
import selectors
import socket
import ssl
import threading
import time

from .tools import PATIENCE, eventually
from .wire import Broken, ResponseReader


def request_bytes(target, host, method="GET", headers=(), body=None):
    fields = list(headers.items() if isinstance(headers, dict) else headers)
    if not any(name.lower() == "host" for name, _ in fields):
        fields.insert(0, ("Host", host))
    if body is not None and not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in fields):
        fields.append(("Content-Length", str(len(body))))
    lines = [f"{method} {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


class Connection:
    """A connection to levee. Responses are read in the order of the requests."""

    def __init__(self, address, host=None, tls=None, name=None, rcvbuf=None):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.socket = socket.socket(family)
        if rcvbuf:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(address)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=name)
        self.host = host or name or "localhost"
        self.left = b""  # read already, belongs to the next response

    def send(self, data):
        self.socket.sendall(data)
        return self

    def response(self, method="GET"):
        return Response(self, method)

    def get(self, target, method="GET", headers=(), body=None, host=None):
        self.send(request_bytes(target, host or self.host, method, headers, body))
        return self.response(method)

    def receive(self):
        """Some bytes; nothing at the end of the connection, a reset included."""
        if self.left:
            data, self.left = self.left, b""
            return data
        try:
            return self.socket.recv(262144)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            return b""

    def ended(self):
        """Waits for the end of the connection; says whether it came without a further byte."""
        try:
            return not self.receive()
        except TimeoutError:
            return False

    def finish_sending(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.socket.close()


class Response:
    """A response that is read when the test asks for it. Raises Broken if it ends before its end."""

    def __init__(self, connection, method="GET"):
        self.connection = connection
        self._reader = ResponseReader(method)
        self._taken = 0

    def _more(self):
        data = self.connection.receive()
        if data:
            self._reader.feed(data)
            if self._reader.done:
                self.connection.left = self._reader.rest + self.connection.left
        else:
            self._reader.end()

    @property
    def head(self):
        while self._reader.head is None:
            self._more()
        return self._reader.head

    @property
    def status(self):
        return self.head.status

    @property
    def headers(self):
        return self.head.headers

    @property
    def interim(self):
        return self.head and self._reader.interim

    @property
    def trailers(self):
        return self._reader.body.trailers

    def read(self, size):
        """Exactly so many bytes of the body, as soon as they are there."""
        while self.head and len(self._reader.content) < self._taken + size:
            if self._reader.done:
                raise Broken(f"the body ended after {len(self._reader.content)} bytes")
            self._more()
        part = bytes(self._reader.content[self._taken:self._taken + size])
        self._taken += size
        return part

    def rest(self):
        """All that has not been read, to the body's proper end."""
        while not self._reader.done:
            self._more()
        part = bytes(self._reader.content[self._taken:])
        self._taken = len(self._reader.content)
        return part

    def cut(self):
        """What comes before the connection ends in mid-response; fails if the response ends properly."""
        try:
            body = self.rest()
        except Broken:
            return bytes(self._reader.content[self._taken:])
        raise AssertionError(f"this response ended properly, after {len(body)} bytes")

    def close(self):
        self.connection.close()


class Visitor:
    """One of a crowd: its response, and when (seconds from the start) its first and last byte came."""

    def __init__(self, index):
        self.index, self.reader = index, ResponseReader()
        self.first = self.last = self.error = None

    @property
    def status(self):
        return self.reader.head and self.reader.head.status

    @property
    def headers(self):
        return self.reader.head.headers

    @property
    def body(self):
        return bytes(self.reader.content)


class Crowd:
    """Many clients at once, on a thread of their own. `requests`: the bytes that each sends."""

    def __init__(self, address, requests):
        self.visitors = [Visitor(i) for i in range(len(requests))]
        self.connected = threading.Event()
        self._stop = False
        self._thread = threading.Thread(target=self._run, args=(address, requests), daemon=True)
        self._thread.start()

    def started(self):
        """How many have the first byte of a body."""
        return sum(1 for v in self.visitors if v.first is not None)

    def wait_started(self, count=None):
        count = count or len(self.visitors)
        eventually(lambda: self.started() >= count, what=f"{count} have a first byte; {self.started()} have")

    def results(self):
        """All visitors, when each has its whole response or an error."""
        self._thread.join(6 * PATIENCE)
        assert not self._thread.is_alive(), f"{sum(v.last is None for v in self.visitors)} of the crowd still wait"
        return self.visitors

    def stop(self):
        """Everybody leaves."""
        self._stop = True
        self._thread.join(PATIENCE)

    def _run(self, address, requests):
        selector, sockets, began = selectors.DefaultSelector(), [], time.monotonic()
        for visitor, data in zip(self.visitors, requests):
            s = socket.create_connection(address, timeout=PATIENCE)
            s.sendall(data)
            s.setblocking(False)
            selector.register(s, selectors.EVENT_READ, visitor)
            sockets.append(s)
        self.connected.set()
        waiting = len(sockets)
        while waiting and not self._stop:
            for key, _ in selector.select(0.1):
                visitor, now = key.data, time.monotonic() - began
                try:
                    data = key.fileobj.recv(262144)
                    if data:
                        visitor.reader.feed(data)
                    else:
                        visitor.reader.end()
                except (Broken, OSError, ValueError) as error:
                    visitor.error = error
                if visitor.first is None and visitor.reader.content:
                    visitor.first = now
                if visitor.reader.done or visitor.error:
                    visitor.last = now
                    selector.unregister(key.fileobj)
                    waiting -= 1
        for s in sockets:
            s.close()
