"""The bundled origin: what it serves, what goes wrong with it when told to, and what it counts."""
import json
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from harness import ADDRESS, OUT, eventually, free_port


@pytest.fixture
def new_origin():
    """Starts origins with these arguments: their URLs."""
    running = []

    def start(*arguments):
        port = free_port()
        running.append(subprocess.Popen([OUT / "levee-bench", "origin", "--listen", f"{ADDRESS}:{port}", "--quiet",
                                         *map(str, arguments)]))
        url = f"http://{ADDRESS}:{port}"
        eventually(lambda: answers(url), what="the origin answers")
        return url

    yield start
    for process in running:
        process.terminate()
        assert process.wait(10) == 0


def answers(url):
    try:
        return get(url + "/control/counts")
    except OSError:
        return None


def get(url, method="GET"):
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10) as response:
        return response.read()


def status(url):
    try:
        get(url)
        return 200
    except urllib.error.HTTPError as error:
        return error.code


def test_a_dash_player_plays_it_without_an_error(new_origin, ffmpeg):
    url = new_origin()
    player = subprocess.run([ffmpeg, "-v", "error", "-i", f"{url}/live/index.mpd", "-t", "6", "-f", "null", "-",
                             "-progress", "pipe:1"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert player.returncode == 0 and player.stderr == "", player.stderr
    assert int(re.findall(r"out_time_us=(\d+)", player.stdout)[-1]) >= 5_500_000
    paths = json.loads(get(url + "/control/stats"))["paths"]
    assert any(path.startswith("/live/video/") for path in paths) and any(path.startswith("/live/audio/") for path in paths)


def test_it_counts_what_one_ideal_cache_would_have_asked_for(new_origin):
    url = new_origin()
    for _ in range(3):
        get(url + "/object/10/a?cc=max-age=60")
    counts = json.loads(get(url + "/control/stats"))
    assert counts["requests"] == 3 and counts["least"] == 1 and counts["paths"]["/object/10/a"]["requests"] == 3
    get(url + "/control/zero", "POST")
    assert json.loads(get(url + "/control/counts"))["requests"] == 0


def test_faults_strike_the_paths_that_they_name(new_origin):
    url = new_origin()
    get(url + "/control/503?prefix=/object/1", "POST")
    get(url + "/control/fail?prefix=/object/2", "POST")
    assert [status(f"{url}/object/{size}/a") for size in (1, 2, 3)] == [503, 500, 200]
    get(url + "/control/ok", "POST")
    assert [status(f"{url}/object/{size}/a") for size in (1, 2, 3)] == [200, 200, 200]


def test_a_script_says_what_goes_wrong_when(new_origin, tmp_path):
    script = tmp_path / "evening"
    script.write_text("0s 503 prefix=/object;\n1h hang for=5s;\n")
    url = new_origin("--script", script)
    eventually(lambda: status(url + "/object/1/a") == 503, what="the fault strikes")
    script.write_text("0s 503;\n1s sing;\n")
    done = subprocess.run([OUT / "levee-bench", "origin", "--listen", f"{ADDRESS}:{free_port()}", "--script", script],
                          capture_output=True, text=True, timeout=10)
    assert done.returncode == 1 and f"{script}:2: a line is a time and what the origin is told" in done.stderr


def told(url, command):
    try:
        return 200, get(f"{url}/control/{command}", "POST").decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_what_it_is_told_is_done_or_refused(new_origin):
    url = new_origin("--slots", 2, "--service", 200)
    for command, why in (("hang?for=abc", 'invalid value "for=abc"'), ("slow?foo=1", '"slow" takes no "foo=1", only for prefix ttfb rate'),
                         ("capacity?slots=x", 'invalid value "slots=x"')):
        assert told(url, command) == (400, why + "\n")
    assert told(url, "sing")[0] == 404 and status(url + "/object/1/a") == 200
    assert told(url, "hang?for=1s") == (200, "done\n")
    eventually(lambda: not hangs(url), what="the second is over")


def hangs(url):
    try:
        return urllib.request.urlopen(url + "/object/1/a", timeout=0.5).status != 200
    except OSError:
        return True


def test_a_change_of_capacity_leaves_what_it_does_not_name(new_origin, ask):
    url = new_origin("--slots", 1, "--service", 60_000, "--queue", 1)
    assert told(url, "capacity?slots=2") == (200, "done\n")
    for i in range(4):
        ask(url, f"/object/1/{i}")
    eventually(lambda: counts(url)["refused"] == 1, what="the fourth finds no place: the queue is as short as before")
    assert counts(url)["waiting"] == 1 and counts(url)["active"] == 3, "service is as long as before"
    assert told(url, "capacity?slots=0")[0] == 200 and told(url, "capacity?service=1s")[0] == 400


def test_a_script_changes_the_capacity(new_origin, ask, tmp_path):
    script = tmp_path / "evening"
    script.write_text("0s capacity slots=1 service=1m;\n")
    url = new_origin("--script", script)
    for i in range(2):
        ask(url, f"/object/1/{i}")
    eventually(lambda: counts(url)["waiting"] == 1, what="one waits")


@pytest.mark.parametrize("address, host", [(f"{ADDRESS}:0", ADDRESS), ("[::1]:0", "[::1]")])
def test_port_0_is_a_free_one(address, host):
    process = subprocess.Popen([OUT / "levee-bench", "origin", "--listen", address], stdout=subprocess.PIPE, text=True)
    try:
        port = int(re.match(r"origin at port (\d+):", process.stdout.readline())[1])
        assert answers(f"http://{host}:{port}")
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.mark.parametrize("arguments", [["origin", "--ttfb", "-5"], ["origin", "--slots", "1", "--service", "-5"], ["origin", "--rate", "-1"],
                                       ["capacity", "plan", "--most", "0"], ["capacity", "plan", "--most", "-1"],
                                       ["capacity", "plan", "--runs", "0"], ["capacity", "plan", "--seconds", "0"],
                                       ["surge", "http://127.0.0.1:1", "--class", "a,/,1", "--at", "0,hang?for=x"]])
def test_numbers_that_mean_nothing_are_refused(arguments):
    done = subprocess.run([OUT / "levee-bench", *arguments], capture_output=True, text=True, timeout=10)
    assert done.returncode == 2 and arguments[-2] in done.stderr, done.stderr


def test_it_says_why_it_does_not_start(new_origin, tmp_path):
    taken = new_origin().removeprefix("http://")
    for arguments, why in ((["--listen", taken], f"cannot listen at {taken}: Address already in use"),
                           (["--listen", "nowhere"], "not an address: nowhere"),
                           (["--script", tmp_path / "none"], f'open() "{tmp_path}/none" failed (2: No such file or directory)')):
        done = subprocess.run([OUT / "levee-bench", "origin", *arguments], capture_output=True, text=True, timeout=10)
        assert (done.returncode, done.stderr) == (1, f"levee-bench origin: {why}\n")


def counts(url):
    return json.loads(get(url + "/control/counts"))


@pytest.fixture
def ask():
    """Sends a request and does not wait for the answer: the connection."""
    open_ones = []

    def send(url, path):
        host, port = url.removeprefix("http://").split(":")
        open_ones.append(socket.create_connection((host, int(port)), timeout=10))
        open_ones[-1].sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return open_ones[-1]

    yield send
    for each in open_ones:
        each.close()


def test_a_slot_is_held_until_the_first_byte(new_origin, ask):
    url = new_origin("--slots", 2, "--ttfb", 60_000)
    for i in range(5):
        ask(url, f"/object/1/{i}")
    eventually(lambda: counts(url)["waiting"] == 3, what="three wait for a slot")
    get(url + "/control/zero", "POST")
    assert counts(url)["most_waiting"] == 3


@pytest.mark.parametrize("path", ["/object/1000/a?rate=1", "/sim/60000x600000x60000/index.m3u8?_HLS_msn={next}",
                                  "/sim-chunked/6000000x600000/{now}.bin", "/object/7/hang"])
def test_no_slot_is_held_by_what_is_only_sent_or_held(new_origin, ask, path):
    url = new_origin("--slots", 1, "--ttfb", 1)
    get(url + "/control/hang?prefix=/object/7/", "POST")
    now = int(time.time() // 600)
    ask(url, path.format(now=now, next=now + 1))
    eventually(lambda: counts(url)["active"] == 1, what="it is asked")
    get(url + "/object/1/b")
    assert counts(url)["active"] == 1, "the first one is not over"


@pytest.mark.parametrize("arguments", [["--service", "200"], ["--queue", "1000"], ["--collapse-past", "4"], ["--slots", "0", "--service", "5"]])
def test_what_is_said_of_slots_needs_some(arguments):
    done = subprocess.run([OUT / "levee-bench", "origin", *arguments], capture_output=True, text=True, timeout=10)
    assert done.returncode == 2 and "slots" in done.stderr


def test_past_its_queue_it_refuses(new_origin):
    url = new_origin("--slots", 1, "--service", 300, "--queue", 1)
    many = [subprocess.Popen(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"{url}/object/1/{i}"],
                             stdout=subprocess.PIPE, text=True) for i in range(5)]
    codes = sorted(process.communicate(timeout=10)[0] for process in many)
    assert codes.count("200") >= 1 and "503" in codes
    assert json.loads(get(url + "/control/counts"))["refused"] == codes.count("503")
