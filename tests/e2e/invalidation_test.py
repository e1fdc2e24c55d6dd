"""RFC 9111 section 4.4: what an unsafe request changed is not served from memory any more."""
import pytest
from harness import eventually

UNSAFE = ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH"]


def fill(levee, origin, *paths):
    for path in paths:
        origin.page(path, "old", cache_control="max-age=600")
        levee.get(path).rest()
        assert levee.get(path).rest() == b"old" and origin.hits(path) == 1


@pytest.mark.parametrize("method", UNSAFE)
def test_success_forgets_the_uri(levee, origin, method):
    fill(levee, origin, "/a?x=1", "/a?x=2")
    origin.page("/a?x=1", "done")
    assert levee.get("/a?x=1", method=method, body=b"new").rest() == b"done"
    assert levee.get("/a?x=1").rest() == b"done"
    assert levee.get("/a?x=2").rest() == b"old"


@pytest.mark.parametrize("status", [204, 303])
def test_so_does_an_answer_without_a_body(levee, origin, status):
    fill(levee, origin, "/a")
    origin.page("/a", "", status=status)
    assert levee.get("/a", method="PUT", body=b"new").status == status
    origin.page("/a", "new")
    assert levee.get("/a").rest() == b"new"


def test_so_does_a_client_that_leaves_before_the_answer(levee, origin):
    fill(levee, origin, "/a")
    held = origin.page("/a", "done", hold_head=True)
    connection = levee.connect()
    connection.get("/a", method="PUT", body=b"new")
    origin.wait_for("/a", 2)
    connection.close()
    eventually(lambda: any(" 499 " in line for line in levee.access_log()))
    held.release()
    origin.page("/a", "new")
    assert levee.get("/a").rest() == b"new"


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_an_error_forgets_nothing(levee, origin, status):
    fill(levee, origin, "/a")
    origin.page("/a", "no", status=status)
    assert levee.get("/a", method="POST", body=b"new").status == status
    assert levee.get("/a").rest() == b"old"


@pytest.mark.parametrize("name", ["Location", "Content-Location"])
@pytest.mark.parametrize("value", ["/list/b", "b", "./x/../b", "http://localhost/list/b", "//localhost/list/b#top"])
def test_what_the_answer_names_is_forgotten(levee, origin, name, value):
    fill(levee, origin, "/list/b", "/list/c")
    origin.page("/list/a", "", status=201, headers={name: value})
    levee.get("/list/a", method="POST", body=b"new").rest()
    origin.page("/list/b", "new")
    assert levee.get("/list/b").rest() == b"new"
    assert levee.get("/list/c").rest() == b"old"


@pytest.mark.parametrize("value", ["http://other.example/b", "https://localhost/b", "//other.example/b", "http:b", "::"])
def test_another_origin_is_not_touched(levee, origin, value):
    fill(levee, origin, "/b")
    origin.page("/a", "", status=201, headers={"Content-Location": value})
    levee.get("/a", method="POST", body=b"new").rest()
    assert levee.get("/b").rest() == b"old"
