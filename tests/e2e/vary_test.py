"""Vary: a variant for each value of the request's fields."""
from harness import Answer, HOLD


def echo(field, vary=None, **rest):
    return lambda request: Answer(request.headers.get(field, "none"), headers={"Vary": vary or field},
                                  cache_control="max-age=60", **rest)


def test_each_value_has_its_variant(levee, origin):
    origin.page("/a", echo("X-Colour"))
    for colour in ("red", "green", "red", "green"):
        assert levee.get("/a", headers={"X-Colour": colour}).rest() == colour.encode()
    assert levee.get("/a").rest() == b"none"
    assert origin.hits("/a") == 3


def test_fields_that_are_not_named_do_not_matter(levee, origin):
    origin.page("/a", echo("X-Colour"))
    for other in ("1", "2"):
        levee.get("/a", headers={"X-Colour": "red", "X-Other": other}).rest()
    assert origin.hits("/a") == 1


def test_variants_are_fetched_apart_while_on_their_way(levee, origin):
    page = origin.page("/a", echo("X-Colour"))
    page.answer = lambda request: Answer([request.headers["X-Colour"], HOLD, "!"], headers={"Vary": "X-Colour"},
                                         cache_control="max-age=60")
    colours = ["red", "green"]
    crowd = levee.crowd(40, "/a", headers=lambda i: {"X-Colour": colours[i % 2]})
    crowd.wait_started()
    page.release()
    assert all(v.body.decode() == colours[v.index % 2] + "!" for v in crowd.results())


def test_a_private_variant_does_not_leak_into_another(levee, origin):
    origin.page("/a", echo("Cookie"))
    crowd = levee.crowd(50, "/a", headers=lambda i: {"Cookie": f"id={i}"})
    assert all(v.body == b"id=%d" % v.index for v in crowd.results())
