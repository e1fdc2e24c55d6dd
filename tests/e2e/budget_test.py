"""The zone's budget counts all that it holds, and the process's memory follows it."""
import pytest
from harness import IS_SANITIZED, Answer, numbered


@pytest.mark.conf(start=False)
def test_memory_after_churning_ten_times_the_budget(levee, origin):
    levee.start(whole="daemon off; worker_processes 2; pid @DIR@/levee.pid; error_log @DIR@/error.log info; events { }"
                      "http { cache_zone main ram=32m; access_log off; server { listen @ADDRESS@:@PORT@;"
                      "location / { proxy_pass http://@ORIGIN@; proxy_cache main; } } }")
    base = levee.memory()
    sizes = [1000, 20_000, 300_000, 2_000_000]
    bodies = {size: numbered(size) for size in sizes}
    connection, sent, n = levee.connect(), 0, 0
    while sent < 320 << 20:
        size = sizes[n % 4]
        path = f"/{n}"
        origin.page(path, lambda request, size=size: Answer(bodies[size], cache_control="max-age=600"))
        assert len(connection.get(path).rest()) == size
        del origin.pages[path]
        sent, n = sent + size, n + 1
    if not IS_SANITIZED:
        assert levee.memory() < base + 1.2 * (32 << 20)
    hits = origin.hits()
    origin.page(f"/{n - 1}", "changed")
    assert len(connection.get(f"/{n - 1}").rest()) == size  # the newest is still there
    assert origin.hits() == hits


@pytest.mark.conf(start=False)
def test_a_body_larger_than_the_zone_is_streamed(levee, origin):
    levee.start(whole="daemon off; pid @DIR@/levee.pid; error_log @DIR@/error.log info; events { }"
                      "http { cache_zone main ram=4m; access_log off; server { listen @ADDRESS@:@PORT@;"
                      "location / { proxy_pass http://@ORIGIN@; proxy_cache main; } } }")
    body = numbered(40 << 20)
    origin.page("/a", body, cache_control="max-age=600")
    assert levee.get("/a").rest() == body
    origin.page("/b", "small", cache_control="max-age=600")
    assert levee.get("/b").rest() == b"small"
