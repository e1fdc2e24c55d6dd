"""The four forms of a request target (RFC 9112 section 3.2), and what every message says of its way: Via and Date."""
import pytest

DATE = "Tue, 01 Sep 2026 10:00:00 GMT"


def test_absolute_form_names_the_host_and_goes_on_as_origin_form(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60")
    response = levee.send("GET HTTP://localhost/a?b HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n")
    assert response.rest() == b"body" and origin.last("/a").target == "/a?b"
    assert "elsewhere" not in str(list(origin.last("/a").headers))
    assert levee.get("/a?b").rest() == b"body" and origin.hits("/a") == 1  # one key


def test_absolute_form_without_a_path(levee, origin):
    origin.page("/", "root")
    assert levee.send("GET http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n").rest() == b"root"


def test_authority_form_is_no_tunnel(levee, origin):
    response = levee.send("CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n", method="CONNECT")
    assert response.status == 405 and origin.hits() == 0


def test_trace_shows_nobody_what_was_sent(levee, origin):
    assert levee.get("/a", method="TRACE", headers={"Cookie": "secret"}).status == 405 and origin.hits() == 0


def test_asterisk_form_is_about_this_server(levee, origin):
    response = levee.send("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert response.status == 200 and "GET" in response.headers["Allow"] and origin.hits() == 0


def test_via_both_ways(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60", headers={"Via": "1.1 behind"})
    for _ in range(2):
        response = levee.get("/a", headers={"Via": "1.0 before"})
        assert response.rest() == b"body"
        assert ", ".join(response.headers.all("Via")) == "1.1 behind, 1.1 levee"
    assert ", ".join(origin.last("/a").headers.all("Via")) == "1.0 before, 1.1 levee"
    levee.send("POST /a HTTP/1.0\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx", method="POST").rest()
    assert origin.last("/a").headers["Via"] == "1.0 levee"


@pytest.mark.parametrize("sent", [DATE, None])
def test_date_is_added_only_where_it_is_missing(levee, origin, sent):
    origin.page("/a", "body", cache_control="max-age=999999999", headers={"Date": sent} if sent else {})
    first, second = (levee.get("/a") for _ in range(2))
    assert first.rest() == b"body" == second.rest()
    assert len(first.headers.all("Date")) == 1 and first.headers["Date"] == second.headers["Date"]
    assert sent is None or first.headers["Date"] == sent
