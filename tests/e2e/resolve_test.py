"""The name of an origin is looked up again when its record has run out."""
import contextlib
import socket
import struct
import threading

import pytest
from harness import ADDRESS, eventually, rests


class NameServer:
    """Answers every question for an IPv4 address with `address`, good for a second; None: there is none. `code`: 3: no such
    name."""

    def __init__(self, address):
        self.address, self.code, self.asked = address, 0, 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ADDRESS, 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        with contextlib.suppress(OSError):  # stopped
            while True:
                self._answer(*self._socket.recvfrom(512))

    def _answer(self, question, client):
        end = question.index(b"\0", 12) + 5
        is_a = question[end - 4:end - 2] == b"\0\1" and self.address
        answer = b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", 1, 4) + socket.inet_aton(self.address) if is_a else b""
        self.asked += 1
        self._socket.sendto(question[:2] + bytes([0x81, 0x80 | self.code, 0, 1]) + struct.pack(">H", bool(answer)) + b"\0\0\0\0"
                            + question[12:end] + answer, client)

    def stop(self):
        self._socket.close()


@pytest.mark.conf(start=False)
def test_an_origin_that_moves_is_followed(levee, new_origin):
    elsewhere = ADDRESS.rsplit(".", 1)[0] + ".2"
    here = new_origin()
    there = new_origin(port=here.port, address=elsewhere)
    names = NameServer(ADDRESS)
    here.page("/a", "here")
    there.page("/a", "there")
    try:
        levee.start(http=f"upstream group {{ server origin.test:{here.port} resolve; resolver {ADDRESS}:{names.port} ipv6=off; }}",
                    locations="location /g/ { proxy_pass http://group/; }")
        assert levee.get("/g/a").rest() == b"here"
        for _ in range(20):
            assert levee.get("/g/a").rest() == b"here"
        assert names.asked <= 4  # a few workers, not each request
        names.address = elsewhere
        eventually(lambda: levee.get("/g/a").rest() == b"there")
        names.stop()  # what was known goes on
        assert all(levee.get("/g/a").rest() == b"there" for _ in range(5))
    finally:
        names.stop()


ELSEWHERE = ADDRESS.rsplit(".", 1)[0] + ".2"
SURGE = ("upstream group { server origin.test:%d resolve; resolver %s:%d ipv6=off valid=100ms;"
         "concurrency 4; queue 200 timeout=30s; }")
PASS = "location /g/ { proxy_pass http://group/; proxy_cache main; } location = /status { levee_status; }"


@pytest.fixture
def names():
    server = NameServer(ADDRESS)
    yield server
    server.stop()


@pytest.mark.parametrize("code", [0, 3], ids=["no address", "no such name"])
@pytest.mark.conf(start=False)
def test_a_name_that_disappears_keeps_the_addresses_that_it_had(levee, origin, names, code):
    origin.page("/a", "here")
    levee.start(http=SURGE % (origin.port, ADDRESS, names.port), locations=PASS)
    assert levee.get("/g/a").rest() == b"here"
    names.address, names.code = None, code
    before = names.asked

    def answered_since():
        assert levee.get("/g/a").rest() == b"here"
        return names.asked > before + 2

    eventually(answered_since)


@pytest.mark.conf(start=False)
def test_a_name_that_moves_in_mid_surge_loses_nobody(levee, new_origin, names):
    here = new_origin()
    there = new_origin(port=here.port, address=ELSEWHERE)
    pages = [one.page(f"/{n}", "body", hold_head=True, cache_control="no-store") for one in (here, there) for n in range(60)]
    levee.start(http=SURGE % (here.port, ADDRESS, names.port), locations=PASS)
    crowd = levee.crowd(60, lambda i: f"/g/{i}")
    eventually(lambda: here.hits() == 4)
    names.address = ELSEWHERE
    asked = names.asked
    there.page("/probe", "there", cache_control="no-store")
    for page in pages:
        page.release()
    assert all(v.body == b"body" for v in crowd.results())
    eventually(lambda: levee.get("/g/probe").rest() == b"there" and names.asked > asked)
    rests(levee)


@pytest.mark.conf(start=False)
def test_a_name_that_has_no_address_yet_holds_nobody_for_longer_than_the_resolver(levee, origin, names):
    names.address, names.code = None, 3
    origin.page("/a", "here")
    levee.start(http=SURGE % (origin.port, ADDRESS, names.port), locations=PASS)
    assert {v.status for v in levee.crowd(20, lambda i: f"/g/{i}").results()} == {502}
    rests(levee)
    names.address, names.code = ADDRESS, 0
    eventually(lambda: levee.get("/g/a").rest() == b"here")
