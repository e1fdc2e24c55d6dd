"""Invariant 6: what is private never reaches a second reader, and nobody queues behind it."""
import itertools
import threading

import pytest
from harness import HOLD, Answer

PRIVATE = [
    {"Cache-Control": "private, max-age=60"},
    {"Cache-Control": "no-store"},
    {"Cache-Control": "max-age=60", "Set-Cookie": "session=1"},
    {"Cache-Control": "max-age=60", "Vary": "*"},
]


def personal(origin, path, headers, **rest):
    counter, lock = itertools.count(), threading.Lock()

    def answer(request):
        with lock:
            return Answer(f"for {request.headers['X-Me']}, {next(counter)}".ljust(40), headers=headers, **rest)

    return origin.page(path, answer)


@pytest.mark.parametrize("headers", PRIVATE, ids=lambda h: ", ".join(h))
def test_a_hundred_at_once_get_a_response_each(levee, origin, headers):
    page = personal(origin, "/me", headers, hold_head=True)
    crowd = levee.crowd(100, "/me", headers=lambda i: {"X-Me": f"viewer-{i}"})
    origin.wait_for("/me")
    page.release()
    visitors = crowd.results()
    for visitor in visitors:
        assert visitor.body.startswith(b"for viewer-%d," % visitor.index), visitor.error
    assert len({v.body for v in visitors}) == 100 == origin.hits("/me")


def test_a_response_to_authorization_is_not_shared(levee, origin):
    page = personal(origin, "/me", {"Cache-Control": "max-age=60"}, hold_head=True)
    crowd = levee.crowd(100, "/me", headers=lambda i: {"X-Me": f"viewer-{i}", "Authorization": f"Basic {i}"})
    origin.wait_for("/me")
    page.release()
    assert all(v.body.startswith(b"for viewer-%d," % v.index) for v in crowd.results())


@pytest.mark.parametrize("allowed", ["public", "s-maxage=60", "must-revalidate"])
def test_one_that_is_allowed_to_be_shared_is(levee, origin, allowed):
    personal(origin, "/all", {"Cache-Control": f"max-age=60, {allowed}"})
    headers = {"Authorization": "Basic x", "X-Me": "all"}
    assert levee.get("/all", headers=headers).rest() == levee.get("/all", headers=headers).rest()
    assert origin.hits("/all") == 1


def test_a_key_that_was_uncacheable_makes_nobody_wait(levee, origin):
    origin.page("/a", "x", cache_control="no-store")
    assert levee.get("/a").rest() == b"x"
    page = origin.page("/a", ["one", HOLD, "two"], cache_control="no-store")
    waiting = [levee.get("/a") for _ in range(5)]
    for reader in waiting:  # each is at the origin, while none has been answered in full
        assert reader.read(3) == b"one"
    assert origin.hits("/a") == 6
    page.release()
    assert all(reader.rest() == b"two" for reader in waiting)


def test_an_uncacheable_key_that_becomes_cacheable_is_cached(levee, origin):
    origin.page("/a", "x", cache_control="no-store")
    assert levee.get("/a").rest() == b"x"
    origin.page("/a", "y", cache_control="max-age=60")
    for _ in range(3):
        assert levee.get("/a").rest() == b"y"
    assert origin.hits("/a") <= 3
