"""The name of an origin is looked up again when its record has run out."""
import socket
import struct
import threading

import pytest
from harness import ADDRESS, eventually


class NameServer:
    """Answers every question for an IPv4 address with `address`, good for a second."""

    def __init__(self, address):
        self.address, self.asked = address, 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ADDRESS, 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                question, client = self._socket.recvfrom(512)
            except OSError:
                return
            end = question.index(b"\0", 12) + 5
            is_a = question[end - 4:end - 2] == b"\0\1"
            answer = b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", 1, 4) + socket.inet_aton(self.address) if is_a else b""
            self.asked += 1
            self._socket.sendto(question[:2] + b"\x81\x80\0\1" + struct.pack(">H", bool(answer)) + b"\0\0\0\0"
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
