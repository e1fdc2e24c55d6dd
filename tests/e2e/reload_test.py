"""HUP: a new configuration for new requests; the cache and what is on its way are kept."""
import threading

import pytest
from harness import HOLD, numbered

BODY = numbered(1 << 20)


@pytest.mark.parametrize("cache_control", ["max-age=60", "no-store"])
def test_a_reload_in_mid_transfer_loses_no_byte(levee, origin, cache_control):
    page = origin.page("/a", [BODY[:400_000], HOLD, BODY[400_000:]], cache_control=cache_control)
    before = [levee.get("/a") for _ in range(5)]
    assert all(reader.read(1000) == BODY[:1000] for reader in before)
    levee.reload(server="add_header X-New yes always;")
    assert levee.get("/none").headers["X-New"] == "yes"
    page.release(5)
    assert all(reader.rest() == BODY[1000:] for reader in before)
    assert "X-New" not in before[0].headers


def test_a_flight_is_joined_over_a_reload(levee, origin):
    page = origin.page("/a", ["one", HOLD, "two"], cache_control="max-age=60")
    first = levee.get("/a")
    assert first.read(3) == b"one"
    levee.reload()
    second = levee.get("/a")
    assert second.read(3) == b"one"
    page.release()
    assert first.rest() == second.rest() == b"two" and origin.hits("/a") == 1


def test_the_cache_is_kept(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    assert levee.get("/a").rest() == b"body"
    for _ in range(3):
        levee.reload()
        assert levee.get("/a").rest() == b"body"
    assert origin.hits("/a") == 1


def test_an_idle_connection_goes_on_under_the_new_configuration(levee):
    connection = levee.connect()
    assert connection.get("/.generation").rest() == b"generation 1"
    levee.reload()
    try:
        assert connection.get("/.generation").rest() == b"generation 2"
    except Exception:  # it may also have been closed, as nginx does
        assert connection.ended()


def test_reloads_under_load_fail_nobody(levee, origin):
    origin.page("/a", BODY, cache_control="max-age=60")
    origin.page("/b", BODY, cache_control="no-store")
    stop, errors = threading.Event(), []

    def visit(target):
        while not stop.is_set():
            try:
                response = levee.get(target)
                assert response.rest() == BODY
                response.close()
            except Exception as error:
                errors.append(error)
                return

    visitors = [threading.Thread(target=visit, args=(target,)) for target in ("/a", "/b") * 2]
    for visitor in visitors:
        visitor.start()
    for _ in range(10):
        levee.reload()
    stop.set()
    for visitor in visitors:
        visitor.join()
    assert not errors and origin.hits("/a") == 1


def test_a_location_can_change_its_zone(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    levee.get("/a").rest()
    zone = "location /z/ { proxy_pass http://@ORIGIN@/; proxy_cache other; }"
    levee.reload(http="cache_zone other ram=8m;", locations=zone)
    assert levee.get("/z/a").rest() == b"body" == levee.get("/z/a").rest()
    assert origin.hits("/a") == 2
    levee.reload(http="", locations="")
    assert levee.get("/a").rest() == b"body" and origin.hits("/a") == 2
