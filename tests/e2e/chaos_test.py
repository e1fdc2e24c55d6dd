"""Everything at once: an origin that cuts, resets, errs and dawdles; clients that pipeline, leave, read slowly and ask for
ranges; reloads; a zone too small for it all. A body that ends properly is the right one, nobody gets another's, and in
the end nothing is left behind."""
import json
import os
import random
import socket
import threading
import time
import traceback

import pytest
from harness import ADDRESS, Broken, eventually, numbered
from harness.origin import CUT, RESET, Answer
from harness.wire import ResponseReader

CLIENTS, ROUNDS, SEED = 16, 40, int(os.environ.get("LEVEE_SEED", "1"))  # another seed, another storm
SIZES = [0, 1, 700, 16 * 1024, 65 * 1024, 300 * 1024]
STATUSES = {200, 206, 304, 416, 429, 500, 502, 503, 504}


def body_of(path):
    return numbered(SIZES[int(path.rsplit("/", 1)[1]) % len(SIZES)], seed=sum(path.encode()))


def public(request, dice):
    body, at = body_of(request.path), dice.random()
    kind = dict(cache_control=dice.choice(["max-age=1", "max-age=0, stale-if-error=60", "max-age=60", "no-cache"]),
                framing=dice.choice(["length", "chunked"]))
    if dice.random() < 0.6:
        kind.update(etag=f'"{request.path}"', ranges=True)
    if at < 0.1:
        return Answer("origin is unwell", status=dice.choice([500, 502, 503, 429]))
    if at < 0.3 and body:
        middle = dice.randrange(len(body))
        return Answer([body[:middle], dice.choice([CUT, RESET]), body[middle:]], **kind)
    if at < 0.5 and body:
        return Answer([body[i:i + 10_000] for i in range(0, len(body), 10_000)], **kind)
    return Answer(body, **kind)


def sliced(request, dice):
    body = body_of(request.path)
    kind = dict(cache_control=dice.choice(["max-age=1", "max-age=60"]), etag=f'"{request.path}"', ranges=True)
    if dice.random() < 0.2 and body:
        middle = dice.randrange(len(body))
        return Answer([body[:middle], dice.choice([CUT, RESET]), body[middle:]], **kind)
    return Answer(body, **kind)


def private(request, dice):
    text = f"for {request.headers.get('X-Me')}\n" * dice.choice([1, 4000])
    return Answer(text, cache_control=dice.choice(["private", "no-store"]), framing=dice.choice(["length", "chunked"]))


class Client(threading.Thread):
    def __init__(self, levee, number):
        super().__init__(daemon=True)
        self.levee, self.name, self.dice = levee, f"client-{number}", random.Random(SEED + number)
        self.complete = self.broken = 0
        self.wrong = []

    def run(self):
        for _ in range(ROUNDS):
            try:
                self.visit()
            except (Broken, ConnectionError):
                self.broken += 1
            except Exception as problem:  # a thread's failure is the test's
                self.wrong.append("".join(traceback.format_exception(problem)))

    def visit(self):
        dice = self.dice
        asked = [self.request() for _ in range(dice.choice([1, 1, 1, 2, 5]))]
        with socket.create_connection((ADDRESS, self.levee.port()), timeout=20) as connection:
            data = b"".join(text for _, _, text in asked)
            cut = dice.randrange(len(data) + 1)
            connection.sendall(data[:cut])
            connection.sendall(data[cut:])
            rest = b""
            for path, method, _ in asked:
                if dice.random() < 0.1:
                    return  # leaves in the middle of it all
                reader = ResponseReader(method)
                reader.feed(rest)
                while not reader.done:
                    more = connection.recv(dice.choice([500, 65536]))
                    if dice.random() < 0.02:
                        time.sleep(0.01)
                    reader.feed(more) if more else reader.end()
                rest = reader.rest
                self.check(path, method, reader)

    def request(self):
        dice = self.dice
        path = f"/{dice.choice(['public', 'public', 'sliced', 'private'])}/{dice.randrange(24)}"
        method = "HEAD" if dice.random() < 0.1 else "GET"
        text = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-Me: {self.name}\r\n"
        if dice.random() < 0.2:
            text += f"Range: bytes={dice.randrange(2000)}-{dice.randrange(1000, 400_000)}\r\n"
        if dice.random() < 0.1:
            text += f'If-None-Match: "{path}"\r\n'
        return path, method, (text + "\r\n").encode()

    def check(self, path, method, reader):
        status, content = reader.head.status, bytes(reader.content)
        self.complete += 1
        right = body_of(path)
        if status == 206 and method == "GET" and not path.startswith("/private"):
            unit, _, numbers = reader.head.headers["Content-Range"].partition(" ")
            first, last = map(int, numbers.split("/")[0].split("-"))
            good = unit == "bytes" and content == right[first:last + 1]
        elif status == 200 and method == "GET" and not path.startswith("/private"):
            good = content == right
        elif status in (200, 206) and method == "GET":
            good = set(content.decode().split("\n")) <= {f"for {self.name}", ""} or status == 206 and "for" in content.decode()
        else:
            good = status in STATUSES
        if not good:
            self.wrong.append(f"{method} {path}: {status}, {reader.head.headers}, {len(content)} bytes: {content[:60]!r}")


STORM = """
  location ~ ^/(public|private)/ {
    proxy_pass http://@ORIGIN@;
    proxy_cache small;
    proxy_read_timeout 5s;
    proxy_cache_use_stale error timeout updating http_500 http_503;
    proxy_cache_valid 500 502 503 10ms;
  }
  location /sliced/ { proxy_pass http://@ORIGIN@; proxy_cache small; slice 32k; }
  location = /status { levee_status; }
"""


@pytest.mark.conf(http="cache_zone small ram=2m;", locations=STORM)
def test_no_wrong_byte_in_a_storm(levee, origin):
    dice, lock = random.Random(SEED), threading.Lock()

    def locked(make):
        def answer(request):
            with lock:
                return make(request, dice)
        return answer

    for number in range(24):
        origin.page(f"/public/{number}", locked(public))
        origin.page(f"/sliced/{number}", locked(sliced))
        origin.page(f"/private/{number}", locked(private))
    clients = [Client(levee, number) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    turns = 0
    while any(client.is_alive() for client in clients):
        turns += 1
        if turns % 40 == 0 and turns < 400:
            levee.signal("HUP")
        if turns % 70 == 0:
            origin.drop_connections()
        time.sleep(0.02)
    wrong = [text for client in clients for text in client.wrong]
    assert not wrong, wrong[:5]
    complete, broken = sum(c.complete for c in clients), sum(c.broken for c in clients)
    assert complete > CLIENTS * ROUNDS / 2, (complete, broken)
    status = levee.connect()

    def quiet():
        said = json.loads(status.get("/status").rest())
        return said["zones"]["small"]["flights"] == 0 and said["connections"]["active"] <= len(levee.open)
    eventually(quiet, what="no flight and no connection is left")
