"""More is asked for than the origin carries: playlists before segments before the rest, and a clear no for what is left."""
import contextlib

import pytest
from harness import RESET, Answer, Slots, eventually

CONF = {"http": "upstream group { server @ORIGIN@; concurrency 4; queue %s; }",
        "locations": "location /g/ { proxy_pass http://group/; proxy_cache main; %s }"
                     "location = /metrics { levee_metrics; }"}


def conf(queue, more=""):
    return pytest.mark.conf(http=CONF["http"] % queue, locations=CONF["locations"] % more)


def held(origin, paths):
    return [origin.page(path, "body", cache_control="max-age=60", hold_head=True) for path in paths]


def metric(levee, name):
    lines = levee.get("/metrics").rest().decode().splitlines()
    return float(next(line.rsplit(" ", 1)[1] for line in lines if line.startswith(name)))


@conf("8 timeout=30s")
def test_playlists_and_then_segments_push_out_the_rest(levee, origin):
    pages = held(origin, [f"/{i}" for i in range(30)] + [f"/{i}.m3u8" for i in range(5)] + [f"/{i}.ts" for i in range(9)])
    rest = levee.crowd(30, lambda i: f"/g/{i}")
    eventually(lambda: sum(v.status == 503 for v in rest.visitors) == 30 - 4 - 8)
    playlists = levee.crowd(5, lambda i: f"/g/{i}.m3u8")
    eventually(lambda: sum(v.status == 503 for v in rest.visitors) == 30 - 4 - 3)
    segments = levee.crowd(9, lambda i: f"/g/{i}.ts")
    eventually(lambda: sum(v.status == 503 for v in rest.visitors) == 30 - 4)
    eventually(lambda: sum(v.status == 503 for v in segments.visitors) == 9 - 3)
    assert origin.hits() == 4
    assert metric(levee, 'levee_upstream_queued{upstream="group",class="playlist"}') == 5
    assert metric(levee, 'levee_upstream_queued{upstream="group",class="live"}') == 3
    assert metric(levee, 'levee_upstream_sheds_total{upstream="group",class="other"}') == 26
    for page in pages:
        page.release()
    assert all(v.status == 200 for v in playlists.results())
    assert sum(v.status == 200 for v in segments.results()) == 3
    for v in rest.results() + segments.results():
        if v.status == 503:
            assert 1 <= int(v.headers["Retry-After"]) <= 3 and "detail=overloaded" in v.headers["Cache-Status"]


@conf("32 timeout=2s")
def test_far_too_many_new_keys_cost_no_playlist_and_no_capacity(levee, origin):
    slots = Slots(4, 0.005)
    paths = [f"/{i}" + (".m3u8" if i % 20 == 0 else "") for i in range(400)]
    for path in paths:
        origin.page(path, slots)
    crowd = levee.crowd(len(paths), lambda i: "/g" + paths[i]).results()
    good = sum(v.status == 200 for v in crowd)
    assert slots.most <= 4
    assert good == slots.served  # nothing that the origin did was in vain
    assert all(v.status == 200 for v in crowd if v.index % 20 == 0)
    assert all(v.status == 200 or (v.status == 503 and "Retry-After" in v.headers) for v in crowd)


@conf("0")
def test_the_crowd_behind_a_refusal_is_answered_from_memory(levee, origin):
    pages = held(origin, [f"/{i}" for i in range(4)])
    crowd = levee.crowd(4, lambda i: f"/g/{i}")
    eventually(lambda: origin.hits() == 4)
    answers = [levee.get("/g/more") for _ in range(20)]
    assert {answer.status for answer in answers} == {503}
    assert len({answer.headers["Retry-After"] for answer in answers}) > 1  # they do not come back all at once
    assert sum("hit" in answer.headers["Cache-Status"] for answer in answers) >= 15
    assert metric(levee, 'levee_upstream_sheds_total{upstream="group",class="other"}') <= 5
    for page in pages:
        page.release()
    crowd.results()
    origin.raw("/more", RESET)
    eventually(lambda: levee.get("/g/more").status == 502)  # when its second is over it is nobody's stale copy
    origin.page("/more", "there", cache_control="max-age=60")
    eventually(lambda: levee.get("/g/more").rest() == b"there")


