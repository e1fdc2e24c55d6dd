"""Connection names what is for the next hop alone (RFC 9110 section 7.6.1): the origin does not see it, and nothing that is
stored is selected by it."""
import pytest
from harness import Answer

FRESH = "max-age=60"


def by_language(request):
    return Answer(request.headers.get("Accept-Language", "none"), cache_control=FRESH, headers={"Vary": "Accept-Language"})


def test_a_variant_is_not_poisoned_by_who_takes_its_field_away(levee, origin):
    origin.page("/a", by_language)
    assert levee.get("/a", headers={"Accept-Language": "de", "Connection": "accept-language"}).rest() == b"none"
    assert levee.get("/a", headers={"Accept-Language": "de"}).rest() == b"de"
    assert levee.get("/a").rest() == b"none"


@pytest.mark.conf(location="proxy_cache_key $uri$cookie_a$http_x_own;")
@pytest.mark.parametrize("field", [("Cookie", "a=1"), ("X-Own", "1")])
def test_nor_is_a_key(levee, origin, field):
    origin.page("/a", lambda request: Answer(request.headers.get(field[0], "none"), cache_control=FRESH))
    assert levee.get("/a", headers=[field, ("Connection", field[0])]).rest() == b"none"
    assert levee.get("/a", headers=[field]).rest() == field[1].encode()


@pytest.mark.parametrize("named", ["host", "content-length", "transfer-encoding", "via", "cdn-loop"])
def test_what_says_whom_a_message_is_for_and_where_it_ends_stays(levee, origin, named):
    origin.page("/a", "answer")
    headers = {"Connection": named, "Content-Length": "4", "Via": "1.1 x", "CDN-Loop": "x"}
    connection = levee.connect()
    assert connection.get("/a", method="POST", headers=headers, body=b"body").rest() == b"answer"
    seen = origin.last("/a")
    assert seen.body == b"body" and seen.headers["Host"] == origin.address
    assert seen.headers["Via"] == "1.1 x, 1.1 levee" and seen.headers["CDN-Loop"].startswith("x, levee")
    assert connection.get("/a").rest() == b"answer"


@pytest.mark.conf(location="proxy_set_header X-Forwarded-For $remote_addr;")
@pytest.mark.parametrize("name", ["Content_Length", "Transfer_Encoding", "X_Forwarded_For", "Proxy_Connection"])
def test_an_underscore_makes_no_second_field_of_what_is_ours(levee, origin, name):
    """Origins that speak CGI read both as one."""
    origin.page("/a", "answer")
    assert levee.get("/a", method="POST", headers={name: "7", "X_Own": "1"}, body=b"body").rest() == b"answer"
    seen = origin.last("/a")
    assert seen.body == b"body" and name not in seen.headers and seen.headers["X_Own"] == "1"


@pytest.mark.parametrize("fields", [{"Connection": "Date", "Date": "Sun, 06 Nov 1994 08:49:37 GMT"}, {}])
def test_a_date_that_was_for_us_alone_is_added_anew(levee, origin, fields):
    origin.page("/a", "answer", cache_control=FRESH, headers=fields)
    for _ in range(2):
        response = levee.get("/a")
        assert response.rest() == b"answer" and "1994" not in response.headers["Date"]
