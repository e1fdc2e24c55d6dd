"""What an origin carries: so many requests at a time, each for so long."""
import threading
import time

from .origin import Answer


class Slots:
    """An origin that takes `service` seconds for each request, `count` at a time, first come first served."""

    def __init__(self, count, service):
        self._room, self._lock = threading.Semaphore(count), threading.Lock()
        self._service = service
        self.there = self.most = self.served = 0
        self.fresh = False

    def __call__(self, request):
        with self._lock:
            self.there += 1
            self.most = max(self.most, self.there)
        with self._room:
            time.sleep(self._service)
        with self._lock:
            self.there -= 1
            self.served += 1
        return Answer("new" if self.fresh else "old", cache_control=f"max-age={600 if self.fresh else 0}",
                      etag='"new"' if self.fresh else '"old"')
