"""Age, Cache-Status and lifetimes from the origin's fields."""
import time
from email.utils import formatdate

import pytest


@pytest.mark.parametrize("headers, hits", [
    ({"Cache-Control": "max-age=60"}, 1),
    ({"Cache-Control": "max-age=0, s-maxage=60"}, 1),
    ({"Cache-Control": "max-age=60, s-maxage=0"}, 2),
    ({"Cache-Control": "max-age=60", "Age": "61"}, 2),
    ({"Cache-Control": "max-age=60", "Age": "10"}, 1),
    ({"Expires": lambda: formatdate(time.time() + 60, usegmt=True)}, 1),
    ({"Expires": "0"}, 2),
    ({"Expires": lambda: formatdate(time.time() - 60, usegmt=True)}, 2),
    ({"Cache-Control": "max-age=60", "Expires": "0"}, 1),
    ({"Cache-Control": "max-age=x"}, 2),
    ({"Cache-Control": "max-age=99999999999999999999"}, 1),
])
def test_lifetime(levee, origin, headers, hits):
    values = {name: value() if callable(value) else value for name, value in headers.items()}
    origin.page("/a", "body", headers={"Date": formatdate(usegmt=True), **values})
    for _ in range(2):
        assert levee.get("/a").rest() == b"body"
    assert origin.hits("/a") == hits


def test_age_counts_from_the_origin(levee, origin):
    origin.page("/a", "body", cache_control="max-age=600", headers={"Age": "100"})
    levee.get("/a").rest()
    assert 100 <= int(levee.get("/a").headers["Age"]) <= 110


def test_cache_status_says_what_happened(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    miss, hit = levee.get("/a"), None
    assert "fwd=" in miss.headers["Cache-Status"] and "hit" not in miss.headers["Cache-Status"].split(";")
    miss.rest()
    hit = levee.get("/a")
    name, *parameters = [part.strip() for part in hit.headers["Cache-Status"].split(";")]
    assert name and "hit" in parameters
    assert "Age" in hit.headers and "Date" in hit.headers


def test_an_entry_of_half_a_second(levee, origin):
    levee.restart(location="proxy_cache_valid 200 500ms;")
    origin.page("/a", "part")
    began = time.monotonic()
    while origin.hits("/a") < 2:
        assert levee.get("/a").rest() == b"part"
        assert time.monotonic() - began < 5
    assert time.monotonic() - began > 0.45


def test_cache_status_is_appended_to_that_of_a_cache_behind_us(levee, origin):
    origin.page("/a", "x", cache_control="max-age=60", headers=[("Cache-Status", 'Behind; hit; ttl=3, "Far"; fwd=miss')])
    for ours in ("Levee; fwd=miss", "Levee; hit"):
        response = levee.get("/a")
        response.rest()
        assert response.headers["Cache-Status"].startswith('Behind; hit; ttl=3, "Far"; fwd=miss, ' + ours)
