"""The main job as a person would do it: a rule typed now stops a sender now.

Started by quickstart.sh with the build folder. Every `$` line is run as it stands, every `C:` line
is sent, every `S:` line is what came back; an answer that is not the promised one ends the show.
"""

import base64
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(1, str(pathlib.Path(__file__).parent / "e2e"))
from support import hash_of

PASSWORD = "correct horse"
BUILD = pathlib.Path(sys.argv[1]).resolve()


class NotAsPromised(Exception):
    pass


def paint(code, text):
    coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return f"\033[{code}m{text}\033[0m" if coloured else text


def heading(text):
    print(f"\n{paint('1', text)}")


def type_command(line):
    """Shows and runs what a person would type; its output is shown and returned."""
    print("  " + paint("32", "$ " + line), flush=True)
    done = subprocess.run(line, shell=True, text=True, timeout=30, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for said in done.stdout.splitlines():
        print("  " + said)
    if done.returncode:
        raise NotAsPromised(f"`{line}` ended with status {done.returncode}")
    return done.stdout


class Session:
    """A mail program's side of one SMTP connection, written out as it goes."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.stream = self.socket.makefile("rb")
        self.expect("220")
        self.say("EHLO laptop.example.com", "250")

    def say(self, line, code, shown=None):
        print("  " + paint("36", "C: " + (shown or line)))
        self.socket.sendall(line.encode() + b"\r\n")
        return self.expect(code)

    def expect(self, code):
        lines = []
        while not lines or lines[-1][3:4] == "-":
            lines.append(self.stream.readline().decode().rstrip("\r\n"))
            if not lines[-1]:
                raise NotAsPromised("the daemon closed the connection")
        colour = "31" if lines[0] > "4" else "0"
        print("  S: " + paint(colour, lines[0]) + (f" … {lines[-1]}" if lines[1:] else ""))
        if not lines[0].startswith(code):
            raise NotAsPromised(f"expected {code}, got {lines[0]}")
        return lines[0]

    def log_in(self, password, code, as_what):
        words = base64.b64encode(f"\0bob@example.com\0{password}".encode()).decode()
        return self.say("AUTH PLAIN " + words, code, f"AUTH PLAIN <bob@example.com, {as_what}>")

    def send_message(self, subject):
        self.say("MAIL FROM:<bob@example.com>", "250")
        self.say("RCPT TO:<alice@example.org>", "250")
        self.say("DATA", "354")
        self.say(f"Subject: {subject}\r\n\r\nHello.\r\n.", "250", f"Subject: {subject} …")


class Daemon:
    """smtpblockd on a free port, its log kept for the case that something is not as promised."""

    def __init__(self, config):
        line = f"smtpblockd --config {config} &"
        print("  " + paint("32", "$ " + line), flush=True)
        self.process = subprocess.Popen(["smtpblockd", "--config", config],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.log = b""

    def port(self):
        deadline = time.monotonic() + 10
        while not (found := re.search(rb"^listen .*address=127\.0\.0\.1:(\d+).*", self.log, re.M)):
            left = max(0, deadline - time.monotonic())
            if not left or not self.read_log(left):
                raise NotAsPromised("smtpblockd does not listen")
        print(f"  {found[0].decode()}")
        return int(found[1])

    def read_log(self, seconds):
        """Takes what the log says within that time; false at its end."""
        if not select.select([self.process.stderr], [], [], seconds)[0]:
            return True
        said = os.read(self.process.stderr.fileno(), 65536)
        self.log += said
        return bool(said)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        while self.read_log(0) and select.select([self.process.stderr], [], [], 0)[0]:
            pass


def messages(mailbox):
    return sorted((mailbox / "new").iterdir())


def show(home):
    mailbox = home / "mail"
    os.environ["PATH"] = f"{BUILD / 'cli'}:{BUILD / 'daemon'}:{os.environ['PATH']}"
    os.environ["SMTPBLOCK_STORE"] = str(home / "store")
    config = home / "smtpblock.toml"
    config.write_text(f'''[users]
"bob@example.com" = "{hash_of(PASSWORD)}"
[[listener]]
name = "submission"
direction = "out"
listen = ["127.0.0.1:0"]
upstream = ["maildir:{mailbox}"]
''')

    heading("A front with a mailbox behind it, and the account bob@example.com")
    print("  " + paint("32", f"$ export SMTPBLOCK_STORE={home}/store"))
    type_command("smtpblock init")
    daemon = Daemon(str(config))
    try:
        perform(daemon.port(), mailbox)
    except (NotAsPromised, OSError, subprocess.SubprocessError) as wrong:
        daemon.stop()
        print(f"\nNot as promised: {wrong}. The daemon's log:", file=sys.stderr)
        print(daemon.log.decode(errors="replace"), end="", file=sys.stderr)
        return 1
    finally:
        daemon.stop()
    return 0


def perform(port, mailbox):
    heading("Bob logs in and sends a message")
    session = Session(port)
    session.log_in(PASSWORD, "235", "right password")
    session.send_message("first")
    if len(messages(mailbox)) != 1:
        raise NotAsPromised("the message is not in the mailbox")
    type_command(f"ls {mailbox}/new")

    heading("His account is sending spam: stop it now, in the session that is open")
    session.say("MAIL FROM:<bob@example.com>", "250")
    session.say("RCPT TO:<alice@example.org>", "250")
    type_command("smtpblock add bob@example.com")
    session.say("RCPT TO:<carol@example.org>", "554")
    session.say("DATA", "554")

    heading("He cannot log in again, and cannot tell why: the right password fails as a wrong one")
    session = Session(port)
    right = session.log_in(PASSWORD, "535", "right password")
    if session.log_in("wrong", "535", "wrong password") != right:
        raise NotAsPromised("the two answers differ")
    session.say("MAIL FROM:<bob@example.com>", "250")
    session.say("RCPT TO:<alice@example.org>", "554")

    heading("Which rules are there? Let him go on")
    if "bob@example.com" not in type_command("smtpblock list"):
        raise NotAsPromised("the rule is not listed")
    type_command("smtpblock delete bob@example.com")
    session = Session(port)
    session.log_in(PASSWORD, "235", "right password")
    session.send_message("second")
    if len(messages(mailbox)) != 2:
        raise NotAsPromised("the message is not in the mailbox")


def main():
    for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, lambda number, _: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="smtpblock-") as home:
        status = show(pathlib.Path(home))
    if status == 0:
        shown = os.path.relpath(BUILD)
        heading("All as promised. Next, a front of your own, its mail in a folder beside the store:")
        print(f"  $ {shown}/cli/smtpblock --store ~/smtpblock init\n"
              f"  $ {shown}/daemon/smtpblockd --store ~/smtpblock --listen 127.0.0.1:2525\n"
              f"  and in another terminal\n"
              f"  $ {shown}/cli/smtpblock --store ~/smtpblock add spammer@example.com\n"
              "  README.md goes on from there.")
    return status


if __name__ == "__main__":
    sys.exit(main())
