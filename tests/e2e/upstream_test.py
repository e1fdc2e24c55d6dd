"""Groups of origins: spread, fail over, back up."""
import pytest
from harness import HOLD, eventually

GROUP = "upstream group { %s }"


@pytest.fixture
def two(levee, new_origin):
    """Two origins, and the levee started with this group of them."""
    made = [new_origin(), new_origin()]
    for number, each in enumerate(made):
        each.page("/a", f"origin {number}")
    levee.values |= {"ONE": made[0].address, "TWO": made[1].address}

    def start(lines, more=""):
        levee.start(http=GROUP % lines, locations=f"location /g/ {{ proxy_pass http://group/; {more} }}")
        return made

    return start


pytestmark = pytest.mark.conf(start=False)


def test_requests_are_spread_by_weight(levee, two):
    one, other = two("server @ONE@ weight=3; server @TWO@;")
    connection = levee.connect()
    for _ in range(40):
        connection.get("/g/a").rest()
    assert (one.hits(), other.hits()) == (30, 10)


def test_the_next_one_is_asked_when_one_fails(levee, two):
    one, other = two("server @ONE@; server @TWO@;")
    one.stop()
    for _ in range(10):
        assert levee.get("/g/a").rest() == b"origin 1"


def test_a_failed_one_rests(levee, two):
    one, other = two("server @ONE@ max_fails=1 fail_timeout=60s; server @TWO@;", "proxy_next_upstream error http_503;")
    one.page("/a", "", status=503)
    for _ in range(10):
        assert levee.get("/g/a").rest() == b"origin 1"
    assert one.hits() == 1


def test_down_and_backup(levee, two):
    one, other = two("server @ONE@; server @TWO@ backup;")
    assert levee.get("/g/a").rest() == b"origin 0"
    one.stop()
    assert levee.get("/g/a").rest() == b"origin 1"
    levee.reload(http=GROUP % "server @ONE@ down; server @TWO@;")
    assert levee.get("/g/a").rest() == b"origin 1"


@pytest.mark.parametrize("method, status", [("GET", 200), ("POST", 502)])
def test_what_may_have_been_done_is_not_repeated(levee, two, method, status):
    one, other = two("server @ONE@; server @TWO@;")
    one.raw("/a", b"")
    statuses = {levee.get("/g/a", method=method, body=b"x" if method == "POST" else None).status for _ in range(2)}
    assert status in statuses
    assert one.hits() + other.hits() <= (4 if method == "GET" else 2)


def test_a_hanging_one_costs_its_timeout_only(levee, two):
    one, other = two("server @ONE@; server @TWO@;", "proxy_read_timeout 200ms;")
    one.raw("/a", HOLD)
    for _ in range(4):
        assert levee.get("/g/a").rest() == b"origin 1"


def test_all_down_is_502(levee, two):
    for each in two("server @ONE@; server @TWO@;"):
        each.stop()
    assert levee.get("/g/a").status == 502


def test_connections_to_origins_are_kept(levee, two):
    one, other = two("server @ONE@; keepalive 8;", 'proxy_http_version 1.1; proxy_set_header Connection "";')
    connection = levee.connect()
    for _ in range(20):
        assert connection.get("/g/a").rest() == b"origin 0"
    assert one.connections == 1
    one.drop_connections()
    eventually(lambda: one.open_connections == 0)
    assert connection.get("/g/a").rest() == b"origin 0"


@pytest.mark.parametrize("limit, connections", [("keepalive 0;", 6), ("keepalive_requests 2;", 3)])
def test_connections_to_origins_are_used_no_more_often_than_allowed(levee, two, limit, connections):
    one, other = two("server @ONE@; " + limit, 'proxy_http_version 1.1; proxy_set_header Connection "";')
    client = levee.connect()  # so one worker has them all
    for _ in range(6):
        assert client.get("/g/a").rest() == b"origin 0"
    assert one.connections == connections


def test_connections_to_origins_are_kept_no_longer_than_allowed(levee, two):
    one, other = two("server @ONE@; keepalive_timeout 50ms;", 'proxy_http_version 1.1; proxy_set_header Connection "";')
    assert levee.get("/g/a").rest() == b"origin 0"
    eventually(lambda: one.open_connections == 0)
    assert levee.get("/g/a").rest() == b"origin 0"


@pytest.mark.parametrize("method, spreads", [("hash $uri consistent;", True), ("hash $uri;", True), ("ip_hash;", False)])
def test_a_key_always_goes_to_the_same_one(levee, two, method, spreads):
    one, other = two(method + " server @ONE@; server @TWO@;")
    for each in (one, other):
        for n in range(30):
            each.page(f"/{n}", f"origin {'one' if each is one else 'other'}")
    first = [levee.get(f"/g/{n}").rest() for n in range(30)]
    assert len(set(first)) == (2 if spreads else 1)
    assert [levee.get(f"/g/{n}").rest() for n in range(30)] == first


def test_random_two_least_conn_leaves_a_busy_one_alone(levee, two):
    one, other = two("random two least_conn; server @ONE@; server @TWO@;")
    busy = [one.page("/busy", "busy", hold_head=True), other.page("/busy", "busy", hold_head=True)]
    crowd = levee.crowd(3, "/g/busy")
    eventually(lambda: sum(page.held for page in busy) == 3)
    less = one if busy[0].held < busy[1].held else other
    before = less.hits()
    for _ in range(10):
        levee.get("/g/a").rest()
    assert less.hits() == before + 10
    for page in busy:
        page.release()
    crowd.results()
