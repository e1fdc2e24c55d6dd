"""max_conns: who finds all servers full waits in the queue for one that has room, as in NGINX Plus; backups take what exceeds it."""
import pytest
from harness import eventually, in_use, rests

PASS = "location /g/ { proxy_pass http://group/; proxy_cache main; %s } location = /status { levee_status; }"
STALE = "proxy_cache_use_stale error;"


def conf(group, more=""):
    return pytest.mark.conf(http="upstream group { %s }" % group, locations=PASS % more)


def held(origin, count):
    return [origin.page(f"/{n}", "body", cache_control="max-age=60", hold_head=True) for n in range(count)]


def queued(levee):
    return sum(value for name, value in in_use(levee).items() if name.startswith("levee_upstream_queued"))


@pytest.mark.parametrize("limit", ["", "concurrency 5;", "concurrency 2;"])
@pytest.mark.conf(start=False)
def test_one_after_the_other_gets_a_turn(new_levee, origin, limit):
    levee = new_levee(http=f"upstream group {{ server {origin.address} max_conns=2; {limit} queue 50 timeout=30s; }}", locations=PASS % "")
    pages = held(origin, 20)
    crowd = levee.crowd(20, lambda i: f"/g/{i}")
    eventually(lambda: origin.hits() == 2 and queued(levee) == 18)
    for done in range(20):
        waiting = [page for page in pages if page.held]
        waiting[0].release()
        pages.remove(waiting[0])
        eventually(lambda: sum(page.held for page in pages) == min(2, 19 - done))
    assert all(v.body == b"body" for v in crowd.results())
    rests(levee)


@conf("server @ORIGIN@ max_conns=2; queue 3 timeout=30s;")
def test_who_finds_no_room_in_the_queue_is_refused(levee, origin):
    pages = held(origin, 10)
    crowd = levee.crowd(10, lambda i: f"/g/{i}")
    eventually(lambda: sum(v.status == 503 for v in crowd.visitors) == 5)
    eventually(lambda: origin.hits() == 2)
    for page in pages:
        page.release()
    crowd.results()
    rests(levee)


@conf("server @ORIGIN@ max_conns=2; queue 30 timeout=200ms;")
def test_nobody_waits_for_longer_than_the_deadline(levee, origin):
    pages = held(origin, 10)
    crowd = levee.crowd(10, lambda i: f"/g/{i}")
    eventually(lambda: sum(v.status == 503 for v in crowd.visitors) == 8)
    for page in pages:
        page.release()
    crowd.results()
    rests(levee)


@conf("server @ORIGIN@ max_conns=1; queue 30 timeout=30s;", STALE)
def test_stale_goes_out_at_once(levee, origin):
    origin.page("/old", "old", cache_control="max-age=0", etag='"1"')
    levee.get("/g/old").rest()
    page, = held(origin, 1)
    busy = levee.get("/g/0")
    eventually(lambda: page.held == 1)
    stale = levee.get("/g/old")
    assert stale.rest() == b"old" and "detail=overloaded" in stale.headers["Cache-Status"]
    page.release()
    assert busy.rest() == b"body"
    rests(levee)


@conf("server @ORIGIN@ max_conns=1; queue 30 timeout=30s;")
def test_a_reload_that_allows_more_lets_them_in(levee, origin):
    pages = held(origin, 6)
    crowd = levee.crowd(6, lambda i: f"/g/{i}")
    eventually(lambda: queued(levee) == 5)
    levee.reload(http=f"upstream group {{ server {origin.address} max_conns=4; queue 30 timeout=30s; }}")
    eventually(lambda: origin.hits() == 4 and queued(levee) == 2)
    for page in pages:
        page.release()
    assert all(v.status == 200 for v in crowd.results())
    rests(levee)


@pytest.mark.conf(start=False)
def test_backups_take_what_exceeds_it(new_levee, new_origin):
    one, other = new_origin(), new_origin()
    pages = held(one, 4) + held(other, 4)
    levee = new_levee(http=f"upstream group {{ server {one.address} max_conns=2; server {other.address} backup; }}", locations=PASS % "")
    crowd = levee.crowd(4, lambda i: f"/g/{i}")
    eventually(lambda: (one.hits(), other.hits()) == (2, 2))
    for page in pages:
        page.release()
    assert all(v.status == 200 for v in crowd.results())
    rests(levee)


@pytest.mark.conf(start=False)
def test_a_second_try_that_finds_no_room_holds_up_nobody(new_levee, new_origin):
    one, full = new_origin(), new_origin()
    page, = held(full, 1)
    one.page("/0", "ill", status=500)
    one.page("/ill", "ill", status=500)
    for number in range(10, 30):
        one.page(f"/{number}", "well")
    levee = new_levee(
        http=f"upstream group {{ server {one.address} max_fails=0; server {full.address} max_conns=1; queue 50 timeout=30s; }}",
        locations=PASS % "proxy_next_upstream error http_500;",
    )
    first = levee.get("/g/0")
    eventually(lambda: page.held == 1)
    assert levee.get("/g/ill").status == 500
    assert [v.body for v in levee.crowd(20, lambda i: f"/g/{i + 10}").results()] == [b"well"] * 20
    page.release()
    assert first.rest() == b"body"
    rests(levee)


@pytest.mark.conf(start=False)
def test_a_server_whose_failures_are_forgiven_takes_who_waits(new_levee, new_origin):
    ill, full = new_origin(), new_origin()
    ill.page("/0", "ill", status=500)
    page, = held(full, 1)
    for number in range(1, 5):
        ill.page(f"/{number}", "well")
    levee = new_levee(
        http=f"upstream group {{ server {ill.address} max_fails=1 fail_timeout=1s; server {full.address} max_conns=1; queue 9 timeout=30s; }}",
        locations=PASS % "proxy_next_upstream error http_500;",
    )
    first = levee.get("/g/0")
    eventually(lambda: page.held == 1)
    crowd = levee.crowd(4, lambda i: f"/g/{i + 1}")
    eventually(lambda: queued(levee) == 4)
    assert [v.body for v in crowd.results()] == [b"well"] * 4
    page.release()
    assert first.rest() == b"body"
    rests(levee)
