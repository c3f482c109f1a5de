"""`smtpblock probe` before a real smtpblockd with its Maildir, and before servers that are none."""

import json
import os
import signal
import socket
import subprocess
import threading
import unittest

from support import CLI, ENVIRONMENT, PATIENCE, TestCase, hash_of
from test_interrupt import Terminal

ACCOUNT = "alice@example.com"


class Probe(TestCase):
    def front(self):
        hashed = hash_of("right")
        front = self.configured(f'[users]\n"{ACCOUNT}" = "{hashed}"\n'
                                '[[listener]]\nname = "s"\nlisten = ["127.0.0.1:0"]\n')
        return f"127.0.0.1:{front.port}"

    def probe(self, *words, password=None, status=0, stdin=""):
        environment = ENVIRONMENT | ({"SMTPBLOCK_PROBE_PASSWORD": password} if password else {})
        done = subprocess.run([CLI, "probe", *words], capture_output=True, text=True, input=stdin,
                              timeout=PATIENCE, env=environment, errors="strict")
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def test_a_blocked_sender_is_refused_and_others_are_not(self):
        self.store.add("bad@example.com")
        self.store.add("ylmf-pc", "--type", "ehlo")
        server = self.front()
        self.assertIn("accepted at RCPT TO: 250", self.probe(server).stdout)
        for words in (("--from", "bad@example.com"), ("--from", "<Bad@Example.com>"),
                      ("--ehlo", "ylmf-pc", "--to", "bob@example.org")):
            with self.subTest(words=words):
                out = self.probe(server, *words, status=10).stdout
                self.assertIn("\nrefused at RCPT TO: 554 5.7.1 <", out)
                self.assertTrue(out.startswith("S: 220 "))
        # Nothing was delivered, and nothing was tried.
        maildir = f"{self.store.path}/maildir/new"
        self.assertFalse(os.path.isdir(maildir) and os.listdir(maildir))

    def test_a_deferred_sender_would_try_again(self):
        self.store.add("slow@example.com", "--action", "defer")
        out = self.probe(self.front(), "--from", "slow@example.com", status=10).stdout
        self.assertIn("\ndeferred at RCPT TO: 450 4.7.1 ", out)

    def test_who_greets_not_at_all(self):
        self.store.add("", "--type", "ehlo")
        server = self.front()
        self.probe(server)
        self.assertNotIn("EHLO", self.probe(server, "--ehlo", "", status=10).stdout)

    def test_a_login_fails_when_the_account_is_blocked(self):
        server = self.front()
        out = self.probe(server, "--user", ACCOUNT, password="right").stdout
        self.assertIn("C: AUTH PLAIN <user name and password>\nS: 235 ", out)
        self.assertIn(f"C: MAIL FROM:<{ACCOUNT}>\n", out)
        wrong = self.probe(server, "--user", ACCOUNT, password="wrong", status=10).stdout
        made_up = self.probe(server, "--user", ACCOUNT, status=10, stdin="right\n")
        self.assertIn("note: no password: logs in with a wrong one", made_up.stderr)
        self.store.add(ACCOUNT)
        blocked = self.probe(server, "--user", ACCOUNT, password="right", status=10).stdout
        self.assertIn("refused at AUTH: 535 5.7.8", blocked)
        self.assertEqual({blocked, wrong}, {made_up.stdout})

    def test_json_is_one_object(self):
        self.store.add("bad@example.com")
        server = self.front()
        told = json.loads(self.probe(server, "--json", "--from", "bad@example.com",
                                     status=10).stdout)
        self.assertEqual((told["server"], told["verdict"], told["at"], told["code"]),
                         (server, "refused", "RCPT TO", 554))
        self.assertIn({"client": "MAIL FROM:<bad@example.com>"}, told["dialogue"])
        self.assertEqual(self.probe(server, "--quiet").stdout, "")

    def test_a_password_is_asked_for_and_not_shown(self):
        terminal = Terminal(CLI, "probe", self.front(), "--user", ACCOUNT)
        terminal.wait_said(rb"Password of 'alice@example.com'")
        terminal.type(b"right\n")
        self.assertEqual(terminal.end(), 0)
        self.assertIn(b"S: 235 ", terminal.said.replace(b"\x1b[32m", b""))
        self.assertNotIn(b"right\r\n", terminal.said)

    def test_an_interrupted_question_leaves_the_terminal_as_it_was(self):
        words = f"stty -a | grep -o '.echo '; {CLI} probe 127.0.0.1 --user x; echo status $?; " \
                "stty -a | grep -o '.echo '"
        terminal = Terminal("sh", "-c", "trap : INT; " + words)
        terminal.wait_said(rb"Password of")
        terminal.type(b"\x03")
        terminal.end()
        self.assertIn(b"status 130", terminal.said)
        self.assertEqual(terminal.said.count(b" echo"), 2, terminal.said)
        self.assertNotIn(b"-echo", terminal.said)

    # Servers that are none

    def fake(self, *said, close=True):
        """Says the words, one after each line that it hears; then closes, or says no more."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        kept = []
        self.addCleanup(lambda: [connection.close() for connection in kept])

        def serve():
            connection, _ = listener.accept()
            kept.append(connection)
            heard = connection.makefile("rb")
            try:
                for number, words in enumerate(said):
                    if number and not heard.readline():
                        break
                    connection.sendall(words)
                if close:
                    connection.shutdown(socket.SHUT_WR)
                    heard.read()
            except OSError:
                pass  # it was left
        threading.Thread(target=serve, daemon=True).start()
        return f"127.0.0.1:{listener.getsockname()[1]}"

    def test_hostile_servers(self):
        hostile = b"220 \x1b]0;owned\x07\x1b[2J\xe2\x80\xae\x9b31m\xff mx\r\n"
        cases = [
            ("escapes", (hostile, b"554 \x1b[1A\x08no\r\n", b"221 \r\n"), 10,
             r"S: 220 \x1b]0;owned\x07\x1b[2J\xe2\x80\xae\x9b31m\xff mx"),
            ("half a line", (b"220 mx",), 1, "closed the connection without a greeting"),
            ("half a reply", (b"220 mx\r\n", b"250-mx\r\n"), 1, "closed the connection at EHLO"),
            ("a line of 1 MB", (b"220 " + b"x" * (1 << 20) + b"\r\n",), 1, "more than 16 KiB"),
            ("lines without end", (b"220-mx\r\n" * (1 << 17),), 1, "more than 16 KiB"),
            ("no SMTP", (b"SSH-2.0-OpenSSH_9.2\r\n",), 1, "that is no SMTP"),
            ("nothing", (), 1, "closed the connection without a greeting"),
            ("NUL", (b"220 a\0b\r\n", b"554 no\r\n"), 10, r"S: 220 a\x00b"),
            ("bare LF", (b"220 mx\n", b"250 mx\n", b"554 no\n"), 10, "refused at MAIL FROM: 554 no"),
            ("too early", (b"220 mx\r\n250 mx\r\n250 Ok\r\n",), 1, "more than one reply"),
            ("pipelined yes", (b"220 mx\r\n", b"250 mx\r\n250 Ok\r\n250 Ok\r\n"), 1,
             "says more than one reply to EHLO"),
        ]
        for name, said, status, wanted in cases:
            with self.subTest(name):
                done = self.probe(self.fake(*said), status=status)
                self.assertIn(wanted, done.stdout + done.stderr)
                self.assertLess(len(done.stdout), 50000)
                self.assertTrue(all(c == "\n" or c.isprintable() for c in done.stdout + done.stderr))
                told = self.probe(self.fake(*said), "--json", status=status)
                json.loads(told.stdout)

    def test_a_server_that_stalls_can_be_left(self):
        command = subprocess.Popen([CLI, "probe", self.fake(b"220 mx\r\n", close=False)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=ENVIRONMENT)
        # What was said is shown at once, not when all is over.
        self.assertEqual(command.stdout.readline(), "S: 220 mx\n")
        self.assertTrue(command.stdout.readline().startswith("C: EHLO "))
        command.send_signal(signal.SIGINT)
        self.assertEqual(command.communicate(timeout=PATIENCE), ("", ""))
        self.assertEqual(command.returncode, 130)

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        err = self.probe(f"127.0.0.1:{port}", status=1).stderr
        self.assertEqual(err, f"smtpblock: '127.0.0.1:{port}': cannot connect: "
                              "Connection refused\n")

    def test_what_cannot_be_asked(self):
        for words in ((), ("a:b",), ("x", "y"), ("x", "--ehlo", "a\nb"), ("x", "--from", "a\rb"),
                      ("x", "--to", "\x1b"), ("x", "--ehlo", "", "--user", "u")):
            with self.subTest(words=words):
                err = self.probe(*words, status=2).stderr
                self.assertTrue(err.startswith("smtpblock: ") and err.count("\n") == 1, err)


if __name__ == "__main__":
    unittest.main()
