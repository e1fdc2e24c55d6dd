"""levee-bench rehearse on a terminal: a picture in its place, whatever the terminal's size, and nothing of it left behind."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import pytest
from harness import OUT, PATIENCE, eventually
from harness.terminal import Terminal

PLAN = """
about "A long enough evening"; deploy { nodes 0; } origin { } duration %ds;
requests 20 over=%ds path=/object/9/an-object-with-a-name-that-in-this-whole-evening-is-long-enough-to-be-wider-than-any-terminal-here?cc=max-age=60;
fault 1s origin slow prefix=/object/9/an-object-with-a-name-that-in-this-whole-evening-is-long-enough-to-be-wider-than-any-terminal-here ttfb=1ms;
promise errors 0%%;
"""

# Serves nobody: at the second connection, which is the first viewer's, it says much and ends.
FALSE_NODE = """#!/usr/bin/python3
import socket, sys
address, port = open(sys.argv[sys.argv.index("-c") + 1]).read().split()
server = socket.create_server((address, int(port)))
server.accept(), server.accept()
print("\\n".join(["a line of its last words \\x1b[31m"] * 50))
"""


class Watched:
    """A rehearsal on a terminal."""
    def __init__(self, plan, rows, columns, more=(), kind="xterm"):
        self.keyboard, self.tty = pty.openpty()
        self.resize(rows, columns)
        self.modes = termios.tcgetattr(self.tty)
        self.process = subprocess.Popen([OUT / "levee-bench", "rehearse", plan, *more], stdin=self.tty, stdout=self.tty, stderr=self.tty,
                                        env=dict(os.environ, TERM=kind),
                                        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.set_blocking(self.keyboard, False)
        self.raw = b""

    def resize(self, rows, columns):
        fcntl.ioctl(self.tty, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen = Terminal(rows, columns)

    def titles(self):
        return [line for line in self.screen.lines if line.startswith("evening  ")]

    def look(self):
        try:
            self.raw += os.read(self.keyboard, 65536)
        except BlockingIOError:
            pass
        whole = len(self.raw) if self.process.poll() is not None else self.raw.rfind(b"\n") + 1
        self.screen.write(self.raw[:whole].decode())
        self.raw = self.raw[whole:]
        return "\n".join(self.screen.lines)

    def sees(self, words):
        eventually(lambda: words in self.look(), what=f"the terminal shows {words!r}:\n" + "\n".join(self.screen.lines))

    def end(self):
        eventually(lambda: self.look() is not None and self.process.poll() is not None, what="the rehearsal ends")
        return self.look()


@pytest.fixture
def plan(tmp_path):
    def write(seconds, text=PLAN):
        (tmp_path / "evening.plan").write_text(text % (seconds, seconds - 1))
        return tmp_path / "evening.plan"
    return write


@pytest.fixture
def watch(plan):
    running = []

    def start(seconds, rows, columns, *more, text=PLAN, kind="xterm"):
        running.append(Watched(plan(seconds, text), rows, columns, more, kind))
        return running[-1]

    yield start
    for each in running:
        each.process.kill()
        each.process.wait()
        os.close(each.keyboard)
        os.close(each.tty)


@pytest.mark.parametrize("rows, columns", [(24, 80), (12, 40), (6, 30)])
def test_the_picture_is_drawn_anew_in_its_place(watch, rows, columns):
    live = watch(3, rows, columns)
    live.sees("evening  ")
    first = live.titles()
    eventually(lambda: live.look() and live.titles() != first, what="the next second is drawn")
    assert len(live.titles()) == 1 and live.screen.lines[0] == live.titles()[0], live.look()
    shown = live.end()
    assert live.process.returncode == 0 and shown.rstrip().endswith("It holds.")
    assert all(re.search(r" \d of 3 s$", title) for title in first)
    if rows > 20:  # in a lower one the verdict pushes it out
        assert live.titles()[0].endswith(" of 3 s") and "slow prefix=/object" in shown


@pytest.mark.parametrize("kind", ["dumb", ""])
def test_a_terminal_that_cannot_move_gets_lines(watch, kind):
    live = watch(5, 24, 160, kind=kind)
    live.sees("   4 s  viewers ")
    assert "   2 s  viewers " in live.look(), "and keeps them"
    assert live.end().rstrip().endswith("It holds.") and live.titles() == []


def test_a_terminal_that_changes_its_size_gets_a_new_picture(watch):
    live = watch(60, 40, 120)
    live.sees("evening  ")
    for columns in (50, 140):
        live.resize(30, columns)
        live.sees("evening  ")
        live.screen.lines[29] = "old"
        before = live.titles()
        eventually(lambda: live.look() and live.titles() != before, what="the next second is drawn")
        assert len(live.titles()) == 1 and live.screen.lines[0] == live.titles()[0], "\n".join(live.screen.lines)


def test_a_server_that_dies_talking_does_not_spoil_the_picture(watch, tmp_path):
    program = tmp_path / "false-node"
    program.write_text(FALSE_NODE)
    program.chmod(0o755)
    (tmp_path / "node.conf").write_text("@ADDRESS@ @PORT@")
    live = watch(4, 24, 80, "--levee", program, text=PLAN.replace("nodes 0;", "nodes 1; conf node.conf;"))
    live.sees("node1 has ended: ")
    shown = live.end()
    assert live.process.returncode == 1 and "It does not hold: errors" in shown
    assert len(live.titles()) == 1 and live.titles()[0].endswith(" of 4 s"), shown


def test_ctrl_c_leaves_the_terminal_as_it_was(watch):
    live = watch(60, 40, 100)
    live.sees("evening  ")
    os.write(live.keyboard, b"\x03")
    assert "it was interrupted after" in live.end()
    assert live.process.returncode == 130
    assert termios.tcgetattr(live.tty) == live.modes
    assert live.screen.column == 0 or live.screen.lines[live.screen.row].startswith("^C")  # below the picture


def test_no_terminal_no_picture(plan):
    said = subprocess.run([OUT / "levee-bench", "rehearse", plan(3)], stdout=subprocess.PIPE, timeout=PATIENCE, text=True).stdout
    assert "\x1b" not in said and "evening  " not in said
    assert re.search(r"^ +2 s  viewers 0 +requests/s \d+ ", said, re.MULTILINE) and "-- origin slow prefix=/object/9/an-object" in said
