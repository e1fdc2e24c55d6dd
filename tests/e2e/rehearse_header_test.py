"""levee-bench rehearse asks with the fields of a browser's player, and with those that the plan gives."""
import subprocess

from harness import OUT, PATIENCE

PLAN = "target http://%s/; %s duration 1s; viewers step 1; requests 1 path=/a 'field=Accept: text/plain'; promise errors 100%%;\n"


def play(folder, origin, lines=""):
    (folder / "evening.plan").write_text(PLAN % (origin.address, lines))
    done = subprocess.run([OUT / "levee-bench", "rehearse", folder / "evening.plan"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=3 * PATIENCE)
    assert done.returncode == 2 and "every promise was kept, but not one viewer saw a frame" in done.stdout, done.stdout + done.stderr
    by_viewer = [request for request in origin.requests if request.path != "/a"]
    return by_viewer[0].headers, next(request.headers for request in origin.requests if request.path == "/a")


def test_all_ask_as_a_player_in_a_browser_does(tmp_path, origin):
    origin.page("/a", "a")
    viewer, request = play(tmp_path, origin)
    for headers in viewer, request:
        assert headers.get("User-Agent").startswith("Mozilla/5.0") and headers.get("Sec-Fetch-Mode") == "cors"
        assert headers.get("Accept-Encoding") == "identity", "who cannot read a content coding asks for none"
    assert viewer.all("Accept") == ["*/*"] and request.all("Accept") == ["text/plain"]


def test_the_plan_adds_fields_and_takes_them_away(tmp_path, origin):
    origin.page("/a", "a")
    for headers in play(tmp_path, origin, "header Cookie 'token=a; b=c'; header user-agent tv; header Origin '';"):
        assert headers.all("Cookie") == ["token=a; b=c"] and headers.all("User-Agent") == ["tv"]
        assert headers.get("Origin") is None and headers.get("Referer") == "https://www.example.com/"
