"""An origin that does what a test says: stops at a barrier until released, cuts, resets, or sends any bytes at all."""
import contextlib
import socket
import struct
import threading

from .tools import ADDRESS, PATIENCE, eventually
from .wire import Body, Broken, Head


class _Mark:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return self.name


HOLD = _Mark("HOLD")    # wait here until page.release()
CUT = _Mark("CUT")      # end the connection here, politely (FIN)
RESET = _Mark("RESET")  # end it with a reset


class Answer:
    """One response. `body`: a list of strings, bytes and marks; `framing`: length, chunked or close."""

    def __init__(self, body=(), status=200, headers=(), framing="length", cache_control=None, etag=None,
                 last_modified=None, ranges=False, hold_head=False, trailers=(), interim=()):
        parts = [body] if isinstance(body, (str, bytes)) else list(body)
        self.parts = [part.encode() if isinstance(part, str) else part for part in parts]
        self.status, self.framing, self.ranges, self.etag = status, framing, ranges, etag
        self.hold_head, self.trailers, self.interim = hold_head, trailers, interim
        self.headers = list(headers.items() if isinstance(headers, dict) else headers)
        for name, value in (("Cache-Control", cache_control), ("ETag", etag), ("Last-Modified", last_modified)):
            if value is not None:
                self.headers.append((name, value))

    @property
    def size(self):
        return sum(len(part) for part in self.parts if isinstance(part, bytes))


class Page:
    """What a path answers, and how far its requests have come."""

    def __init__(self, answer):
        self.answer = answer  # an Answer, a function of the request that returns one, or raw parts
        self._gate = threading.Condition()
        self._released = 0
        self.held = 0  # how many holds have been reached

    def release(self, times=1):
        """Opens the next hold, for the requests that wait there and for all that come later."""
        with self._gate:
            self._released += times
            self._gate.notify_all()

    def hold(self, which, stopping):
        with self._gate:
            self.held += 1
            self._gate.wait_for(lambda: self._released > which or stopping(), timeout=6 * PATIENCE)


class Request:
    def __init__(self, head, body, connection):
        self.method, self.target, self.version = (head.start + ["", ""])[:3]
        self.path = self.target.split("?")[0]
        self.headers, self.body, self.connection = head.headers, body, connection


