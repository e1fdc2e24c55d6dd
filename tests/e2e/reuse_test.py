"""What connections to the origin are used again for: nothing that an earlier response left behind is an answer to the next
request (RFC 9112 sections 6.3 and 9.3)."""
import pytest
from harness import CUT, HOLD, Answer, eventually

OK = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n"
POISON = OK + "Content-Length: 6\r\n\r\npoison"


@pytest.fixture
def client(levee):
    """One connection, and so one worker of levee, whose connections to the origin are its own."""
    return levee.connect()


def next_one_is_well(client, origin):
    """The one before keeps its connection open, and answers nothing more on it."""
    origin.page("/b", "well", cache_control="max-age=60")
    assert client.get("/b").rest() == b"well"


@pytest.mark.parametrize("first", [
    OK + "Content-Length: 2\r\n\r\nab" + POISON,
    OK + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n" + POISON,
    OK + "Content-Length: 2\r\n\r\nab\r\n",
    OK + "Content-Length: 2\r\nConnection: close\r\n\r\nab",
    OK + "Content-Length: 2\r\nConnection: x, close\r\n\r\nab",
    "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab",
], ids=["bytes behind", "bytes behind the last chunk", "an empty line behind", "close", "close in a list", "HTTP/1.0"])
def test_not_after(client, origin, first):
    origin.raw("/a", first, HOLD)
    assert client.get("/a").rest() == b"ab"
    next_one_is_well(client, origin)


@pytest.mark.parametrize("extra", [POISON, "Content-Length: 6\r\n\r\npoison"])
def test_not_after_a_304_with_a_body(client, origin, extra):
    origin.page("/a", "ab", cache_control="max-age=0", etag='"v1"')
    assert client.get("/a").rest() == b"ab"
    origin.raw("/a", 'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\nCache-Control: max-age=60\r\n\r\n' + extra, HOLD)
    assert client.get("/a").rest() == b"ab"
    next_one_is_well(client, origin)


def test_not_when_something_came_while_it_was_idle(client, origin):
    page = origin.raw("/a", OK + "Content-Length: 2\r\n\r\nab", HOLD, POISON, HOLD)
    assert client.get("/a").rest() == b"ab"
    page.release()
    eventually(lambda: page.held == 2)
    next_one_is_well(client, origin)


def test_one_that_was_closed_while_idle_costs_nobody_an_error(client, origin):
    """Who is idempotent is asked again, on a fresh connection; all else begins on one."""
    origin.page("/a", "ab")
    answers = iter([(CUT,), Answer("well"), Answer("well")])
    origin.page("/b", lambda request: next(answers))
    assert client.get("/a", method="OPTIONS").rest() == b"ab"
    assert client.get("/b", method="OPTIONS").rest() == b"well" and origin.hits("/b") == 2
    before = origin.connections
    assert client.get("/b", method="POST", body=b"x").rest() == b"well"
    assert origin.hits("/b") == 3 and origin.connections == before + 1
