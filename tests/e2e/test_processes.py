"""Processes: who may run what, what a daemon refuses to start on, and who may die when."""

import os
import random
import shutil
import signal
import stat
import subprocess
import time
import unittest

from client import Client
from fake_upstream import FakeUpstream
from support import CLI, DAEMON, ENVIRONMENT, LONG, Daemon, Store, TestCase, wait_until

TO = "bob@example.org"
ROOT = os.geteuid() == 0
NOBODY = "65534" if ROOT else str(os.geteuid())


class Processes(TestCase):
    def setUp(self):
        super().setUp()
        self.upstream = FakeUpstream()
        self.addCleanup(self.upstream.stop)

    def code_of(self, front, sender):
        """What a recipient of that sender gets."""
        with Client(front.port) as client:
            client.ehlo()
            client.mail(sender)
            return client.rcpt(TO).code

    def refusal(self, *arguments, user=None):
        """What a daemon that does not start says; it must exit with 1."""
        daemon = Daemon(*arguments, listeners=0, user=user)
        self.addCleanup(daemon.process.kill)
        self.assertEqual(daemon.wait_end(), 1)
        return "\n".join(daemon.log)

    # Users

    def test_nobody_runs_the_daemon_while_root_edits(self):
        # Where this test is not run by root, the daemon runs as the same user, who made the store.
        store = Store(self.folder / "theirs")
        store.run("init", *(["--group", "nogroup"] if ROOT else []))
        self.give_away_the_daemon()
        front = Daemon("--store", store.path, "--listen", "127.0.0.1:0",
                       "--upstream", self.upstream.spec, user=NOBODY if ROOT else None,
                       program=self.program)
        self.addCleanup(front.stop)
        if ROOT:
            self.assertEqual(os.stat(f"/proc/{front.pid}").st_uid, 65534)
        for _ in range(5):
            self.assertEqual(self.code_of(front, "a@example.com"), 250)
            store.add("a@example.com")
            self.assertEqual(self.code_of(front, "a@example.com"), 554)
            store.delete("a@example.com")

    def give_away_the_daemon(self):
        """Where others can reach it, which a checkout below /root is not."""
        self.program = shutil.copy(DAEMON, self.folder / "smtpblockd")

    def test_the_rules_are_not_for_the_daemon_to_write(self):
        mode = stat.S_IMODE(os.stat(f"{self.store.path}/rules/data.mdb").st_mode)
        self.assertEqual(mode & 0o022, 0, oct(mode))
        directory = stat.S_IMODE(os.stat(f"{self.store.path}/rules").st_mode)
        self.assertEqual(directory & 0o022, 0, oct(directory))

    # What a daemon refuses

    def test_a_missing_store(self):
        said = self.refusal("--store", str(self.folder / "nothing"), "--listen", "127.0.0.1:0")
        self.assertIn("smtpblock", said)
        self.assertIn("init", said)

    def test_a_lock_that_it_may_not_write(self):
        store = Store(self.folder / "theirs")
        store.run("init", *(["--group", "nogroup"] if ROOT else []))
        os.chmod(f"{store.path}/rules/lock.mdb", 0o444)
        self.give_away_the_daemon()
        daemon = Daemon("--store", store.path, "--listen", "127.0.0.1:0", listeners=0,
                        user=NOBODY if ROOT else None, program=self.program)
        self.addCleanup(daemon.process.kill)
        self.assertEqual(daemon.wait_end(), 1)
        self.assertIn("lock.mdb", "\n".join(daemon.log))

    # Who may die

    def test_a_killed_command_harms_nobody(self):
        front = self.daemon(upstream=self.upstream.spec)
        luck = random.Random(4)
        whole = None  # as long as the last command took that was let be
        acknowledged, killed = [], 0
        for number in range(400 if LONG else 60):
            sender = f"a{number}@example.com"
            begun = time.monotonic()
            command = subprocess.Popen([CLI, "--store", self.store.path, "add", sender],
                                       env=ENVIRONMENT, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            try:
                # Every other one may end, however slow the machine is.
                status = command.wait(luck.uniform(0, whole) if number % 2 else 60)
                whole = time.monotonic() - begun
            except subprocess.TimeoutExpired:
                command.kill()
                status = command.wait()
            killed += status == -signal.SIGKILL
            if status == 0:
                acknowledged.append(sender)
                self.assertEqual(self.code_of(front, sender), 554)
        self.assertGreater(killed, 5)
        self.assertGreater(len(acknowledged), 5)
        listed = {line.split("\t")[5] for line in self.store.run("list").stdout.splitlines()}
        self.assertLessEqual(set(acknowledged), listed)
        self.assertEqual(self.code_of(front, "free@example.com"), 250)
        for number in range(len(acknowledged) + killed):
            sender = f"a{number}@example.com"
            self.assertEqual(self.code_of(front, sender), 554 if sender in listed else 250)

    def test_sigterm_lets_a_transaction_end(self):
        front = self.daemon(upstream=self.upstream.spec)
        with Client(front.port) as sending, Client(front.port) as idle:
            sending.ehlo()
            sending.mail("a@example.com")
            sending.rcpt(TO)
            sending.say("DATA")
            idle.ehlo()
            front.process.terminate()
            self.assertEqual(idle.reply().code, 421)
            self.assertTrue(idle.at_end())
            wait_until("no new connection is taken", lambda: self.refuses(front.port))
            self.assertEqual(sending.body(b"Subject: x\r\n\r\nlast").code, 250)
            self.assertEqual(sending.reply().code, 421)
        self.assertEqual(front.wait_end(), 0)
        self.assertEqual(len(self.upstream.messages), 1)

    @staticmethod
    def refuses(port):
        try:
            Client(port, seconds=5).close()
            return False
        except Exception:  # refused, reset, or closed without a greeting
            return True

    def test_a_killed_daemon_leaves_a_store_that_the_next_one_reads(self):
        self.store.add("a@example.com")
        for _ in range(3):
            front = self.daemon(upstream=self.upstream.spec)
            self.assertEqual(self.code_of(front, "a@example.com"), 554)
            front.kill()
        self.store.delete("a@example.com")
        front = self.daemon(upstream=self.upstream.spec)
        self.assertEqual(self.code_of(front, "a@example.com"), 250)

    def test_add_says_where_it_is_in_force(self):
        self.assertIn("no smtpblockd runs", self.store.run("add", "a@example.com").stderr)
        front = self.daemon(upstream=self.upstream.spec)
        self.assertIn(f"in force: smtpblockd pid {front.pid}",
                      self.store.run("add", "b@example.com").stderr)


if __name__ == "__main__":
    unittest.main()