class Origin:
    """Listens on `address`; every connection is a thread. Paths without a page are answered 404."""

    def __init__(self, port=0, tls=None, address=ADDRESS):
        self.requests, self.pages, self.connections = [], {}, 0
        self.sent = 0  # bytes of bodies
        self._lock, self._open, self._tls = threading.Lock(), set(), tls
        self._address, self.port = address, port
        self._listener = None
        self.start()

    @property
    def address(self):
        return f"{self._address}:{self.port}"

    # -- what a test says
    def page(self, path, body=(), **rest):
        """A response for a path; see Answer. A function instead of a body is asked for an Answer at each request."""
        return self._add(path, body if callable(body) else Answer(body, **rest))

    def raw(self, path, *parts):
        """Sends exactly this, and closes. Without HOLD, CUT or RESET at its end the connection ends with FIN."""
        return self._add(path, tuple(part.encode("latin-1") if isinstance(part, str) else part for part in parts))

    def _add(self, path, answer):
        page = self.pages[path] = Page(answer)
        return page

    # -- what a test asks
    def hits(self, path=None):
        """How many requests have come for a path (with its query if given so); for all paths."""
        with self._lock:
            return sum(1 for r in self.requests if path is None or path in (r.path, r.target))

    def wait_for(self, path, hits=1):
        eventually(lambda: self.hits(path) >= hits, what=f"{hits} requests for {path}; have {self.hits(path)}")

    def last(self, path):
        with self._lock:
            return [r for r in self.requests if r.path == path][-1]

    @property
    def open_connections(self):
        with self._lock:
            return len(self._open)

    # -- its life
    def start(self):
        self._stopping = False
        self._listener = socket.create_server((self._address, self.port), backlog=4096)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self):
        """Refuses connections from here on, and resets those that are open; start() ends that."""
        if self._stopping:
            return
        self._stopping = True
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for page in list(self.pages.values()):
            page.release(0)
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def drop_connections(self):
        """Ends all connections, idle ones too; goes on listening."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
            threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True).start()

    def _serve(self, connection, number):
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(connection)
            rest = b""
            while not self._stopping:
                request, rest = self._read(connection, rest, number)
                if request is None or not self._answer(connection, request):
                    break
        except (OSError, Broken):
            pass
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _read(self, connection, data, number):
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return None, b""
            data += more
        block, _, data = data.partition(b"\r\n\r\n")
        head = Head(block)
        if head.headers.get("Expect", "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = Body(head.headers, to_the_end=False)
        content = body.feed(data)
        while not body.done:
            more = connection.recv(65536)
            if not more:
                return None, b""
            content += body.feed(more)
        request = Request(head, content, number)
        with self._lock:
            self.requests.append(request)
        return request, body.rest

    def _answer(self, connection, request):
        """Sends the response; says whether the connection stays open."""
        page = self.pages.get(request.target) or self.pages.get(request.path) or Page(Answer("no such page", 404))
        answer = page.answer(request) if callable(page.answer) else page.answer
        if isinstance(answer, tuple):
            self._run(connection, page, answer, lambda part: part)
            return False
        return Sending(self, connection, request, page, answer).run()

    def _run(self, connection, page, parts, frame, skip=0, holds=0):
        """Sends parts from byte `skip` on. Marks before that byte are behind us."""
        at = 0
        for part in parts:
            if isinstance(part, bytes):
                sending = part[max(0, skip - at):]
                at += len(part)
                if sending:
                    connection.sendall(frame(sending))
                    with self._lock:
                        self.sent += len(sending)
            elif part is HOLD:
                if at >= skip:
                    page.hold(holds, lambda: self._stopping)
                holds += 1
            elif skip == 0 or at > skip:
                if part is RESET:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
        return not self._stopping


def up_to(last, parts):
    """The first `last` bytes, and the marks among them."""
    out, left = [], last
    for part in parts:
        if not left:
            break
        out.append(part[:left] if isinstance(part, bytes) else part)
        left -= len(out[-1]) if isinstance(part, bytes) else 0
    return out


class Sending:
    """One Answer on its way."""

    def __init__(self, origin, connection, request, page, answer):
        self.origin, self.connection, self.request, self.page, self.answer = origin, connection, request, page, answer

    def run(self):
        answer, holds = self.answer, 0
        for status, fields in answer.interim:
            self._head(status, fields)
        if answer.hold_head:
            self.page.hold(0, lambda: self.origin._stopping)
            holds = 1
        if answer.etag and answer.etag in self.request.headers.get("If-None-Match", ""):
            self._head(304, answer.headers)
            return True
        first, last = self._range()
        if first is not None and first >= answer.size:
            self._head(416, [("Content-Range", f"bytes */{answer.size}"), ("Content-Length", "0")])
            return True
        fields = list(answer.headers)
        if first is not None:
            fields.append(("Content-Range", f"bytes {first}-{last - 1}/{answer.size}"))
        if answer.framing == "chunked":
            fields.append(("Transfer-Encoding", "chunked"))
        elif answer.framing == "length" and answer.status not in (204, 304):
            fields.append(("Content-Length", str((last if first is not None else answer.size) - (first or 0))))
        else:
            fields.append(("Connection", "close"))
        self._head(answer.status if first is None else 206, fields)
        if self.request.method == "HEAD":
            return True
        chunked = answer.framing == "chunked"
        frame = (lambda part: b"%x\r\n%s\r\n" % (len(part), part)) if chunked else (lambda part: part)
        parts = answer.parts if first is None else up_to(last, answer.parts)
        if not self.origin._run(self.connection, self.page, parts, frame, first or 0, holds):
            return False
        if chunked:
            trailers = "".join(f"{name}: {value}\r\n" for name, value in answer.trailers)
            self.connection.sendall(b"0\r\n" + trailers.encode() + b"\r\n")
        return answer.framing != "close" and self.request.headers.get("Connection", "").lower() != "close"

    def _head(self, status, fields):
        reason = {200: "OK", 206: "Partial Content", 304: "Not Modified", 404: "Not Found"}.get(status, "Said")
        lines = [f"HTTP/1.1 {status} {reason}"] + [f"{name}: {value}" for name, value in fields]
        self.connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def _range(self):
        """[first, last) of what was asked for; None, None: everything."""
        wanted = self.request.headers.get("Range", "")
        if not self.answer.ranges or not wanted.startswith("bytes=") or "," in wanted:
            return None, None
        if self.request.headers.get("If-Range", self.answer.etag) != self.answer.etag:
            return None, None
        first, _, last = wanted[6:].partition("-")
        size = self.answer.size
        if not first:
            return max(0, size - int(last)), size
        return int(first), min(size, int(last) + 1) if last else size
