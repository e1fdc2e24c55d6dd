"""PURGE: by URL, by tag, by prefix; hard and soft; and who may."""
import json

import pytest
from harness import HOLD, eventually

ANYBODY = "proxy_cache_purge on;"


def fill(levee, origin, **tags):
    """Pages /a, /b ... with their Cache-Tag, stored."""
    for name, tag in tags.items():
        origin.page(f"/{name}", "old", cache_control="max-age=600", headers={"Cache-Tag": tag})
        levee.get(f"/{name}").rest()


def purge(levee, target, **headers):
    response = levee.get(target, "PURGE", headers={name.replace("_", "-"): value for name, value in headers.items()})
    return json.loads(response.rest()) if response.status == 200 else response.status


def is_hit(levee, target):
    response = levee.get(target)
    response.rest()
    return "; hit" in response.headers["Cache-Status"]


@pytest.mark.conf(location=ANYBODY)
def test_by_url_all_variants_go(levee, origin):
    for language in ("de", "fr"):
        origin.page("/a", language, cache_control="max-age=600", headers={"Vary": "Accept-Language"})
        levee.get("/a", headers={"Accept-Language": language}).rest()
    assert purge(levee, "/a") == {"by": "key", "soft": False, "purged": 2}
    assert purge(levee, "/a") == 404
    assert not is_hit(levee, "/a")


@pytest.mark.conf(location=ANYBODY)
@pytest.mark.parametrize("field", ["Cache-Tag", "Surrogate-Key"])
def test_by_tag(levee, origin, field):
    fill(levee, origin, a="news,sport", b="news", c="sports")
    assert purge(levee, "/", **{field: "sport"}) == {"by": "tag", "soft": False, "purged": 1}
    assert purge(levee, "/", **{field: "nothing-has-it"})["purged"] == 0
    assert [is_hit(levee, target) for target in ("/a", "/b", "/c")] == [False, True, True]


@pytest.mark.conf(location=ANYBODY)
def test_several_tags_at_once_and_none_is_malformed(levee, origin):
    fill(levee, origin, a="1", b="2", c="3")
    assert purge(levee, "/", Surrogate_Key="1 3")["purged"] == 2
    assert [is_hit(levee, target) for target in ("/a", "/b", "/c")] == [False, True, False]
    assert purge(levee, "/", Cache_Tag=" , ") == 400


@pytest.mark.conf(location=ANYBODY)
def test_by_prefix(levee, origin):
    fill(levee, origin, **{"live/1": "", "live/2": "", "vod/1": ""})
    assert purge(levee, "/live/*") == {"by": "prefix", "soft": False, "purged": 2}
    assert [is_hit(levee, target) for target in ("/live/1", "/live/2", "/vod/1")] == [False, False, True]


@pytest.mark.conf(location=ANYBODY + "proxy_cache_use_stale updating;")
@pytest.mark.parametrize("how", [{}, {"Cache_Tag": "t"}, {"star": "*"}])
def test_soft_makes_stale_and_the_refresh_is_conditional(levee, origin, how):
    origin.page("/a", "old", cache_control="max-age=600", etag='"1"', headers={"Cache-Tag": "t"})
    levee.get("/a").rest()
    target = "/a" + how.pop("star", "")
    assert purge(levee, target, Soft_Purge="1", **how)["soft"] is True
    assert levee.get("/a").rest() == b"old" and origin.hits("/a") >= 1
    origin.wait_for("/a", 2)
    assert origin.last("/a").headers["If-None-Match"] == '"1"'
    eventually(lambda: is_hit(levee, "/a"))


@pytest.mark.conf(location=ANYBODY)
@pytest.mark.parametrize("target, headers", [("/a", {}), ("/a", {"Cache_Tag": "t"}), ("/*", {})])
def test_in_mid_flight_who_waits_gets_it_and_it_is_not_stored(levee, origin, target, headers):
    page = origin.page("/a", ["one", HOLD, "two"], cache_control="max-age=600", headers={"Cache-Tag": "t"})
    first, second = levee.get("/a"), levee.get("/a")
    assert first.read(3) == second.read(3) == b"one"
    assert purge(levee, target, **headers)["purged"] == 1
    after = levee.get("/a")
    origin.wait_for("/a", 2)
    page.release()
    assert first.rest() == second.rest() == b"two"
    assert after.rest() == b"onetwo"
    assert is_hit(levee, "/a") and origin.hits("/a") == 2


@pytest.mark.conf(location=ANYBODY)
def test_by_tag_before_the_head_has_come(levee, origin):
    page = origin.page("/a", "old", cache_control="max-age=600", headers={"Cache-Tag": "t"}, hold_head=True)
    first = levee.get("/a")
    origin.wait_for("/a")
    assert purge(levee, "/", Cache_Tag="t")["purged"] == 0
    page.release()
    assert first.rest() == b"old"
    assert not is_hit(levee, "/a")


@pytest.mark.conf(location="proxy_cache_purge $http_x_may secret=@DIR@/secret from 10.0.0.0/8 127.0.0.0/8;", start=False)
def test_all_that_is_asked_for_must_hold(levee, origin):
    (levee.directory / "secret").write_text("open sesame\n")
    levee.start()
    fill(levee, origin, a="")
    right = {"Authorization": "Bearer open sesame", "X_May": "1"}
    for wrong in ({}, {"Authorization": "Bearer open"}, {"Authorization": "Bearer open sesamE"}, {"Authorization": "Bearer"},
                  {"Authorization": "open sesame"}, {"X_May": "0"}, {"Authorization": "Basic open sesame"}):
        assert purge(levee, "/a", **({**right, **wrong} if wrong else {})) == 403
    assert is_hit(levee, "/a")
    assert purge(levee, "/a", **right)["purged"] == 1


@pytest.mark.conf(location="proxy_cache_purge on from 10.0.0.0/8;")
def test_from_elsewhere_is_refused(levee, origin):
    fill(levee, origin, a="t")
    assert purge(levee, "/a") == purge(levee, "/", Cache_Tag="t") == purge(levee, "/*") == 403
    assert is_hit(levee, "/a")


@pytest.mark.conf(location="proxy_cache_purge on secret=nowhere;", start=False)
def test_a_secret_that_cannot_be_read_stops_the_start(levee):
    levee.write()
    code, said = levee.run("-t", "-p", levee.directory, "-c", levee.conf)
    assert code == 1 and "cannot read a secret from" in said and "nowhere" in said


@pytest.mark.conf(location=ANYBODY, locations="location /m { levee_metrics; }")
def test_it_is_counted(levee, origin):
    fill(levee, origin, a="t", b="t")
    purge(levee, "/", Cache_Tag="t")
    lines = levee.get("/m").rest().decode().splitlines()
    assert 'levee_zone_purged_total{zone="main"} 2' in lines and 'levee_zone_bans{zone="main"} 0' in lines
    assert "levee_purge_requests_total 1" in lines
