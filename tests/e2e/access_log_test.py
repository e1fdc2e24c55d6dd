"""The access log: formats, variables, escapes, conditions; and USR1."""
import json

import pytest
from harness import eventually

JSON = ('log_format j escape=json \'{"uri":"$uri","args":"$args","x":"$arg_x","host":"$host","request":"$request",'
        '"status":$status,"bytes":$body_bytes_sent,"time":$request_time,"method":"$request_method","scheme":"$scheme",'
        '"remote":"$remote_addr","agent":"$http_user_agent","cache":"$upstream_cache_status","up":"$upstream_addr",'
        '"upstatus":"$upstream_status","uptime":"$upstream_response_time","type":"$sent_http_content_type","port":"$server_port"}\';'
        "access_log @DIR@/json.log j;")


@pytest.mark.conf(http=JSON)
def test_variables_in_json(levee, origin):
    origin.page("/a", "body", cache_control="max-age=60", headers={"Content-Type": "text/x"})
    for _ in range(2):
        levee.get("/a?x=1&y=2", headers={"User-Agent": 'say "hi"\\'}, host="Some.Host").rest()
    eventually(lambda: len(levee.access_log("json.log")) == 2)
    hit, miss = sorted(map(json.loads, levee.access_log("json.log")), key=lambda line: line["cache"])
    expected = {"uri": "/a", "args": "x=1&y=2", "x": "1", "host": "some.host", "request": "GET /a?x=1&y=2 HTTP/1.1",
                "status": 200, "bytes": 4, "method": "GET", "scheme": "http", "remote": miss["remote"],
                "agent": 'say "hi"\\', "type": "text/x", "port": str(levee.port())}
    for line in (miss, hit):
        assert {name: line[name] for name in expected} == expected
        assert 0 <= line["time"] < 10
    assert (miss["cache"], miss["up"], miss["upstatus"]) == ("MISS", origin.address, "200")
    assert float(miss["uptime"]) >= 0
    assert hit["cache"] == "HIT" and hit["up"] in ("", "-")


def test_the_combined_format(levee, origin):
    levee.get("/none?q", headers={"Referer": 'http://r/"', "User-Agent": "me"}).rest()
    eventually(lambda: any("/none" in line for line in levee.access_log()))
    line = next(line for line in levee.access_log() if "/none" in line)
    address, rest = line.split(" ", 1)
    assert rest.startswith("- - [") and rest.endswith('] "GET /none?q HTTP/1.1" 404 12 "http://r/\\x22" "me"')


@pytest.mark.conf(http="log_format m $status; map $status $loggable { ~^2 0; default 1; } "
                       "access_log @DIR@/some.log m if=$loggable;")
def test_a_condition(levee, origin):
    origin.page("/a", "body")
    for target in ("/a", "/none", "/a", "/none"):
        levee.get(target).rest()
    eventually(lambda: len(levee.access_log("some.log")) >= 2)
    assert levee.access_log("some.log") == ["404", "404"]


def test_usr1_reopens(levee):
    levee.get("/before").rest()
    eventually(lambda: any("/before" in line for line in levee.access_log()))
    for name in ("access.log", "error.log"):
        (levee.directory / name).rename(levee.directory / f"{name}.1")
    levee.signal("USR1")
    eventually(lambda: (levee.directory / "access.log").exists() and (levee.directory / "error.log").exists())
    levee.get("/after").rest()
    eventually(lambda: any("/after" in line for line in levee.access_log()))
    assert not any("/after" in line for line in levee.access_log("access.log.1"))


def test_a_client_cannot_forge_lines(levee):
    levee.get("/x", headers={"User-Agent": 'a"\x7f\t b'}).rest()
    eventually(lambda: any("/x" in line for line in levee.access_log()))
    assert all(line.count('"') == 6 for line in levee.access_log())
