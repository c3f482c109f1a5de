"""The shorter recipes of smtpblockd(8), run as they stand there: Postfix by XCLIENT, and with
SMTPBLOCK_LONG in the environment Exim and OpenSMTPD."""

import re
import unittest

from certificates import Authority
from client import Client
from exim import Exim
from mail_clients import SOURCE, Message, Server, python
from mail_server import free_ports
from opensmtpd import OpenSmtpd
from postfix import Postfix
from recipes import files_of, replace
from submission import USERS
from support import LONG, TestCase
from tls_client import TlsClient, port_of

HOST = "mail.example.com"
STRANGER, TO, ELSEWHERE = "stranger@example.net", "bob@example.org", "x@elsewhere.example"
BOB = "bob@example.com"
CONFIGURATION = "/etc/smtpblock/smtpblock.toml"


class OneRecipe:
    """`recipe` is its title, `ports` are those on which the page listens."""

    recipe = None
    ports = (25,)
    refused_relay = None

    @classmethod
    def setUpClass(cls):
        folder = cls.class_folder("recipe")
        authority = Authority(folder)
        cls.chain, cls.key = authority.issue(HOST, "127.0.0.1")
        cls.ca = authority.ca
        cls.internal, = free_ports(1)
        # All that is not as in the page.
        cls.files = replace(files_of(cls.recipe), {
            "10025": str(cls.internal),
            "/etc/smtpblock/tls/chain.pem": str(cls.chain),
            "/etc/smtpblock/tls/key.pem": str(cls.key),
            **{f'["0.0.0.0:{port}", "[::]:{port}"]': '["127.0.0.1:0"]' for port in cls.ports},
        })
        cls.server = cls.start(folder)
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        super().setUp()
        self.front = self.configured(f'store = "{self.store.path}"\n' + self.files[CONFIGURATION],
                                     listeners=len(self.ports))

    def reply_to(self, recipient):
        """To a message from a stranger."""
        with Client(port_of(self.front, "mx"), source=SOURCE) as client:
            client.ehlo()
            return client.message(STRANGER, recipient)

    def test_mail_from_elsewhere(self):
        self.assertEqual(self.reply_to(TO).code, 250)
        stored, = self.server.take_messages(1)
        self.assertRegex(stored.decode(), rf"(?m)^Received: from .*\[{re.escape(SOURCE)}\]")
        self.assertEqual(self.reply_to(ELSEWHERE).text, self.refused_relay.format(rcpt=ELSEWHERE))
        self.store.add(STRANGER)
        self.assertEqual(self.reply_to(TO).text,
                         f"554 5.7.1 <{TO}>: Recipient address rejected: Access denied")
        self.store.delete(STRANGER)
        self.assertEqual(self.reply_to(TO).code, 250)
        self.server.take_messages(1)


class Xclient(OneRecipe, TestCase):
    recipe = "Postfix by XCLIENT"
    refused_relay = "554 5.7.1 <{rcpt}>: Relay access denied"

    @classmethod
    def start(cls, folder):
        return Postfix(folder / "postfix", master=cls.files["/etc/postfix/master.cf"])


class EximRecipe(OneRecipe, TestCase):
    recipe = "Exim"
    ports = (25, 587)
    refused_relay = "550 relay not permitted"

    @classmethod
    def start(cls, folder):
        interfaces, = re.findall("dc_local_interfaces='(.*)'",
                                 cls.files["/etc/exim4/update-exim4.conf.conf"])
        return Exim(folder / "exim", USERS, (), cls.files["/etc/exim4/exim4.conf.localmacros"],
                    interfaces)

    def test_users_log_in(self):
        def outcome(recipient, *login):
            server = Server(port_of(self.front, "submission"), str(self.ca), "127.0.0.1", True, login)
            message = Message(BOB, (recipient,), b"Subject: x\r\n\r\nfrom a user\r\n")
            return python(server, message)
        self.assertIn("relay not permitted", outcome(ELSEWHERE).said)
        self.assertTrue(outcome(TO, BOB, USERS[BOB]).sent)
        stored, = self.server.take_messages(1)
        self.assertRegex(stored.decode(), rf"(?m)^Received: from .*\[{re.escape(SOURCE)}\]")
        self.assertIn(f"A=plain_server:{BOB}", self.server.log())
        self.store.add(BOB)
        self.assertIn("535", outcome(TO, BOB, USERS[BOB]).said)


class OpenSmtpdRecipe(OneRecipe, TestCase):
    recipe = "OpenSMTPD"
    refused_relay = "550 Invalid recipient: <{rcpt}>"

    @classmethod
    def start(cls, folder):
        return OpenSmtpd(folder / "opensmtpd", cls.files["/etc/smtpd.conf"], cls.internal)


if not LONG:
    del EximRecipe, OpenSmtpdRecipe

if __name__ == "__main__":
    unittest.main()
