"""A request that is not idempotent goes to another server only if the first got nothing of it (RFC 9110 section 9.2.2)."""
import pytest
from harness import RESET, free_port

GROUP = "upstream group { server @FIRST@; server @ORIGIN@ backup; }"
LOCATIONS = "location /g/ { proxy_pass http://group/; %s }"
POST = dict(method="POST", body=b"once", headers={"Content-Length": "4"})


@pytest.fixture
def pair(new_levee, origin, new_origin):
    """(levee, first, second): all requests go to the first server, and to the second where that failed."""
    first_origin = new_origin()

    def make(first_address=None, more=""):
        return new_levee(values={"FIRST": first_address or first_origin.address}, http=GROUP, locations=LOCATIONS % more)
    origin.page("/a", "second")
    return make, first_origin, origin


def test_not_after_it_was_sent(pair):
    make, first, second = pair
    first.raw("/a", RESET)
    assert make().get("/g/a", **POST).status == 502
    assert first.hits("/a") == 1 and second.hits() == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_idempotent_one_goes_on(pair, method):
    make, first, second = pair
    first.raw("/a", RESET)
    assert make().get("/g/a", method=method).rest() == b"second" and second.hits("/a") == 1


def test_where_nothing_was_sent_it_goes_on(pair):
    make, first, second = pair
    assert make(f"127.0.0.1:{free_port()}").get("/g/a", **POST).rest() == b"second"
    assert second.hits("/a") == 1 and second.last("/a").body == b"once"


def test_where_the_configuration_says_so_it_is_sent_again_whole(pair):
    make, first, second = pair
    first.raw("/a", RESET)
    assert make(more="proxy_next_upstream error non_idempotent;").get("/g/a", **POST).rest() == b"second"
    assert second.last("/a").body == b"once"


def test_a_body_that_was_passed_on_as_it_came_is_not_sent_again(pair):
    """There is nothing left of it, though PUT could be repeated."""
    make, first, second = pair
    first.raw("/a", RESET)
    levee = make(more="proxy_request_buffering off; client_max_body_size 0;")
    assert levee.get("/g/a", method="PUT", body=b"x" * 3_000_000).status == 502
    assert len(first.last("/a").body) == 3_000_000 and second.hits() == 0
