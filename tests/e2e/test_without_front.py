"""Both doors of one daemon, by the recipes of smtpblockd(8) as they stand there: a Postfix and a
Dovecot with nothing before them, and a thief who stops now."""

import unittest

import imap
from client import Client
from dovecot import NO_PENALTY, SOCKET, Dovecot
from mail_server import free_ports
from postfix import Postfix
from recipes import LOGIN, files_of, postfix_that_asks, replace
from submission import BLOCKED, BOB, USERS, shape
from support import TestCase

KEY = "0123456789abcdef0123456789abcdef"
CONFIGURATION = "/etc/smtpblock/smtpblock.toml"
TO = "someone@example.org"
REFUSED = f"554 5.7.1 <{TO}>: Recipient address rejected: Access denied"
SUCCESS = "235 2.7.0 Authentication successful"
IMAP_SUCCESS = "OK Logged in"


class WithoutFront(TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.class_folder("without-front")
        cls.policy, cls.door, cls.submission, cls.imap = free_ports(4)
        cls.postfix_files = postfix_that_asks(cls.policy, cls.submission)
        cls.dovecot_files = replace(files_of("Dovecot without a front"),
                                    {"10032": str(cls.door), "KEY": KEY})
        cls.dovecot = Dovecot(
            folder / "dovecot", USERS,
            SOCKET.format(mechanisms="plain login", socket=folder / "dovecot/auth") + NO_PENALTY
            + imap.settings(folder / "imap", cls.imap)
            + cls.dovecot_files["/etc/dovecot/local.conf"],
            included={"smtpblock.conf": cls.dovecot_files["/etc/dovecot/smtpblock.conf"]})
        cls.addClassCleanup(cls.dovecot.stop)
        cls.postfix = Postfix(
            folder / "postfix",
            main=cls.postfix_files["/etc/postfix/main.cf"]
            + LOGIN.format(socket=cls.dovecot.socket),
            master=cls.postfix_files["/etc/postfix/master.cf"])
        cls.addClassCleanup(cls.postfix.stop)

    def setUp(self):
        super().setUp()
        self.before = len(self.postfix.messages())
        self.running = self.configured(
            f'store = "{self.store.path}"\n' + self.postfix_files[CONFIGURATION]
            + self.dovecot_files[CONFIGURATION], listeners=2)

    def client(self, port, name="client.example.net"):
        client = Client(port)
        self.addCleanup(client.close)
        self.assertEqual(client.ehlo(name).code, 250)
        return client

    def log_in(self, user, password=None):
        """A client of the submission port, and what he was told."""
        client = self.client(self.submission)
        return client, shape(client.auth_plain(user, password or USERS[user]))

    def assert_arrived(self, number):
        self.postfix.wait_message(self.before + number)
        self.assertEqual(len(self.postfix.messages()), self.before + number)

    def test_a_thief_stops_now_and_cannot_tell_what_caught_him(self):
        inside, said = self.log_in(BLOCKED)
        self.assertEqual(said, SUCCESS)
        self.assertEqual(inside.message(BLOCKED, TO).code, 250)
        self.assert_arrived(1)

        self.store.run("add", BLOCKED, "--for", "24h")

        self.assertEqual(inside.mail(BLOCKED).code, 250)
        self.assertEqual(inside.rcpt(TO).text, REFUSED)
        outside, said = self.log_in(BLOCKED)
        self.assertEqual(said, self.log_in(BLOCKED, "wrong")[1])
        self.assertEqual(outside.mail(BLOCKED).code, 250)
        self.assertEqual(outside.rcpt(TO).code, 554)
        stranger = self.client(self.postfix.port)
        self.assertEqual(stranger.mail(BLOCKED).code, 250)
        self.assertEqual(stranger.rcpt(TO).text, REFUSED)
        self.assertEqual(imap.log_in(self.imap, BLOCKED, USERS[BLOCKED]), IMAP_SUCCESS)
        other, said = self.log_in(BOB)
        self.assertEqual(said, SUCCESS)
        self.assertEqual(other.message(BOB, TO).code, 250)
        self.assert_arrived(2)

        self.store.delete(BLOCKED)

        inside.say("RSET")
        self.assertEqual(inside.message(BLOCKED, TO).code, 250)
        again, said = self.log_in(BLOCKED)
        self.assertEqual(said, SUCCESS)
        self.assertEqual(again.message(BLOCKED, TO).code, 250)
        self.assert_arrived(4)

    def test_a_machine_that_greets_as_blocked(self):
        self.store.add("ylmf-pc", "--type", "ehlo")
        machine = self.client(self.postfix.port, "ylmf-pc")
        self.assertEqual(machine.mail("good@example.net").code, 250)
        self.assertEqual(machine.rcpt(TO).text, REFUSED)
        machine = self.client(self.submission, "ylmf-pc")
        self.assertEqual(shape(machine.auth_plain(BOB, USERS[BOB])), SUCCESS)  # as the page says
        self.assertEqual(machine.mail(BOB).code, 250)
        self.assertEqual(machine.rcpt(TO).text, REFUSED)

    def test_a_domain_with_all_its_accounts(self):
        self.store.add("@example.com")
        self.assertEqual(self.log_in(BOB)[1], self.log_in(BOB, "wrong")[1])
        stranger = self.client(self.postfix.port)
        self.assertEqual(stranger.mail("anybody@example.com").code, 250)
        self.assertEqual(stranger.rcpt(TO).text, REFUSED)


if __name__ == "__main__":
    unittest.main()
