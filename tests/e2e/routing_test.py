"""Which server and which location answers."""
import pytest

SERVERS = """
server { listen @ADDRESS@:@PORT@; server_name exact.example; return 200 exact; }
server { listen @ADDRESS@:@PORT@; server_name *.example; return 200 leading; }
server { listen @ADDRESS@:@PORT@; server_name www.*; return 200 trailing; }
server { listen @ADDRESS@:@PORT@; server_name ~^(?<who>\\w+)\\.regex\\.test$; return 200 "regex $who"; }
server { listen @ADDRESS@:@PORT@; server_name .both.org; return 200 both; }
"""
LOCATIONS = """
location = /exact { return 200 exact; }
location /exact { return 200 prefix; }
location ^~ /images/ { return 200 images; }
location ~* \\.(gif|jpg)$ { return 200 picture; }
location ~ \\.GIF$ { return 200 never; }
location /long/ { return 200 long; }
location /long/longer { return 200 longer; }
location ~ ^/user/(\\d+)/(?<page>[a-z]+)$ { return 200 "$1 $page"; }
"""


@pytest.mark.parametrize("host, said", [
    ("exact.example", b"exact"), ("EXACT.example", b"exact"), ("exact.example:80", b"exact"), ("exact.example.", b"exact"),
    ("a.example", b"leading"), ("a.b.example", b"leading"), ("www.anything.net", b"trailing"),
    ("joe.regex.test", b"regex joe"), ("both.org", b"both"), ("x.both.org", b"both")])
@pytest.mark.conf(servers=SERVERS)
def test_server_name(levee, host, said):
    assert levee.get("/", host=host).rest() == said


@pytest.mark.conf(servers=SERVERS)
def test_the_first_server_answers_other_names(levee):
    assert levee.get("/.generation", host="other").rest() == b"generation 1"


@pytest.mark.parametrize("target, said", [
    ("/exact", b"exact"), ("/exact?x=y", b"exact"), ("/exact/", b"prefix"), ("/images/a.gif", b"images"), ("/a.gif", b"picture"),
    ("/a.GIF", b"picture"), ("/long/x", b"long"), ("/long/longer/x", b"longer"), ("/long/longer.jpg", b"picture"),
    ("/user/42/home", b"42 home"), ("/%65xact", b"exact"), ("/x/../exact", b"exact"), ("//exact", b"exact")])
@pytest.mark.conf(locations=LOCATIONS)
def test_location(levee, target, said):
    assert levee.get(target).rest() == said


@pytest.mark.parametrize("target", ["/../etc/passwd", "/a/../../b", "/%2e%2e/x", "/%", "/%zz", "/a%00b"])
def test_a_path_that_leaves_the_root_is_refused(levee, origin, target):
    assert levee.get(target).status == 400
    assert origin.hits() == 0


def test_absolute_form_names_the_host(levee, origin):
    levee.restart(servers=SERVERS)
    assert levee.send("GET http://exact.example/ HTTP/1.1\r\nHost: exact.example\r\n\r\n").rest() == b"exact"


@pytest.mark.parametrize("conf, target, sent", [
    ("location /a/ { proxy_pass http://@ORIGIN@; }", "/a/b%20c?d=e", "/a/b%20c?d=e"),
    ("location /a/ { proxy_pass http://@ORIGIN@/; }", "/a/b?d=e", "/b?d=e"),
    ("location /a/ { proxy_pass http://@ORIGIN@/x/; }", "/a/b", "/x/b"),
    ("location /a { proxy_pass http://@ORIGIN@/x; }", "/ab", "/xb"),
    ("location ~ ^/a/(.*) { proxy_pass http://@ORIGIN@/y/$1$is_args$args; }", "/a/b?c", "/y/b?c"),
])
@pytest.mark.conf(start=False)
def test_what_proxy_pass_sends(levee, origin, conf, target, sent):
    levee.start(locations=conf)
    levee.get(target).rest()
    assert [request.target for request in origin.requests] == [sent]
