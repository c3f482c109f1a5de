"""--check-config asks each upstream as a session would: what would be wrong in the night is found
in the evening."""

import subprocess
import unittest

from fake_upstream import DROP, FakeUpstream
from support import DAEMON, ENVIRONMENT, TestCase

STRANGER = b"relay-test@smtpblock.invalid"


class CheckConfig(TestCase):
    def upstream(self, refusal=b"554 5.7.1 <" + STRANGER + b">: Relay access denied\r\n",
                 answer=lambda verb, line: None, **options):
        def answers(verb, line):
            return refusal if verb == "RCPT" and STRANGER in line else answer(verb, line)
        made = FakeUpstream(answer=answers, **options)
        self.addCleanup(made.stop)
        return made

    def check(self, upstream, client_address, lines="", listen="127.0.0.1:2525"):
        return self.check_config(
            f'[timeouts]\nupstream_connect = "5s"\n[[listener]]\nlisten = "{listen}"\n'
            f'upstream = {upstream}\nclient_address = "{client_address}"\n{lines}\n')

    def flaw(self, *arguments, **options):
        done = self.check(*arguments, **options)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertTrue(done.stderr.startswith("smtpblockd: listener in: "), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def test_all_is_well(self):
        behind = self.upstream()
        done = self.check(f'"{behind.spec}"', "none")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(f"upstream {behind.spec} of listener in: mx.fake.example, is told no "
                      "address, refuses strangers: 554 5.7.1 <{rcpt}>: Relay access denied\n",
                      done.stdout)
        self.assertFalse(behind.messages)
        self.assertEqual([heard.verb for heard in behind.sessions[0].heard],
                         ["EHLO", "MAIL", "RCPT", "QUIT"])

    def test_an_open_relay(self):
        relay = self.upstream(refusal=None)
        self.assertIn("to it every client is this host, and it relays for this host: an open relay",
                      self.flaw(f'"{relay.spec}"', "none"))
        knowing = self.upstream(refusal=None, proxy=True)
        self.assertIn("it relays for a stranger (192.0.2.1): an open relay",
                      self.flaw(f'"{knowing.spec}"', "proxy"))
        self.assertEqual(knowing.sessions[0].proxied, "192.0.2.1")

    def test_an_upstream_that_does_not_take_the_address(self):
        behind = self.upstream()
        self.assertIn("it does not take a PROXY header: ", self.flaw(f'"{behind.spec}"', "proxy"))
        self.assertIn("it does not take XCLIENT from this host; put the address by which this host "
                      "comes into its smtpd_authorized_xclient_hosts",
                      self.flaw(f'"{behind.spec}"', "xclient"))
        wants_it = self.upstream(answer=lambda verb, line: DROP if verb == "greeting" else None)
        self.assertIn("closed by the upstream", self.flaw(f'"{wants_it.spec}"', "none"))

    def test_an_upstream_that_does_not_say(self):
        silent = self.upstream(answer=lambda verb, line: DROP if verb == "MAIL" else None)
        self.assertIn("it does not say whether it relays for a stranger",
                      self.flaw(f'"{silent.spec}"', "none"))
        greylisting = self.upstream(refusal=b"450 4.7.1 Greylisted\r\n")
        done = self.check(f'"{greylisting.spec}"', "none")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("defers strangers\n", done.stdout)

    def test_every_upstream_is_asked(self):
        good, gone = self.upstream(), self.upstream()
        gone.stop()
        error = self.flaw(f'["{good.spec}", "{gone.spec}"]', "none")
        self.assertIn(f"upstream {gone.spec}: Connection refused", error)

    def test_the_daemon_itself(self):
        for listen, upstream in (("127.0.0.1:2525", "smtp://127.0.0.1:2525"),
                                 ("0.0.0.0:2525", "127.0.0.9:2525"),
                                 ("127.0.0.1:2525", "localhost:2525"),
                                 (f"unix:{self.folder}/smtp", f"smtp+unix:{self.folder}/smtp")):
            with self.subTest(upstream=upstream):
                error = self.flaw(f'"{upstream}"', "none", listen=listen)
                self.assertIn("is this daemon itself, which listens there; write where the mail "
                              "server listens", error)
        done = subprocess.run([DAEMON, "--store", self.store.path, "--listen", "127.0.0.1:2525",
                               "--upstream", "127.0.0.1:2525"], text=True, capture_output=True,
                              timeout=60, env=ENVIRONMENT)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is this daemon itself", done.stderr)


if __name__ == "__main__":
    unittest.main()
