"""Four threads under load: many sessions at a time, blocked and not, while rules come and go, the
configuration is read again, and the daemon is stopped in the midst of it. What is counted is right
for all threads together.

With ThreadSanitizer, in which a race ends the test:

    cmake -B build-tsan -G Ninja -DCMAKE_BUILD_TYPE=Debug -DSMTPBLOCK_SANITIZE=thread
    ninja -C build-tsan smtpblockd
    SMTPBLOCK_TEST_DAEMON=build-tsan/daemon/smtpblockd python3 -B tests/e2e/test_threads.py
"""

import itertools
import os
import pathlib
import re
import signal
import threading
import unittest

from client import Client, Closed
from fake_upstream import FakeUpstream
from support import LONG, TestCase, wait_until

RECIPIENT = "bob@example.org"
THREADS = 4
CLIENTS = 16
MESSAGES = 2000 if LONG else 300


class Threads(TestCase):
    def setUp(self):
        super().setUp()
        self.upstream = FakeUpstream(users={"bob@example.com": "secret"})
        self.addCleanup(self.upstream.stop)
        self.store.add("bad@example.com")
        self.path = self.folder / "smtpblock.toml"

    def toml(self, more="", listener=""):
        return (f'threads = {THREADS}\n{more}\n[[listener]]\nname = "mx"\nlisten = "127.0.0.1:0"\n'
                f'upstream = "{self.upstream.spec}"\nclient_address = "none"\n'
                f'direction = "out"\nrcpt_reply = "550 5.7.1 no"\n{listener}\n')

    def all_of(self, tasks):
        """Runs the functions side by side and fails with the first that fails."""
        failures = []

        def guarded(task):
            try:
                task()
            except Exception as failure:  # told in the test's own thread
                failures.append(failure)

        running = [threading.Thread(target=guarded, args=(task,)) for task in tasks]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        if failures:
            raise failures[0]

    def threads_of(self, front):
        return len(os.listdir(f"/proc/{front.pid}/task"))

    def test_under_load(self):
        front = self.configured(self.toml())
        self.assertGreaterEqual(self.threads_of(front), THREADS)
        left = itertools.count()
        over = threading.Event()

        def client():
            while (number := next(left)) < MESSAGES:
                with Client(front.port) as one:
                    one.ehlo()
                    if number % 5 == 0:
                        code = one.auth_plain("bob@example.com", "secret").code
                        self.assertEqual(code, 235)
                    if number % 3 == 0:
                        self.assertEqual(one.message("bad@example.com", RECIPIENT).code, 550)
                        one.say("RSET")
                    reply = one.message(f"good{number}@example.com", RECIPIENT)
                    self.assertEqual(reply.code, 250, reply.text)
                    one.say("QUIT")

        def rules():
            for number in itertools.count():
                if over.is_set():
                    return
                sender = f"late{number}@example.com"
                self.store.add(sender)
                with Client(front.port) as one:
                    one.ehlo()
                    self.assertEqual(one.message(sender, RECIPIENT).code, 550)
                self.store.delete(sender)
                with Client(front.port) as one:
                    one.ehlo()
                    self.assertEqual(one.message(sender, RECIPIENT).code, 250)

        def hangups():
            for number in itertools.count():
                if over.is_set():
                    return
                self.path.write_text(self.toml(listener=f"upstream_idle = {number % 3 * 4}"))
                os.kill(front.pid, signal.SIGHUP)
                front.wait_log("^signal name=SIGHUP .*read again", skip=number)

        remaining = [CLIENTS]
        lock = threading.Lock()

        def counted():
            try:
                client()
            finally:
                with lock:
                    remaining[0] -= 1
                    if remaining[0] == 0:
                        over.set()

        self.all_of([counted] * CLIENTS + [rules, hangups])
        good = [message for message in self.upstream.messages
                if message.sender.startswith("good")]
        self.assertEqual(len(good), MESSAGES)
        self.assertEqual(len({message.sender for message in good}), MESSAGES)
        passed = [line for line in front.log if line.startswith("pass ")]
        ids = [re.search(r"session=(\w+)", line)[1] for line in passed]
        self.assertEqual(len(set(ids)), len(ids), "each session has an ID of its own")
        for line in front.log:
            self.assertRegex(line, r"^\w+ \w+=", "lines do not mix")

    def test_it_is_stopped_under_load(self):
        front = self.configured(self.toml('drain = "5s"'))
        told = []

        def client():
            try:
                for number in itertools.count():
                    with Client(front.port) as one:
                        one.ehlo()
                        reply = one.message(f"good{number}@example.com", RECIPIENT)
                        if reply.code == 250:
                            told.append(number)
                        elif reply.code != 421:
                            raise AssertionError(reply.text)
            except (Closed, ConnectionError):
                return

        def stop():
            wait_until("messages pass", lambda: len(told) > 50)
            front.process.terminate()
            self.assertEqual(front.wait_end(), 0)

        self.all_of([client] * 8 + [stop])
        self.assertGreaterEqual(len(self.upstream.messages), len(told))

    def test_limits_hold_for_all_threads_together(self):
        front = self.configured(self.toml("limits.sessions = 10\nlimits.sessions_per_client = 6"))
        clients = [Client(front.port) for _ in range(9)]
        self.assertEqual(sorted(client.greeting.code for client in clients), [220] * 6 + [421] * 3)
        for client in clients:
            client.close()

        def serves_again():
            with Client(front.port) as one:
                return one.greeting.code == 220
        wait_until("they have left", serves_again)

    def test_sessions_are_divided_among_the_threads(self):
        front = self.configured(self.toml())
        clients = [Client(front.port) for _ in range(40)]
        for client in clients:
            self.addCleanup(client.close)
            self.assertEqual(client.ehlo().code, 250)

        def busy():
            times = []
            for task in os.listdir(f"/proc/{front.pid}/task"):
                facts = pathlib.Path(f"/proc/{front.pid}/task/{task}/schedstat").read_text()
                times.append(int(facts.split()[2]))  # how often it was given a processor
            return times
        before = sorted(busy())
        for _ in range(20):
            for client in clients:
                self.assertEqual(client.say("NOOP").code, 250)
        more = sorted(now - then for then, now in zip(before, sorted(busy())))
        self.assertGreaterEqual(sum(1 for one in more if one > 40), THREADS)

    def test_blocked_logins_are_counted_together(self):
        self.store.add("bob@example.com")
        front = self.configured(self.toml(listener="auth_upstream_max = 3"))
        clients = [Client(front.port) for _ in range(8)]

        def log_in(client):
            client.ehlo()
            self.assertEqual(client.auth_plain("bob@example.com", "secret").code, 535)
            client.close()
        self.all_of([lambda client=client: log_in(client) for client in clients])
        self.assertEqual(len(self.upstream.logins), 3)

    def test_what_is_learnt_of_a_failed_login_all_know(self):
        self.store.add("bob@example.com")
        front = self.configured(self.toml(listener='auth_failure = "local"'))
        with Client(front.port) as client:
            client.ehlo()
            self.assertEqual(client.auth_plain("eve@example.com", "wrong").text,
                             "535 5.7.8 No such luck")

        def log_in(texts):
            with Client(front.port) as client:
                client.ehlo()
                texts.append(client.auth_plain("bob@example.com", "secret").text)

        def same_words():
            texts = []
            self.all_of([lambda: log_in(texts)] * (2 * THREADS))
            return set(texts) == {"535 5.7.8 No such luck"}
        wait_until("all threads say the same", same_words)

    def test_a_store_that_is_taken_away_and_brought_back(self):
        front = self.configured(self.toml())
        rules, away = self.folder / "store/rules", self.folder / "store/away"

        def codes():
            seen = set()
            for _ in range(2 * THREADS):
                with Client(front.port) as client:
                    client.ehlo()
                    seen.add(client.message("bad@example.com", RECIPIENT).code)
            return seen
        self.assertEqual(codes(), {550})
        rules.rename(away)
        self.assertEqual(codes(), {451})
        away.rename(rules)
        self.assertEqual(codes(), {550})
        self.assertEqual(sum(line.startswith("store state=trouble") for line in front.log), 1)


if __name__ == "__main__":
    unittest.main()
