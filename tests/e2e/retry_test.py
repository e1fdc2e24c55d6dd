"""Second tries: within their number, their time and their budget."""
import pytest
from harness import HOLD, RESET

pytestmark = pytest.mark.conf(start=False)


@pytest.fixture
def three(levee, new_origin):
    made = [new_origin() for _ in range(3)]
    for each in made:
        each.raw("/a", RESET)
        each.raw("/hang", HOLD)
    servers = " ".join(f"server {each.address} max_fails=0;" for each in made)

    def start(group, location=""):
        levee.start(http=f"upstream group {{ {servers} breaker off; {group} }}",
                    locations="location /g/ { proxy_pass http://group/; %s }" % location)
        return lambda: sum(each.hits() for each in made)

    return start


@pytest.mark.parametrize("tries, asked", [(0, 3), (1, 1), (2, 2)])
def test_no_more_than_tries(levee, three, tries, asked):
    hits = three("", f"proxy_next_upstream_tries {tries};")
    assert levee.get("/g/a").status == 502
    assert hits() == asked


def test_none_after_the_time_is_over(levee, three):
    hits = three("", "proxy_read_timeout 200ms; proxy_next_upstream_timeout 300ms;")
    assert levee.get("/g/hang").status == 504
    assert hits() == 2


def test_no_more_than_the_budget(levee, three):
    hits = three("retry_budget 10% min=0;")
    for _ in range(40):
        assert levee.get("/g/a").status == 502
    assert 40 < hits() <= 40 + 40 * 10 // 100 + 1
