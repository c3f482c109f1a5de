"""A listener that Dovecot asks, without Dovecot: what is said on its connections."""

import concurrent.futures
import contextlib
import json
import pathlib
import re
import signal
import socket
import unittest

from auth_policy_client import AuthPolicyClient
from client import Closed
from policy_client import PASSED, PolicyClient
from submission import ALICE, BLOCKED
from support import TestCase

KEY = "0123456789abcdef0123456789abcdef"
DOOR = '[[listener]]\nname = "dovecot"\nprotocol = "dovecot"\nlisten = ["127.0.0.1:0"]\n'


def peak_memory(pid):
    """The most octets that it ever had resident."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])


class AuthPolicyTest(TestCase):
    def serve(self, before="", after="", **options):
        return self.configured(f'store = "{self.store.path}"\n{before}{DOOR}{after}', **options)

    def half_asked(self, port, login):
        """A connection whose request has been begun, and what it still lacks."""
        asker = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.addCleanup(asker.close)
        body = json.dumps({"login": login, "protocol": "smtp"}).encode()
        asker.sendall(b"POST /?command=allow HTTP/1.1\r\nContent-Type: application/json\r\n"
                      b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(body))
        self.assertEqual(asker.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
        return asker, body

    def assert_blocked_and_over(self, asker):
        """That this is the answer, and the last one."""
        said = b""
        while part := asker.recv(1000):
            said += part
        self.assertEqual(json.loads(said.partition(b"\r\n\r\n")[2]), {"status": -1})

    def test_a_question_under_way_is_answered_at_the_end(self):
        running = self.serve()
        self.store.add(BLOCKED)
        asker, rest = self.half_asked(running.port, BLOCKED)
        with AuthPolicyClient(running.port) as idle:
            self.assertEqual(idle.ask(BLOCKED).status, -1)
            running.process.send_signal(signal.SIGTERM)
            with self.assertRaises(Closed):
                while True:
                    idle.ask(ALICE)
        asker.sendall(rest)
        self.assert_blocked_and_over(asker)
        self.assertEqual(running.wait_end(), 0)

    def test_a_question_under_way_is_answered_by_the_settings_that_it_came_under(self):
        running = self.serve()
        self.store.add(BLOCKED)
        asker, rest = self.half_asked(running.port, BLOCKED)
        with (self.folder / "smtpblock.toml").open("a") as configuration:
            configuration.write('services = ["imap"]\n')
        running.process.send_signal(signal.SIGHUP)
        running.wait_log("HUP")
        asker.sendall(rest)
        self.assert_blocked_and_over(asker)
        with AuthPolicyClient(running.port) as client:
            self.assertEqual(client.ask(BLOCKED).status, 0)

    def test_a_mail_server_is_never_too_many_for_one_address(self):
        """Turned away, Dovecot would let everybody in; and anybody of this host can connect."""
        running = self.serve(before="[limits]\nsessions_per_client = 2\n", listeners=2, after='''
[[listener]]
name = "postfix"
protocol = "policy"
listen = ["127.0.0.1:0"]
''')
        with contextlib.ExitStack() as open_:
            door, policy = running.ports
            for _ in range(5):
                postfix = open_.enter_context(PolicyClient(policy))
                self.assertEqual(postfix.ask(), PASSED)
            for _ in range(150):
                open_.enter_context(contextlib.closing(socket.create_connection(
                    ("127.0.0.1", door), timeout=60)))
            self.store.add(BLOCKED)
            dovecot = open_.enter_context(AuthPolicyClient(door))
            self.assertEqual(dovecot.ask(BLOCKED).status, -1)
            self.assertEqual(postfix.ask(), PASSED)

    def test_a_socket_of_systemd_keeps_who_asks_between_two_daemons(self):
        (self.folder / "smtpblock.toml").write_text(
            DOOR.replace("127.0.0.1:0", "systemd:dovecot"))
        self.store.add(BLOCKED)
        with socket.create_server(("127.0.0.1", 0)) as opened, \
                concurrent.futures.ThreadPoolExecutor() as pool:
            first = self.activated("dovecot", [opened])
            first.wait_log("^listen listener=dovecot")
            first.stop()
            with AuthPolicyClient(opened.getsockname()[1]) as client:
                answer = pool.submit(client.ask, BLOCKED)
                second = self.activated("dovecot", [opened])
                self.addCleanup(second.stop)
                self.assertEqual(answer.result().status, -1)

    def test_many_requests_a_connection(self):
        running = self.serve(after='auth_domain = "example.com"\n')
        with AuthPolicyClient(running.port) as client:
            for _ in range(3):
                self.assertEqual(client.ask("carol").status, 0)
                self.store.add(BLOCKED)
                self.assertEqual(client.ask("carol").status, -1)
                self.assertEqual(client.ask("x@example.org", auth_user="carol").status, -1)
                self.assertEqual(client.ask("carol", protocol="imap").status, 0)
                self.assertEqual(client.ask("carol", command="report").status, 0)
                self.store.delete(BLOCKED)
        self.assertEqual(len({re.search(r"session=(\w+)", line)[1] for line in running.log
                              if line.startswith("block")}), 1)

    def test_a_store_that_cannot_be_read(self):
        """Dovecot can be told yes or no alone."""
        rules, away = self.folder / "store/rules", self.folder / "away"
        for setting, status in (("defer", -1), ("pass", 0)):
            with self.subTest(setting):
                running = self.serve(before=f'on_store_error = "{setting}"\n')
                with AuthPolicyClient(running.port) as client:
                    self.assertEqual(client.ask(ALICE).status, 0)
                    rules.rename(away)
                    try:
                        self.assertEqual(client.ask(ALICE).status, status)
                        self.assertEqual(client.ask(ALICE, protocol="imap").status, 0)
                        running.wait_log("^store ")
                    finally:
                        away.rename(rules)
                    self.assertEqual(client.ask(ALICE).status, 0)

    def test_whoever_has_not_the_key_costs_little(self):
        """Many begin a large request and are told at once, also while they are sending it."""
        running = self.serve(after=f'api_header = "X-API-Key: {KEY}"\n')
        part = b"POST /?command=allow HTTP/1.1\r\nContent-Type: application/json\r\n" \
               b"Content-Length: 250000\r\n\r\n" + 200_000 * b"x"
        askers = [socket.create_connection(("127.0.0.1", running.port), timeout=60)
                  for _ in range(200)]
        for asker in askers:
            self.addCleanup(asker.close)
        before = peak_memory(running.pid)
        for asker in askers:
            with contextlib.suppress(ConnectionError):
                asker.sendall(part)
        for asker in askers:
            self.assertEqual(asker.recv(12), b"HTTP/1.1 401")
        self.assertLess(peak_memory(running.pid) - before, len(askers) * len(part) / 4)
        with AuthPolicyClient(running.port, KEY) as client:
            self.assertEqual(client.ask(ALICE).status, 0)

    def test_check_config(self):
        done = self.check_config(f'{DOOR}api_header = "{KEY}"\n')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^listener dovecot: 127\.0\.0\.1:0, protocol dovecot, "
                                      r".*services smtp submission, with a key, auth_domain ")
        self.assertNotIn(KEY, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
