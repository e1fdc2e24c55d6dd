"""CDN-Cache-Control (RFC 9213) and Surrogate-Control go before Cache-Control and Expires, and are passed on."""
import pytest

PAST = "Thu, 01 Jan 2026 00:00:00 GMT"
CDN, SURROGATE = "CDN-Cache-Control", "Surrogate-Control"


@pytest.mark.parametrize("headers, hits", [
    ({CDN: "max-age=60"}, 1),
    ({CDN: "max-age=60", "Cache-Control": "no-store", "Expires": PAST}, 1),
    ({CDN: "max-age=60, extension", "Cache-Control": "max-age=0"}, 1),
    ({CDN: "no-store", "Cache-Control": "max-age=60"}, 2),
    ({CDN: "private", "Cache-Control": "max-age=60"}, 2),
    ({CDN: "no-cache", "Cache-Control": "max-age=60"}, 2),
    ({CDN: "max-age=0", "Cache-Control": "max-age=60"}, 2),
    ({CDN: "max-age=60", "Age": "61"}, 2),
    ({CDN: "max-age=60, &&&", "Cache-Control": "no-store"}, 2),  # no Structured Field: as if it were not there
    ({CDN: 'max-age="60"', "Cache-Control": "no-store"}, 2),
    ({CDN: "no-store, &&&", "Cache-Control": "max-age=60"}, 1),
    ({SURROGATE: "max-age=60", "Cache-Control": "no-store", "Expires": PAST}, 1),
    ({SURROGATE: "no-store", "Cache-Control": "max-age=60"}, 2),
    ({SURROGATE: "max-age=60;levee", "Cache-Control": "no-store"}, 1),
    ({SURROGATE: "max-age=60;another", "Cache-Control": "no-store"}, 2),
    ({CDN: "max-age=60", SURROGATE: "no-store"}, 1),
])
def test_which_of_them_counts(levee, origin, headers, hits):
    origin.page("/a", "body", headers=headers)
    for _ in range(2):
        response = levee.get("/a")
        assert response.rest() == b"body"
        assert {name: response.headers.get(name) for name in headers if name != "Age"} == {
            name: value for name, value in headers.items() if name != "Age"}
    assert origin.hits("/a") == hits


def test_origins_are_told_that_there_is_a_surrogate(levee, origin):
    origin.page("/a", "body")
    levee.get("/a").rest()
    assert origin.last("/a").headers["Surrogate-Capability"] == 'levee="Surrogate/1.0"'
