"""Every kind of request at the origin's limit: HEAD, POST, private ones, ranges and slices. None goes round it, each is told when to come back."""
import pytest
from harness import eventually, numbered, rests

BODY = numbered(5000)
PASS = ("location /g/ { proxy_pass http://group/; proxy_cache main; %s }"
        "location = /status { levee_status; } location = /metrics { levee_metrics; }")


def conf(queue, more=""):
    return pytest.mark.conf(http="upstream group { server @ORIGIN@; concurrency 2; queue %s; }" % queue, locations=PASS % more)


@pytest.fixture
def fill(levee, origin):
    """Reaches the limit, until what it returns is called."""
    def begin():
        pages = [origin.page(f"/{n}", "body", hold_head=True, cache_control="no-store") for n in range(2)]
        crowd = levee.crowd(2, lambda i: f"/g/{i}")
        eventually(lambda: all(page.held for page in pages))

        def end():
            for page in pages:
                page.release()
            assert all(v.status == 200 for v in crowd.results())
            rests(levee)

        return end

    return begin


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "OPTIONS"])
@conf("0")
def test_is_refused_and_told_when_to_come_back(levee, origin, fill, method):
    end = fill()
    answers = [levee.get("/g/more", method=method, body=b"x" if method in ("POST", "PUT") else None) for _ in range(12)]
    assert {answer.status for answer in answers} == {503}
    assert {int(answer.headers["Retry-After"]) for answer in answers} == {1, 2, 3}
    assert all("detail=overloaded" in answer.headers["Cache-Status"] for answer in answers)
    assert origin.hits("/more") == 0
    end()


@pytest.mark.parametrize("method", ["GET", "POST"])
@conf("50 timeout=200ms")
def test_a_crowd_whose_time_is_over_does_not_come_back_together(levee, origin, fill, method):
    end = fill()
    crowd = levee.crowd(12, (lambda i: f"/g/more{i}") if method == "POST" else "/g/more", method=method).results()
    assert {v.status for v in crowd} == {503}
    assert {int(v.headers["Retry-After"]) for v in crowd} == {1, 2, 3}
    end()


@conf("0")
def test_nor_does_a_crowd_that_wanted_what_may_not_be_served_stale(levee, origin, fill):
    origin.page("/old", "old", cache_control="max-age=0, must-revalidate", etag='"1"')
    levee.get("/g/old").rest()
    end = fill()
    crowd = levee.crowd(30, "/g/old").results()
    assert {v.status for v in crowd} == {503} and origin.hits("/old") == 1
    assert {int(v.headers["Retry-After"]) for v in crowd} == {1, 2, 3}
    end()
    eventually(lambda: levee.get("/g/old").rest() == b"old")  # the refusal is remembered for a moment


@conf("0", "slice 1000;")
def test_slices(levee, origin, fill):
    end = fill()
    origin.page("/big", BODY, etag='"1"', ranges=True, cache_control="max-age=60")
    for fields in ({}, {"Range": "bytes=3000-3100"}):
        assert levee.get("/g/big", headers=fields).status == 503
        assert levee.get("/g/big", headers=fields, method="HEAD").status == 503
    assert origin.hits("/big") == 0
    end()
    eventually(lambda: levee.get("/g/big").status == 200)
    assert levee.get("/g/big").rest() == BODY


@conf("50 timeout=30s", "slice 1000;")
def test_slices_wait_their_turn_in_mid_answer(levee, origin, fill):
    end = fill()
    origin.page("/big", BODY, etag='"1"', ranges=True, cache_control="max-age=60")
    waiting = [levee.get("/g/big"), levee.get("/g/big", headers={"Range": "bytes=4500-4600"}), levee.get("/g/more", method="POST", body=b"x")]
    origin.page("/more", "posted", cache_control="no-store")
    eventually(lambda: b'levee_upstream_queued{upstream="group",class="other"} 2' in levee.get("/metrics").rest())
    end()
    assert [each.rest() for each in waiting] == [BODY, BODY[4500:4601], b"posted"]
    rests(levee)
