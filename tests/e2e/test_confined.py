"""The daemon does its work under the restrictions of its unit, as far as they can be had without
systemd (confined.py)."""

import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import sys
import unittest

from certificates import Authority
from client import Client
from support import DAEMON, ENVIRONMENT, Daemon, Store, TestCase, go_on_as_root, hash_of
from tls_client import NAME, TlsClient
from unit_file import UNITS, UnitFile

USER, PASSWORD = "bob@example.com", "correct horse"
NOBODY, NOGROUP = "65534", "65534"
# The leak sanitizer stops the process to look at it (ptrace(2)), and the address sanitizer would
# set a limit: of what the unit takes from the daemon, those two would miss something, not it.
SANITIZERS = "detect_leaks=0:disable_coredump=0"


class Confined(TestCase):
    def setUp(self):
        super().setUp()
        self.unit = UnitFile(UNITS / "smtpblockd.service")
        self.store = Store(self.folder / "theirs")
        self.store.run("init", "--group", "nogroup")
        self.mail = self.folder / "theirs" / "mail"
        self.mail.mkdir()
        os.chown(self.mail, int(NOBODY), int(NOGROUP))
        # A checkout may lie below /home or /root, where nothing is to be seen.
        self.tools = self.folder / "tools"
        self.tools.mkdir()
        here = pathlib.Path(__file__).parent
        for file in (here / "confined.py", here / "service_manager.py", here / "unit_file.py",
                     here / "support.py", DAEMON, self.unit.path):
            shutil.copy(file, self.tools)
        self.authority = Authority(self.folder)
        self.path = self.folder / "smtpblock.toml"

    def configure(self, port, reply="550 5.7.1 first"):
        chain, key = self.authority.issue(NAME)
        os.chown(key, -1, int(NOGROUP))
        key.chmod(0o640)
        self.path.write_text(f'''
[users]
"{USER}" = "{hash_of(PASSWORD)}"
[[listener]]
name = "submission"
direction = "out"
listen = ["127.0.0.1:{port}", "[::1]:{port}", "unix:/var/lib/smtpblock/mail/smtp.sock"]
upstream = ["maildir:/var/lib/smtpblock/mail/box"]
starttls = "optional"
rcpt_reply = "{reply}"
certificates = [{{ chain = "{chain}", key = "{key}" }}]
''')
        self.path.chmod(0o644)

    def start(self, *program, listeners=0):
        """The daemon, or a program in its place."""
        before = ENVIRONMENT.get("ASAN_OPTIONS")
        front = Daemon(
            *(program[1:] if program else ("--config", str(self.path))), listeners=listeners,
            program=program[0] if program else str(self.tools / pathlib.Path(DAEMON).name),
            within=["unshare", "--mount", sys.executable, "-B", str(self.tools / "confined.py"),
                    "enter", str(self.tools / self.unit.path.name), self.store.path, NOBODY,
                    NOGROUP],
            environment={"ASAN_OPTIONS": ":".join(filter(None, [before, SANITIZERS]))})
        self.addCleanup(front.stop)
        return front

    def privileged_port(self):
        """A free one below 1024."""
        for port in range(1023, 600, -1):
            try:
                socket.create_server(("127.0.0.1", port)).close()
                socket.create_server(("::1", port), family=socket.AF_INET6).close()
                return port
            except OSError:
                pass
        raise AssertionError("no port below 1024 is free")

    def test_the_main_job(self):
        port = self.privileged_port()
        self.configure(port)
        front = self.start(listeners=2)
        status = pathlib.Path(f"/proc/{front.pid}/status").read_text()
        for line in (f"Uid:\t{NOBODY}\t{NOBODY}\t{NOBODY}\t{NOBODY}", "NoNewPrivs:\t1",
                     "Seccomp:\t2", "CapEff:\t0000000000000400", "CapBnd:\t0000000000000400"):
            self.assertIn(line, status)
        # A message, in clear text and in TLS, by a user who has logged in.
        context = ssl.create_default_context(cafile=str(self.authority.ca))
        for secured in (False, True):
            client = TlsClient(port, context, implicit=False)
            self.addCleanup(client.close)
            client.ehlo()
            if secured:
                client.starttls()
                client.ehlo()
            self.assertEqual(client.auth_plain(USER, PASSWORD).code, 235)
            self.assertEqual(client.message(USER, "alice@example.net").code, 250)
        self.assertEqual(len(list((self.mail / "box/new").iterdir())), 2)
        # A rule is in force at once, in a session that is open, and as soon gone.
        said = self.store.run("add", USER).stderr
        self.assertIn(f"in force: smtpblockd pid {front.pid}", said)
        self.assertEqual(client.mail(USER).code, 250)
        self.assertEqual(client.rcpt("alice@example.net").text, "550 5.7.1 first")
        client.say("RSET")
        with Client(port) as blocked:
            blocked.ehlo()
            self.assertEqual(blocked.auth_plain(USER, PASSWORD).code, 535)
        front.wait_log(r"^block .*at=auth rule=1 ")
        front.wait_log(r"^block .*at=rcpt rule=1 ")
        # Another file, with another certificate.
        before = client.tls.getpeercert()["serialNumber"]
        self.configure(port, reply="550 5.7.1 second")
        os.kill(front.pid, signal.SIGHUP)
        self.assertIn("read again", front.wait_log("^signal name=SIGHUP"))
        again = TlsClient(port, context, implicit=False)
        self.addCleanup(again.close)
        again.ehlo()
        again.starttls()
        self.assertNotEqual(again.tls.getpeercert()["serialNumber"], before)
        again.ehlo()
        again.mail(USER)
        self.assertEqual(again.rcpt("alice@example.net").text, "550 5.7.1 second")
        self.store.delete(USER)
        again.say("RSET")
        self.assertEqual(again.auth_plain(USER, PASSWORD).code, 235)
        # What it has seen is written at the end.
        self.store.add("alice@example.com")
        again.mail("alice@example.com")
        self.assertEqual(again.rcpt("alice@example.net").code, 550)
        again.say("RSET")
        front.stop()
        self.assertEqual(again.reply().code, 421)
        self.assertIn('"hits":1,', self.store.run("--json", "show", "2").stdout.replace(" ", ""))

    def test_what_is_taken_from_it(self):
        """Each line is tried by a program in the daemon's place."""
        script = self.tools / "tries.py"
        script.write_text(TRIES)
        front = self.start(sys.executable, "-B", str(script))
        self.assertEqual(front.wait_end(), 0, front.log)
        self.assertEqual([line for line in front.log if not re.search(": refused", line)],
                         ["/var/lib/smtpblock/mail/x: done"])


