"""A real Postfix behind, and the clients that people use before: swaks, curl, Python's smtplib."""

import smtplib
import subprocess
import unittest

from client import Client
from postfix import Postfix
from support import TestCase, need

SENDER, TO = "sender@example.com", "bob@example.org"
HEADER = (b"X-Start: here\r\nFrom: <sender@example.com>\r\nTo: <bob@example.org>\r\n"
          b"Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-Id: <1@example.com>\r\n"
          b"Subject: test\r\n")


def as_stored(octets):
    return octets.replace(b"\r\n", b"\n")


class BehindIsPostfix(TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.class_folder("postfix")
        cls.postfix = Postfix(folder)
        cls.addClassCleanup(cls.postfix.stop)

    def setUp(self):
        super().setUp()
        self.before = len(self.postfix.messages())
        self.front = self.daemon(upstream=self.postfix.spec)

    def arrived(self, number):
        """This test's message of that number, counted from 1, once it is there."""
        return self.postfix.wait_message(self.before + number)

    def swaks(self, text):
        """The status; 24: no recipient was accepted."""
        return subprocess.run(
            [need("swaks"), "--server", f"127.0.0.1:{self.front.port}", "--helo", "pc.example.com",
             "--from", SENDER, "--to", TO, "--body", text, "--silent", "3", "--suppress-data"],
            capture_output=True, timeout=60).returncode

    def curl(self, text):
        """The status; 55: a command was refused."""
        return subprocess.run(
            [need("curl"), "-sS", f"smtp://127.0.0.1:{self.front.port}/pc.example.com",
             "--mail-from", SENDER, "--mail-rcpt", TO, "--upload-file", "-"],
            input=HEADER + b"\r\n" + text.encode() + b"\r\n", capture_output=True,
            timeout=60).returncode

    def smtplib(self, octets, options=()):
        with smtplib.SMTP("127.0.0.1", self.front.port, "pc.example.com", timeout=60) as server:
            server.sendmail(SENDER, [TO], octets, options)

    def assert_smtplib_refused(self):
        with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
            self.smtplib(HEADER + b"\r\nblocked\r\n")
        self.assertEqual(refused.exception.recipients[TO], (
            554, b"5.7.1 <bob@example.org>: Recipient address rejected: Access denied"))

    def test_every_client_passes_is_stopped_and_passes_again(self):
        for sent, rule in ((0, [SENDER]), (6, ["--type", "ehlo", "pc.example.com"])):
            self.assertEqual(self.swaks("by swaks"), 0)
            self.assertIn(b"by swaks", self.arrived(sent + 1))
            self.assertEqual(self.curl("by curl"), 0)
            self.assertIn(b"by curl", self.arrived(sent + 2))
            self.smtplib(HEADER + b"\r\nby smtplib\r\n")
            self.assertIn(b"by smtplib", self.arrived(sent + 3))
            self.store.run("add", *rule)
            self.assertEqual(self.swaks("blocked"), 24)
            self.assertEqual(self.curl("blocked"), 55)
            self.assert_smtplib_refused()
            self.store.run("delete", *rule)
            self.assertEqual(self.swaks("again"), 0)
            self.assertEqual(self.curl("again"), 0)
            self.smtplib(HEADER + b"\r\nagain\r\n")
            self.arrived(sent + 6)
        self.assertFalse(any(b"blocked" in message for message in self.postfix.messages()))

    def assert_arrives(self, octets, options=()):
        self.smtplib(octets, options)
        stored = self.arrived(1)
        self.assertEqual(stored[stored.index(b"X-Start:"):], as_stored(octets))

    def test_octets_arrive_as_they_were_sent(self):
        self.assert_arrives(HEADER + b"\r\n.\r\n..\r\n.leading\r\n\r\n" + b"x" * 998 + b"\r\nend\r\n")

    def test_eight_bit_octets(self):
        every = bytes(octet for octet in range(1, 256) if octet not in b"\r\n")
        self.assert_arrives(HEADER + b"\r\n" + every + b"\r\n", ["BODY=8BITMIME"])

    def test_five_megabytes(self):
        line = bytes(range(32, 108)) + b"\r\n"
        self.assert_arrives(HEADER + b"\r\n" + line * (5_000_000 // len(line)))

    def test_a_rule_while_the_message_streams(self):
        with Client(self.front.port) as client:
            client.ehlo()
            client.mail(SENDER)
            client.rcpt(TO)
            client.say("DATA")
            client.send(HEADER + b"\r\nhalf")
            self.store.add(SENDER)
            self.assertEqual(client.body(b"whole").code, 554)
            self.store.delete(SENDER)
            self.assertEqual(client.message(SENDER, TO, HEADER + b"\r\nafter").code, 250)
        self.assertIn(b"after", self.arrived(1))

    def test_the_words_of_postfix_come_through(self):
        with Client(self.front.port) as client:
            self.assertEqual(client.greeting.text.split()[1], "mx.real.example")
            self.assertIn("SIZE 20480000", client.ehlo().text)
            client.mail(SENDER)
            self.assertEqual(client.rcpt("x@elsewhere.example").text,
                             "554 5.7.1 <x@elsewhere.example>: Relay access denied")


if __name__ == "__main__":
    unittest.main()