@conf("0", "proxy_cache_use_stale off;")
def test_a_refusal_hides_no_variant_that_is_stored(levee, origin):
    origin.page("/v", lambda request: varied(request))
    assert levee.get("/g/v", headers={"X-Kind": "a"}).rest() == b"kind a"
    pages = held(origin, [f"/{i}" for i in range(4)])
    crowd = levee.crowd(4, lambda i: f"/g/{i}")
    eventually(lambda: origin.hits() == 5)
    assert levee.get("/g/v", headers={"X-Kind": "b"}).status == 503
    assert levee.get("/g/v", headers={"X-Kind": "a"}).rest() == b"kind a"
    for page in pages:
        page.release()
    crowd.results()
    assert levee.get("/g/v", headers={"X-Kind": "b"}).rest() == b"kind b"
    assert levee.get("/g/v", headers={"X-Kind": "a"}).rest() == b"kind a"


def varied(request):
    return Answer("kind " + request.headers["X-Kind"], headers={"Vary": "X-Kind"}, cache_control="max-age=60")


@conf("10 timeout=30s", "proxy_cache_use_stale off; proxy_priority other;")
def test_a_refresh_that_somebody_comes_to_wait_for_is_in_the_background_no_more(levee, origin):
    origin.page("/s", "old", cache_control="max-age=0, stale-while-revalidate=1")
    levee.get("/g/s").rest()
    pages = held(origin, [f"/{i}" for i in range(4)])
    crowd = levee.crowd(4, lambda i: f"/g/{i}")
    eventually(lambda: origin.hits() == 5)
    levee.get("/g/s").rest()
    background = 'levee_upstream_queued{upstream="group",class="background"}'
    eventually(lambda: metric(levee, background) == 1)
    origin.page("/s", "new", cache_control="max-age=60")

    def waits():
        waiting.append(levee.get("/g/s"))
        return metric(levee, background) == 0

    waiting = []
    eventually(waits)
    assert metric(levee, 'levee_upstream_queued{upstream="group",class="other"}') == 1
    for page in pages:
        page.release()
    assert waiting[-1].rest() == b"new"
    crowd.results()


@conf("10 timeout=30s")
def test_a_graceful_stop_does_not_wait_for_a_refresh_in_the_queue(levee, origin):
    origin.page("/s", "old", cache_control="max-age=0, stale-while-revalidate=60")
    levee.get("/g/s").rest()
    pages = held(origin, [f"/{i}" for i in range(4)])
    crowd = levee.crowd(4, lambda i: f"/g/{i}")
    eventually(lambda: origin.hits() == 5)
    levee.get("/g/s").rest()
    eventually(lambda: metric(levee, 'levee_upstream_queued{upstream="group",class="background"}') == 1)
    origin.page("/s", "new", hold_head=True)  # for ever
    levee.signal("QUIT")
    eventually(lambda: not served(levee))
    for page in pages:
        page.release()
    assert all(v.status == 200 for v in crowd.results())
    assert levee.wait() == 0 and origin.hits("/s") == 1


def served(levee):
    with contextlib.suppress(OSError):
        levee.connect()
        return True


@conf("0")
def test_the_crowd_behind_a_refusal_is_answered_from_memory_too_if_what_is_stored_is_of_no_use(levee, origin):
    origin.page("/old", "old", cache_control="max-age=0, must-revalidate", etag='"1"')
    assert levee.get("/g/old").rest() == b"old"
    pages = held(origin, [f"/{i}" for i in range(4)])
    crowd = levee.crowd(4, lambda i: f"/g/{i}")
    eventually(lambda: origin.hits() == 5)
    answers = [levee.get("/g/old") for _ in range(20)]
    assert {answer.status for answer in answers} == {503} and all("Retry-After" in answer.headers for answer in answers)
    assert metric(levee, 'levee_upstream_sheds_total{upstream="group",class="other"}') <= 10
    for page in pages:
        page.release()
    crowd.results()
    eventually(lambda: levee.get("/g/old").status == 200)
    assert origin.hits() == 6 and origin.requests[-1].headers["If-None-Match"] == '"1"'
