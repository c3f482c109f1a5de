"""What hostile tests have in common: the rows of tests/data/hostile.table, and a daemon that must be
as it was when all is over."""

import os
import pathlib
import re
from typing import NamedTuple
from unittest import mock

from client import Client
from fake_upstream import DROP, RESET, FakeUpstream
from support import ENVIRONMENT, TOP, TestCase, wait_until

# Where AddressSanitizer is built in, it must not keep what was freed.
FRUGAL = {"ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}
MEGABYTE = 1 << 20


class Row(NamedTuple):
    name: str  # as it stands there
    fields: list


def rows(section):
    """Those under `[section]`, split at their semicolons."""
    found, inside = [], False
    text = (TOP / "tests/data/hostile.table").read_text()
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("["):
            inside = line == f"[{section}]"
        elif inside and line and not line.startswith("#"):
            found.append(Row(f"line {number}: {line}", line.split(" ; ")))
    return found


def octets(written):
    """What the escapes of the table stand for."""
    written = re.sub(r"\{(\d+)\*(.*?)\}", lambda match: match[2] * int(match[1]), written)
    return re.sub(rb"\\(x[0-9a-f]{2}|.)", lambda match: {
        b"r": b"\r", b"n": b"\n", b"0": b"\0"}.get(match[1]) or bytes([int(match[1][1:], 16)]),
        written.encode())


def packets(written):
    """An answer of fake_upstream.py."""
    return tuple({"closes": DROP, "resets": RESET}.get(part) or octets(part)
                 for part in written.split(" | "))


def peak_octets(pid):
    """The most memory that a process has ever had."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class HostileTestCase(TestCase):
    """A daemon of which nothing may be left behind: no connection, and no more memory than it may
    need for a few sessions."""

    MOST = 64 * MEGABYTE  # what all that happens here may need at once, with the sanitizers' share

    def setUp(self):
        super().setUp()
        self.clients = []
        self.says = {}  # what the upstream says instead, by the moment
        self.upstream = FakeUpstream(users={"bob@example.com": "secret"},
                                     answer=lambda verb, _: self.says.get(verb))
        self.addCleanup(self.upstream.stop)
        frugal = mock.patch.dict(ENVIRONMENT, FRUGAL)
        frugal.start()
        self.addCleanup(frugal.stop)
        self.front = self.started()
        for _ in range(4):  # each thread has had a session, and what is opened for its first one
            self.deliver()
        self.descriptors = descriptors(self.front.pid)
        self.peak = peak_octets(self.front.pid)

    def started(self):
        """No connection is kept for a next session: each is to be seen to its end."""
        front = self.configured('[[listener]]\nlisten = "127.0.0.1:0"\ndirection = "out"\n'
                                f'upstream = "{self.upstream.spec}"\nclient_address = "none"\n'
                                'upstream_idle = 0\n')
        front.wait_log(r"^upstream .*state=learnt")
        return front

    def client(self):
        client = Client(self.front.port)
        self.clients.append(client)
        self.addCleanup(client.close)
        self.assertEqual(client.ehlo().code, 250)
        return client

    def begun(self):
        """A client that may send its message."""
        client = self.client()
        for line, code in (("MAIL FROM:<a@example.com>", 250), ("RCPT TO:<b@example.org>", 250),
                           ("DATA", 354)):
            self.assertEqual(client.say(line).code, code)
        return client

    def deliver(self):
        """The next client is served well, and once."""
        before = len(self.upstream.messages)
        with Client(self.front.port) as client:
            client.ehlo()
            self.assertEqual(client.message("a@example.com", "b@example.org").code, 250)
            self.assertEqual(client.say("QUIT").code, 221)
        self.assertEqual(len(self.upstream.messages), before + 1)

    def assert_as_before(self):
        """Once all clients have gone."""
        for client in self.clients:
            client.close()
        self.deliver()
        wait_until("every connection is closed",
                   lambda: descriptors(self.front.pid) <= self.descriptors)
        self.assertLess(peak_octets(self.front.pid) - self.peak, self.MOST)
