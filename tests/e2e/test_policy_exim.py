"""The recipe "Exim that asks" of smtpblockd(8), run as it stands there, with SMTPBLOCK_LONG in the
environment: an Exim in Debian's configuration with nothing before it."""

import unittest

from client import Client
from exim import Exim
from mail_clients import SOURCE
from mail_server import free_ports
from recipes import files_of, replace
from support import LONG, TestCase

BOB, PASSWORD = "bob@example.com", "battery staple"
BAD, TO, ELSEWHERE = "bad@example.net", "bob@example.org", "x@elsewhere.example"


class Recipe(TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.class_folder("recipe")
        cls.asked, port = free_ports(2)
        # All that is not as in the page: a port, and logins without TLS.
        files = replace({**files_of("Exim that asks"), **files_of("Postfix that asks")},
                        {"127.0.0.1:10040": f"127.0.0.1:{cls.asked}"})
        cls.toml = files["/etc/smtpblock/smtpblock.toml"]
        cls.exim = Exim(folder / "exim", {BOB: PASSWORD}, (),
                        files["/etc/exim4/exim4.conf.localmacros"]
                        + "AUTH_SERVER_ALLOW_NOTLS_PASSWORDS = yes\n",
                        f"127.0.0.1.{port}", files["/etc/exim4/exim4.conf.template"])
        cls.addClassCleanup(cls.exim.stop)

    def setUp(self):
        super().setUp()
        self.door = self.start()

    def start(self):
        return self.configured(f'store = "{self.store.path}"\n' + self.toml)

    def client(self, name="client.example.net"):
        client = Client(self.exim.port, source=SOURCE)
        self.addCleanup(client.close)
        client.ehlo(name)
        return client

    def test_a_blocked_sender_is_refused_and_others_are_not(self):
        self.store.add(BAD)
        self.store.add("late@example.net", "--action", "defer")
        self.store.add("ylmf-pc", "--type", "ehlo")
        self.assertEqual(self.client().message(BAD, TO).text, "550 Access denied")
        self.assertEqual(self.client().message("late@example.net", TO).text, "451 Access denied")
        self.assertEqual(self.client("ylmf-pc").message("good@example.net", TO).text,
                         "550 Access denied")
        self.assertEqual(self.client().message("good@example.net", TO).code, 250)
        self.door.wait_log(rf"^block .* at=rcpt rule=1 .* client={SOURCE} ehlo=client.example.net "
                           rf"from=<{BAD}> to=<{TO}>$")
        self.store.delete(BAD)
        self.assertEqual(self.client().message(BAD, TO).code, 250)
        self.exim.take_messages(2)

    def test_what_exim_refuses_itself_it_goes_on_to_refuse(self):
        self.assertEqual(self.client().message("good@example.net", ELSEWHERE).text,
                         "550 relay not permitted")

    def test_a_rule_that_lands_late(self):
        client = self.client()
        client.mail(BAD)
        self.assertEqual(client.rcpt(TO).code, 250)
        self.store.add(BAD)
        self.assertEqual(client.say("DATA").text, "550 Access denied")
        client = self.client()
        client.mail("worse@example.net")
        self.assertEqual((client.rcpt(TO).code, client.say("DATA").code), (250, 354))
        self.store.add("worse@example.net")
        self.assertEqual(client.body(b"Subject: x\r\n\r\nHello.").text, "550 Access denied")
        self.assertEqual(self.exim.messages(), [])

    def test_a_blocked_login_fails_as_a_wrong_password(self):
        wrong = self.client().auth_plain(BOB, "wrong").text
        self.assertEqual(self.client().auth_plain(BOB, PASSWORD).code, 235)
        self.store.add(BOB, "--dir", "out")
        self.assertEqual(self.client().auth_plain(BOB, PASSWORD).text, wrong)
        self.door.wait_log(rf"^block .* at=auth rule=1 .* field=user .* user={BOB}")
        self.assertEqual(self.client().auth_plain(f"{BOB}\nsender=x", PASSWORD).code, 535)
        self.store.delete(BOB)
        client = self.client()
        self.assertEqual(client.auth_plain(BOB, PASSWORD).code, 235)
        self.store.add(BOB)
        self.assertEqual(client.message("x@example.com", TO).text, "550 Access denied")

    def test_a_question_that_is_no_question_passes_nobody(self):
        """A name that is longer than what is read ends the connection without an answer."""
        name = "a" * 8300
        self.store.add(BAD)
        self.store.add(BOB)
        self.assertEqual(self.client(name).message(BAD, TO).text, "451 Access denied")
        self.assertEqual(self.client(name).auth_plain(BOB, PASSWORD).code, 535)
        self.door.wait_log("event=.bad request.")

    def test_without_a_daemon_nothing_passes(self):
        self.door.stop()
        self.assertEqual(self.client().message("good@example.net", TO).code, 451)
        self.assertEqual(self.client().auth_plain(BOB, PASSWORD).code, 535)
        self.start()
        self.assertEqual(self.client().message("good@example.net", TO).code, 250)
        self.exim.take_messages(1)


if not LONG:
    del Recipe

if __name__ == "__main__":
    unittest.main()
