"""HTTP/1.1 messages as bytes: what the client and the origin of the tests read. Strict, and without I/O."""


class Broken(Exception):
    """A message that ended before its end, or is no HTTP."""


class Fields(list):
    """Header fields in order; look-ups ignore case, several lines of a name are joined by a comma."""

    def __getitem__(self, name):
        if not isinstance(name, str):
            return super().__getitem__(name)
        values = self.all(name)
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def __contains__(self, name):
        return bool(self.all(name))

    def get(self, name, default=None):
        return self[name] if name in self else default

    def all(self, name):
        return [value for key, value in self if key.lower() == name.lower()]


class Head:
    """A start line and fields."""

    def __init__(self, data):
        lines = data.decode("latin-1").split("\r\n")
        self.start = lines[0].split(" ", 2)
        self.headers = Fields()
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon:
                raise Broken(f"a field without a colon: {line!r}")
            self.headers.append((name, value.strip(" \t")))


class Body:
    """The body that a head announces. feed() takes bytes and returns those of the content; `done` says it is over."""

    def __init__(self, headers, to_the_end, nothing=False):
        self.done = nothing
        self.rest = b""  # what came after the body's end
        self.trailers = Fields()
        self.chunked = not nothing and headers.get("Transfer-Encoding", "").lower() == "chunked"
        length = None if nothing or self.chunked else headers.get("Content-Length")
        self.left = int(length) if length is not None else None
        self.to_the_end = to_the_end and not nothing and not self.chunked and self.left is None
        if self.left == 0 or (not self.chunked and self.left is None and not self.to_the_end):
            self.done = True
        self._buffer = b""
        self._chunk = None  # bytes left in the chunk, its CRLF included; None: a size line is next

    def feed(self, data):
        if self.done:
            self.rest += data
            return b""
        if self.chunked:
            return self._feed_chunked(data)
        if self.left is None:
            return data
        taken, self.rest = data[:self.left], data[self.left:]
        self.left -= len(taken)
        self.done = self.left == 0
        return taken

    def _feed_chunked(self, data):
        self._buffer += data
        out = []
        while not self.done:
            if self._chunk is None:
                line, end, rest = self._buffer.partition(b"\r\n")
                if not end:
                    break
                size = int(line.split(b";")[0], 16)
                if size == 0:
                    if not self._trailers(rest):
                        break
                    continue
                self._chunk, self._buffer = size + 2, rest
            taken = self._buffer[:self._chunk]
            out.append(taken[:max(0, self._chunk - 2)])
            self._buffer = self._buffer[len(taken):]
            self._chunk -= len(taken)
            if self._chunk:
                break
            self._chunk = None
        return b"".join(out)

    def _trailers(self, rest):
        if rest.startswith(b"\r\n"):
            self.rest = rest[2:]
        else:
            block, end, self.rest = rest.partition(b"\r\n\r\n")
            if not end:
                return False
            self.trailers = Head(b"-\r\n" + block).headers
        self.done = True
        return True

    def end(self):
        """The connection is over: is the body?"""
        if self.to_the_end:
            self.done = True
        if not self.done:
            raise Broken("the connection ended before the body did")


class ResponseReader:
    """Takes the bytes of one response: `head` when it is there, `content` as it comes, `done` at its end."""

    def __init__(self, method="GET"):
        self.method = method
        self.head = self.body = None
        self.interim = []  # 1xx heads that came first
        self.content = bytearray()
        self.done = False
        self.rest = b""
        self._buffer = b""

    def feed(self, data):
        if self.head is None:
            self._buffer += data
            while self.head is None:
                block, end, data = self._buffer.partition(b"\r\n\r\n")
                if not end:
                    return
                head = Head(block)
                if len(head.start) < 2 or not head.start[0].startswith("HTTP/1."):
                    raise Broken(f"not a response: {block[:80]!r}")
                head.status = int(head.start[1])
                if 100 <= head.status < 200 and head.status != 101:
                    self.interim.append(head)
                    self._buffer = data
                else:
                    self.head = head
            nothing = self.method == "HEAD" or head.status in (101, 204, 304)
            self.body = Body(head.headers, to_the_end=True, nothing=nothing)
        self.content += self.body.feed(data)
        self.done, self.rest = self.body.done, self.body.rest

    def end(self):
        if self.head is None:
            raise Broken("the connection ended before a response" if not self._buffer else "a response's head was cut")
        self.body.end()
        self.done = True


def numbered(size, seed=0):
    """A body in which every place looks different: a lost, doubled or foreign byte shows."""
    lines = b"".join(b"%d:%012d\n" % (seed, n) for n in range(size // 14 + 1))
    return lines[:size]
