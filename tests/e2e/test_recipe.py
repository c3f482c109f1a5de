"""The recipe "Postfix with Dovecot SASL" of smtpblockd(8), run as it stands there."""

import base64
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import tempfile
import unittest

from certificates import Authority
from client import Client
from dovecot import Dovecot
from mail_clients import SOURCE
from mail_server import free_ports
from postfix import Postfix
from recipes import files_of, replace
from sasl_client import MECHANISMS, log_in
from submission import USERS, right_secret
from support import TestCase, need, wait_until
from tls_client import TlsClient, port_of

HOST = "mail.example.com"
BOB, TO = "bob@example.com", "someone@example.org"
PASSWORD = USERS[BOB]
REFUSED = f"554 5.7.1 <{TO}>: Recipient address rejected: Access denied"
WRONG = "535 5.7.8 Error: authentication failed: (reason unavailable)"
NO_PENALTY = """
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
"""
HOOK = "/etc/letsencrypt/renewal-hooks/deploy/smtpblock"


class Recipe(TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.class_folder("recipe")
        cls.folder_of_all = folder
        cls.internal, cls.internal_mx = free_ports(2)
        # All that is not as in the page. The mechanisms are those that it says may stand there too;
        # the penalty would make those wait who try wrong passwords here.
        cls.files = files = replace(
            {**files_of("Postfix with Dovecot SASL"), **files_of("Certificates")}, {
                "127.0.0.1:10025": f"127.0.0.1:{cls.internal_mx}",
                "127.0.0.1:10587": f"127.0.0.1:{cls.internal}",
                "/var/spool/postfix": f"{folder}/postfix/spool",
                "/etc/smtpblock": f"{folder}/smtpblock",
                '["0.0.0.0:25", "[::]:25"]': '["127.0.0.1:0"]',
                '["0.0.0.0:587", "[::]:587"]': '["127.0.0.1:0"]',
                '["0.0.0.0:465", "[::]:465"]': '["127.0.0.1:0"]',
                " -g smtpblock": "",
                "systemctl kill --signal=HUP smtpblockd": "${RELOAD-:}",
                "auth_mechanisms = plain login":
                    "auth_mechanisms = " + " ".join(MECHANISMS).lower() + NO_PENALTY,
            })

        cls.authority = Authority(folder)
        (folder / "smtpblock").mkdir()
        (folder / "hook").write_text(files[HOOK])
        cls.renew()
        cls.postfix = Postfix(folder / "postfix", main=files["/etc/postfix/main.cf"],
                              master=files["/etc/postfix/master.cf"])
        cls.addClassCleanup(cls.postfix.stop)
        cls.dovecot = Dovecot(folder / "dovecot", USERS, files["/etc/dovecot/local.conf"])
        cls.addClassCleanup(cls.dovecot.stop)
        cls.trusting = ssl.create_default_context(cafile=cls.authority.ca)

    @classmethod
    def renew(cls, reload=":"):
        """What certbot does when there is a new certificate."""
        lineage = pathlib.Path(tempfile.mkdtemp(prefix="live-", dir=cls.folder_of_all))
        chain, key = cls.authority.issue(HOST)
        shutil.copy(chain, lineage / "fullchain.pem")
        shutil.copy(key, lineage / "privkey.pem")
        subprocess.run(["sh", str(cls.folder_of_all / "hook")], check=True, timeout=60,
                       env={**os.environ, "RENEWED_LINEAGE": str(lineage), "RELOAD": reload})

    def setUp(self):
        super().setUp()
        self.before = len(self.postfix.messages())
        self.front = self.configured(
            f'store = "{self.store.path}"\n' + self.files["/etc/smtpblock/smtpblock.toml"],
            listeners=3)
        self.mx, self.submission, self.submissions = (
            port_of(self.front, name) for name in ("mx", "submission", "submissions"))

    def client(self, port):
        client = TlsClient(port, self.trusting, HOST, implicit=port == self.submissions)
        self.addCleanup(client.close)
        client.ehlo()
        if port == self.submission:
            client.starttls()
            client.ehlo()
        return client

    def swaks(self, port, mechanism, text, *more):
        """The status; 24: no recipient was accepted, 28: the login failed."""
        tls = ["--tls-on-connect"] if port == self.submissions else ["--tls"]
        done = subprocess.run(
            [need("swaks"), "--server", f"127.0.0.1:{port}", "--helo", "pc.example.com", *tls,
             "--tls-verify", "--tls-ca-path", str(self.authority.ca), "--tls-sni", HOST,
             "--auth", mechanism, "--auth-user", BOB, "--auth-password", PASSWORD,
             "--from", BOB, "--to", TO, "--body", text, "--suppress-data", *more],
            capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout

    def assert_arrives(self, text):
        wait_until(text, lambda: any(text.encode() in message
                                     for message in self.postfix.messages()[self.before:]))

    def test_swaks_on_both_ports(self):
        for port in (self.submission, self.submissions):
            for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5"):
                with self.subTest(mechanism=mechanism, implicit=port == self.submissions):
                    text = f"passes {mechanism} {port}"
                    status, said = self.swaks(port, mechanism, text)
                    self.assertEqual(status, 0, said)
                    self.assert_arrives(text)
                    self.store.add(BOB)
                    status, said = self.swaks(port, mechanism, "blocked")
                    self.assertEqual(status, 28, said)
                    self.assertIn(WRONG, said)
                    self.store.delete(BOB)
        self.assertFalse(any(b"blocked" in message for message in self.postfix.messages()))

    def test_every_mechanism_that_dovecot_offers(self):
        offered = re.search(r"AUTH (.*)", self.client(self.submission).ehlo().text)[1].split()
        self.assertEqual(sorted(offered), sorted(MECHANISMS))
        for port in (self.submission, self.submissions):
            for mechanism in offered:
                with self.subTest(mechanism=mechanism, implicit=port == self.submissions):
                    self.assert_passes_and_is_stopped(port, mechanism)

    def assert_passes_and_is_stopped(self, port, mechanism):
        secret = right_secret(mechanism, BOB)
        client = self.client(port)
        replies, _ = log_in(client, mechanism, BOB, secret)
        self.assertEqual(replies[-1].text, "235 2.7.0 Authentication successful")
        self.assertEqual(client.message(BOB, TO).code, 250)
        self.store.add(BOB)
        client = self.client(port)
        replies, _ = log_in(client, mechanism, BOB, secret)
        self.assertEqual(replies[-1].text, WRONG)
        client.mail(BOB)
        self.assertEqual(client.rcpt(TO).text, REFUSED)
        self.store.delete(BOB)

    def test_who_has_not_logged_in_sends_nowhere(self):
        clients = {"submission": self.client(self.submission),
                   "submissions": self.client(self.submissions)}
        clients["internal"] = Client(self.internal, first=b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n")
        self.addCleanup(clients["internal"].close)
        clients["internal"].ehlo()
        for name, client in clients.items():
            with self.subTest(name):
                client.mail(BOB)
                self.assertEqual(client.rcpt(TO).text, REFUSED)
                self.assertEqual(client.rcpt("x@elsewhere.example").text,
                                 REFUSED.replace(TO, "x@elsewhere.example"))

    def test_the_server_knows_who_the_client_is(self):
        with Client(self.mx, source=SOURCE) as client:
            client.ehlo()
            self.assertEqual(client.message("stranger@example.net", TO).code, 250)
            self.assertEqual(client.message("stranger@example.net", "x@elsewhere.example").text,
                             "554 5.7.1 <x@elsewhere.example>: Relay access denied")
        stored = self.postfix.wait_message(self.before + 1).decode()
        self.assertIn(f"from client.example.net (unknown [{SOURCE}])", stored)
        status, said = self.swaks(self.submission, "PLAIN", "text", "--local-interface", SOURCE)
        self.assertEqual(status, 0, said)
        self.assertIn(f"client=unknown[{SOURCE}], sasl_method=PLAIN", self.postfix.log())
        self.assertIn(f"rip={SOURCE}", self.dovecot.log())

    def test_who_is_blocked_at_port_25(self):
        with Client(self.mx) as client:
            client.ehlo()
            self.store.add("stranger@example.net")
            client.mail("stranger@example.net")
            self.assertEqual(client.rcpt(TO).text, REFUSED)
            self.store.delete("stranger@example.net")
            self.assertEqual(client.rcpt(TO).code, 250)

    def test_a_blocked_sender_sees_what_a_stranger_sees(self):
        def dialogue(mechanism, password):
            client = self.client(self.submission)
            replies, _ = log_in(client, mechanism, BOB, password)
            return [reply.text for reply in (*replies, client.mail(BOB), client.rcpt(TO),
                                             client.say("DATA"))]
        for mechanism in ("PLAIN", "LOGIN"):
            stranger = dialogue(mechanism, "wrong")
            self.store.add(BOB)
            self.assertEqual(dialogue(mechanism, PASSWORD), stranger)
            self.store.delete(BOB)

    def test_no_login_in_clear_text(self):
        with Client(self.submission) as client:
            said = client.ehlo().text
            self.assertIn("STARTTLS", said)
            self.assertNotIn("AUTH", said)
            secret = base64.b64encode(f"\0{BOB}\0{PASSWORD}".encode()).decode()
            self.assertEqual(client.say("AUTH PLAIN " + secret).code // 100, 5)
            self.assertEqual(client.mail(BOB).code, 530)

    def test_a_renewed_certificate_is_served(self):
        def served():
            return ssl.get_server_certificate(("127.0.0.1", self.submissions), timeout=60)
        first = served()
        self.renew(f"kill -HUP {self.front.pid}")
        self.front.wait_log("^signal|SIGHUP")
        self.assertNotEqual(served(), first)


if __name__ == "__main__":
    unittest.main()
