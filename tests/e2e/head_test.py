"""HEAD: answered from a stored GET, and never with a body."""


def test_head_is_answered_from_a_stored_get(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    assert levee.get("/a").rest() == b"body"
    response = levee.get("/a", method="HEAD")
    assert (response.status, response.headers["Content-Length"], response.rest()) == (200, "4", b"")
    response.connection.get("/.generation").rest()
    assert origin.hits("/a") == 1


def test_head_on_a_miss(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    response = levee.get("/a", method="HEAD")
    assert (response.status, response.rest()) == (200, b"")
    response.connection.get("/.generation").rest()
    assert levee.get("/a").rest() == b"body"