# Says of each attempt whether it was refused, and in which way.
TRIES = '''
import ctypes, errno, mmap, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)

def attempt(name, act, *refusals):
    try:
        act()
        said = "done"
    except OSError as error:
        said = "refused" if error.errno in refusals else f"failed with {error}"
    print(f"{name}: {said}", file=sys.stderr)

def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

for path in ("/tmp/x", "/etc/x", "/run/x", "/var/lib/smtpblock/rules/x", "/var/lib/x"):
    attempt(path, lambda: open(path, "w"), errno.EROFS, errno.EACCES)
attempt("/var/lib/smtpblock/mail/x", lambda: open("/var/lib/smtpblock/mail/x", "w"))
attempt("the rules", lambda: os.open("/var/lib/smtpblock/rules/data.mdb", os.O_RDWR), errno.EACCES)
attempt("netlink", lambda: socket.socket(socket.AF_NETLINK), errno.EAFNOSUPPORT)
attempt("packets", lambda: socket.socket(socket.AF_PACKET), errno.EAFNOSUPPORT)
attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
        errno.EPERM)
attempt("written code", lambda: mmap.mmap(-1, 4096, prot=7), errno.EPERM)
attempt("set-user-id", lambda: os.chmod("/var/lib/smtpblock/mail/x", 0o4755), errno.EPERM)
attempt("user", lambda: os.setuid(0), errno.EPERM)
attempt("owner", lambda: os.chown("/var/lib/smtpblock/mail/x", 0, 0), errno.EPERM)
attempt("trace", lambda: call(101, 0, 0, 0, 0), errno.EPERM)
attempt("io_uring", lambda: call(425, 1, None), errno.EPERM)
attempt("keyring", lambda: call(250, 0, 0), errno.EPERM)
attempt("mount", lambda: call(165, None, None, None, 0, None), errno.EPERM)
attempt("namespace", lambda: call(272, 0x10000000), errno.EPERM)
attempt("other processes", lambda: os.stat("/proc/1"), errno.ENOENT)
attempt("the kernel", lambda: open("/proc/sys/kernel/hostname"), errno.ENOENT)
'''


if __name__ == "__main__":
    go_on_as_root()
    unittest.main()
