"""Reloads that take an upstream away, or put it back: what is on its way ends well, and the origin has one limit all the while."""
import pytest
from harness import eventually, in_use, numbered, rests

GROUP = "upstream group { server %s; concurrency 2; queue 50 timeout=30s; }"
PASS = "location /g/ { proxy_pass http://group/; proxy_cache main; %s } location = /status { levee_status; }"
STATUS = "location = /status { levee_status; }"


@pytest.mark.conf(start=False)
def test_what_is_put_back_has_the_limit_that_its_fetches_are_under_still(new_levee, origin):
    pages = [origin.page(f"/{n}", "body", cache_control="max-age=60", hold_head=True) for n in range(8)]
    slots = dict(http=GROUP % origin.address, locations=PASS % "")
    levee = new_levee(**slots)
    before = levee.crowd(4, lambda i: f"/g/{i}")
    eventually(lambda: origin.hits() == 2)
    levee.reload(http="", locations=STATUS)
    levee.reload(**slots)
    after = levee.crowd(4, lambda i: f"/g/{i + 4}")
    eventually(lambda: sum(value for name, value in in_use(levee).items() if name.startswith("levee_upstream_queued")) == 6)
    for done in range(8):
        waiting = [page for page in pages if page.held]
        waiting[0].release()
        pages.remove(waiting[0])
        eventually(lambda: sum(page.held for page in pages) == min(2, 7 - done))
    assert all(v.body == b"body" for v in before.results() + after.results())
    rests(levee)


@pytest.mark.conf(start=False)
def test_slices_go_on_where_the_upstream_has_another_name_now(new_levee, origin):
    body = numbered(3_000_000)
    origin.page("/big", body, etag='"1"', ranges=True, cache_control="max-age=60")
    levee = new_levee(http=GROUP % origin.address, locations=PASS % "slice 100k;")
    slow = levee.get("/g/big")
    begun = slow.read(1000)
    assert origin.hits("/big") < 30
    levee.reload(http=(GROUP % origin.address).replace("group", "other"), locations=(PASS % "slice 100k;").replace("group", "other"))
    assert begun + slow.rest() == body
    rests(levee)


@pytest.mark.conf(start=False)
def test_who_waits_when_a_reload_gives_more_time_is_answered_in_the_time_that_was_said(new_levee, origin):
    pages = [origin.page(f"/{n}", "body", cache_control="max-age=60", hold_head=True) for n in range(4)]
    short = dict(http=(GROUP % origin.address).replace("30s", "2s"), locations=PASS % "")
    levee = new_levee(**short)
    crowd = levee.crowd(4, lambda i: f"/g/{i}")
    eventually(lambda: origin.hits() == 2)
    levee.reload(http=GROUP % origin.address, locations=PASS % "")
    eventually(lambda: sum(v.status == 503 for v in crowd.visitors) == 2)
    for page in pages:
        page.release()
    assert sum(v.status == 200 for v in crowd.results()) == 2
    rests(levee)
