"""Origins that speak no HTTP to the end: one that dribbles, one that answers not even a SYN."""
import contextlib
import socket
import threading
import time

from .tools import ADDRESS


class Dribble:
    """Reads a request, and sends piece after piece with pauses; then it closes. `connections`: how many it ever had."""

    def __init__(self, pieces=(), pause=0.0, reads=True):
        self._listener = socket.create_server((ADDRESS, 0), backlog=1024)
        self.address = "%s:%d" % self._listener.getsockname()
        self._pieces, self._pause, self._reads, self.connections = pieces, pause, reads, 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection:
            if self._reads:
                connection.recv(65536)
            for piece in self._pieces:
                connection.sendall(piece)
                time.sleep(self._pause)  # is what it is for

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class BlackHole:
    """Its listener's queue is full, so that the kernel drops what would connect."""

    def __init__(self):
        self._listener = socket.create_server((ADDRESS, 0), backlog=0)
        self.address = "%s:%d" % self._listener.getsockname()
        self._full = [socket.socket() for _ in range(3)]
        for each in self._full:
            each.setblocking(False)
            each.connect_ex(self._listener.getsockname())

    def stop(self):
        for each in [self._listener, *self._full]:
            each.close()
