"""Plays the console files of this folder: what a person types, and what the program must print.

    # a comment
    $ smtpblock list            a command for sh; SMTPBLOCK_STORE is a folder of the file's own
    1→ehlo→both→ylmf-pc         what it prints on standard output, → for a tab
    ! note: no rules            what it prints on standard error
    ~ rev.*: \\d+                a line that a regular expression must match whole, `!~` likewise
    [4]                         its exit status, when it is not 0
    tty$ smtpblock list         the same on a terminal of 72 columns, without colours or a pager
    < ylmf-pc                   what is typed there

Started without arguments it plays every file; first it plays some that are wrong, each of which
must fail.
"""

import fcntl
import os
import pathlib
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import termios

HERE = pathlib.Path(__file__).resolve().parent
CLI = pathlib.Path(os.environ.get("SMTPBLOCK_TEST_CLI", HERE.parents[1] / "build/cli/smtpblock"))
COLUMNS = 72
PATIENCE = 60  # seconds; only a failure takes that long

PLANTED = [
    "$ echo a\nb\n",
    "$ echo a\n",
    "$ true\na\n",
    "$ false\n",
    "$ true\n[1]\n",
    "$ echo a >&2\n! b\n",
    "$ echo ab\n~ a\n",
    "$ printf 'a b\\n'\na→b\n",
    "tty$ echo a\nb\n",
    "no command\n",
]


class Step:
    def __init__(self, number, line):
        self.number = number
        self.on_terminal = line.startswith("tty$ ")
        self.command = line.split("$ ", 1)[1]
        self.typed, self.out, self.err, self.status = [], [], [], 0

    def expect(self, line):
        if match := re.fullmatch(r"\[(\d+)\]", line):
            self.status = int(match[1])
        elif line.startswith("!~ "):
            self.err.append("~ " + line[3:])
        elif line.startswith("! "):
            self.err.append(line[2:])
        elif line.startswith("< ") and self.on_terminal:
            self.typed.append(line[2:])
        else:
            self.out.append(line)


def steps_of(text):
    steps = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(("$ ", "tty$ ")):
            steps.append(Step(number, line))
        elif line.startswith("#") or not line.strip():
            continue
        elif not steps:
            raise ValueError(f"line {number}: stands before any command")
        else:
            steps[-1].expect(line)
    return steps


def environment(folder):
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("SMTPBLOCK_", "SUDO_", "LC_", "LESS")) and name != "NO_COLOR"}
    return kept | {"PATH": f"{CLI.parent}:{os.environ['PATH']}", "SMTPBLOCK_STORE": folder + "/store",
                   "TZ": "CET-1CEST,M3.5.0,M10.5.0/3", "TERM": "xterm", "HOME": folder, "PAGER": "cat"}


def run_in_pipe(step, folder):
    done = subprocess.run(["sh", "-c", step.command], cwd=folder, env=environment(folder),
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)
    return done.stdout, done.stderr, done.returncode


def run_on_terminal(step, folder):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    modes = termios.tcgetattr(theirs)
    modes[1] &= ~termios.ONLCR
    modes[3] &= ~termios.ECHO
    termios.tcsetattr(theirs, termios.TCSANOW, modes)
    os.write(ours, "".join(line + "\n" for line in step.typed).encode())
    process = subprocess.Popen(["sh", "-c", step.command], cwd=folder, stdin=theirs, stdout=theirs,
                               stderr=subprocess.PIPE,
                               env=environment(folder) | {"NO_COLOR": "1"})
    os.close(theirs)
    out = b""
    try:
        while piece := os.read(ours, 65536):
            out += piece
    except OSError:  # EIO: the last user of the terminal is gone
        pass
    finally:
        os.close(ours)
    _, err = process.communicate(timeout=PATIENCE)
    return out, err, process.returncode


def same(wanted, got):
    if wanted.startswith("~ "):
        return re.fullmatch(wanted[2:], got) is not None
    return wanted == got


def differences(what, wanted, octets):
    got = octets.decode("utf-8", "backslashreplace").replace("\t", "→").splitlines()
    if len(wanted) == len(got) and all(map(same, wanted, got)):
        return []
    return [f"  {what}, wanted:", *(f"    {line}" for line in wanted),
            f"  {what}, got:", *(f"    {line}" for line in got[:50]),
            *([f"    … and {len(got) - 50} more lines"] if len(got) > 50 else [])]


def play(name, text):
    """What is not as the text says."""
    try:
        steps = steps_of(text)
    except ValueError as error:
        return [f"{name}: {error}"]
    wrong = []
    with tempfile.TemporaryDirectory(prefix="smtpblock-console-") as folder:
        for step in steps:
            run = run_on_terminal if step.on_terminal else run_in_pipe
            out, err, status = run(step, folder)
            found = differences("output", step.out, out) + differences("errors", step.err, err)
            if status != step.status:
                found.append(f"  exit status {status}, wanted {step.status}")
            if found:
                wrong += [f"{name}:{step.number}: $ {step.command}", *found]
    return wrong if steps else [f"{name}: no command in it"]


def main(arguments):
    if not os.access(CLI, os.X_OK):
        print(f"{shlex.quote(str(CLI))} is not there: build it, or set SMTPBLOCK_TEST_CLI")
        return 1
    files = [pathlib.Path(name) for name in arguments] or sorted(HERE.glob("*.txt"))
    wrong = [f"planted, but found right: {text!r}" for text in PLANTED if not play("planted", text)]
    for path in files:
        wrong += play(path.name, path.read_text())
    print(*wrong, f"{len(files)} files, {'wrong' if wrong else 'as written'}", sep="\n")
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
