"""The embedded Maildir as the upstream: a newcomer sees it all work with nothing else installed."""

import re
import smtplib
import unittest

from client import Client
from support import TestCase, wait_until

BOB, SECRET, TO = "bob@example.com", "correct horse", ["alice@example.org", "carol@example.org"]
MESSAGE = b"Subject: test\r\n\r\n.dot\r\n\xe4\xf6\xfc\r\n" + b"x" * 998 + b"\r\n"


class Maildir(TestCase):
    def setUp(self):
        super().setUp()
        self.mailbox = self.folder / "mail"
        self.front = self.before_a_maildir(BOB, SECRET)

    def messages(self):
        return [path.read_bytes() for path in (self.mailbox / "new").iterdir()]

    def send(self):
        with smtplib.SMTP("127.0.0.1", self.front.port, "pc.example.com", timeout=60) as server:
            server.login(BOB, SECRET)
            server.sendmail(BOB, TO, MESSAGE)

    def test_a_message_is_one_file_with_three_kinds_of_header_before_it(self):
        self.send()
        stored, = self.messages()
        head, _, body = stored.partition(b"Subject: test\n")
        self.assertRegex(head, rb"\AReturn-Path: <bob@example\.com>\n"
                               rb"Delivered-To: alice@example\.org\n"
                               rb"Delivered-To: carol@example\.org\n"
                               rb"Received: from pc\.example\.com ")
        self.assertEqual(len(re.findall(rb"^\S+:", head, re.M)), 4)
        self.assertEqual(body, MESSAGE.partition(b"test\r\n")[2].replace(b"\r\n", b"\n"))

    def test_a_blocked_account_cannot_log_in_and_cannot_tell(self):
        self.store.add(BOB)
        with self.assertRaises(smtplib.SMTPAuthenticationError) as right:
            self.send()
        with Client(self.front.port) as client:
            client.ehlo()
            wrong = client.auth_plain(BOB, "wrong")
            self.assertEqual(client.auth_plain(BOB, SECRET).text, wrong.text)
            self.assertEqual(client.auth_login(BOB, SECRET).text, wrong.text)
        self.assertEqual(right.exception.smtp_code, wrong.code)
        self.store.delete(BOB)
        self.send()
        self.assertEqual(len(self.messages()), 1)

    def test_a_rule_while_the_message_streams_leaves_no_file(self):
        with Client(self.front.port) as client:
            client.ehlo()
            client.auth_plain(BOB, SECRET)
            client.mail(BOB)
            client.rcpt(TO[0])
            self.assertEqual(client.say("DATA").code, 354)
            client.send(b"Subject: half")
            self.store.add(BOB)
            self.assertEqual(client.body(b"whole").code, 554)
        wait_until("no file is left", lambda: not any(
            path.is_file() for path in self.mailbox.rglob("*")))

    def test_without_an_upstream_it_lies_beside_the_store(self):
        front = self.daemon()
        with Client(front.port) as client:
            client.ehlo()
            self.assertEqual(client.message(BOB, TO[0]).code, 250)
        self.assertEqual(len(list((self.folder / "store/maildir/new").iterdir())), 1)


if __name__ == "__main__":
    unittest.main()
