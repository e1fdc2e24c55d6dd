"""Invariant 9: a malformed configuration is named by file and line; at a reload the running one stays."""
import pytest
from harness import LeveeFailed, eventually

SERVER = "listen @ADDRESS@:@PORT@; return 200 ok;"
MALFORMED = {  # the lines of a file: (number of the wrong line, what is said)
    'events {}\nfoo bar;\n': (2, 'unknown directive "foo"'),
    'events {}\nhttp { worker_processes 1; }\n': (2, '"worker_processes" directive is not allowed here'),
    'events {}\nhttp {\n  keepalive_timeout;\n}\n': (3, 'invalid number of arguments in "keepalive_timeout" directive'),
    'events {}\nhttp {\n  proxy_cache_lock maybe;\n}\n': (3, 'invalid value "maybe" in "proxy_cache_lock" directive'),
    'events {}\nhttp {\n  cache_zone a ram=lots;\n}\n': (3, 'lots'),
    'events {}\nhttp {\n  server { listen 99999; }\n}\n': (3, '99999'),
    'events {}\nhttp {\n  server { location / { proxy_cache nowhere; } }\n}\n': (3, 'nowhere'),
    'events {}\nhttp {\n  server { location ~ "(" { } }\n}\n': (3, '('),
    'events {}\nhttp {\n  log_format a "$nothing_of_this_name";\n}\n': (3, 'nothing_of_this_name'),
    'events {}\nhttp {\n  send_timeout "1s;\n}\n': (3, 'unexpected end of file'),
    'events {}\nhttp {\n  send_timeout 1s\n}\n': (4, 'unexpected "}"'),
    'events {}\nhttp {\n': (3, 'unexpected end of file'),
    'events {}\nhttp {}\n}\n': (3, 'unexpected "}"'),
    'events {}\ninclude missing.conf;\n': (2, 'missing.conf'),
}


@pytest.mark.parametrize("text", MALFORMED)
@pytest.mark.conf(start=False)
def test_it_is_refused_with_file_and_line(levee, text):
    line, said = MALFORMED[text]
    levee.write(whole=text)
    for arguments in ([], ["-t"]):
        code, output = levee.run("-p", f"{levee.directory}/", "-c", levee.conf, *arguments)
        assert code == 1
        assert f"{levee.conf}:{line}" in output or f"levee.conf:{line}" in output, output
        assert said in output


def test_a_malformed_file_at_a_reload_changes_nothing(levee, origin):
    origin.page("/a", "kept", cache_control="max-age=60")
    assert levee.get("/a").rest() == b"kept"
    levee.write(http="foo bar;")
    levee.signal("HUP")
    eventually(lambda: 'unknown directive "foo"' in levee.error_log() + levee.output())
    assert "levee.conf:" in levee.error_log() + levee.output()
    assert levee.get("/a").rest() == b"kept" and origin.hits("/a") == 1
    assert levee.get("/.generation").rest() == b"generation 1"
    levee.reload(http="")
    assert levee.get("/a").rest() == b"kept" and origin.hits("/a") == 1


@pytest.mark.conf(start=False)
def test_an_address_in_use_is_said(levee, origin):
    with pytest.raises(LeveeFailed, match="(?i)address already in use"):
        levee.start(whole=f"daemon off; events {{}} http {{ server {{ listen {origin.address}; }} }} # @PORT@")
