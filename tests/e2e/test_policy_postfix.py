"""The recipe "Postfix that asks" of smtpblockd(8), run as it stands there: a Postfix with nothing
before it, and a Dovecot that knows its users."""

import unittest

from client import Client
from dovecot import Dovecot
from mail_server import free_ports
from postfix import Postfix
from recipes import LOGIN, postfix_that_asks
from submission import USERS
from support import TestCase, wait_until

BOB, BAD = "bob@example.com", "bad@example.net"
TO, ELSEWHERE = "someone@example.org", "x@elsewhere.example"
REFUSED = f"554 5.7.1 <{TO}>: Recipient address rejected: Access denied"
DEFERRED = f"450 4.7.1 <{TO}>: Recipient address rejected: Access denied"
AT_DATA = "554 5.7.1 <DATA>: Data command rejected: Access denied"
AT_END = "554 5.7.1 <END-OF-MESSAGE>: End-of-data rejected: Access denied"


class Recipe(TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.class_folder("recipe")
        cls.asked, cls.submission = free_ports(2)
        cls.files = postfix_that_asks(cls.asked, cls.submission)
        cls.dovecot = Dovecot(folder / "dovecot", USERS)
        cls.addClassCleanup(cls.dovecot.stop)
        cls.postfix = Postfix(
            folder / "postfix",
            main=cls.files["/etc/postfix/main.cf"] + LOGIN.format(socket=cls.dovecot.socket),
            master=cls.files["/etc/postfix/master.cf"])
        cls.addClassCleanup(cls.postfix.stop)

    def setUp(self):
        super().setUp()
        self.door = self.start()
        self.before = len(self.postfix.messages())

    def start(self):
        return self.configured(f'store = "{self.store.path}"\n'
                               + self.files["/etc/smtpblock/smtpblock.toml"])

    def client(self, port=None, name="client.example.net"):
        client = Client(port or self.postfix.port)
        self.addCleanup(client.close)
        client.ehlo(name)
        return client

    def reply_to(self, sender, name="client.example.net", recipient=TO):
        return self.client(name=name).message(sender, recipient)

    def arrived(self, number):
        self.postfix.wait_message(self.before + number)
        self.assertEqual(len(self.postfix.messages()), self.before + number)

    def test_a_blocked_sender_is_refused_and_others_are_not(self):
        self.store.add(BAD)
        self.store.add("late@example.net", "--action", "defer")
        self.store.add("ylmf-pc", "--type", "ehlo")
        self.store.add("<>")
        self.assertEqual(self.reply_to(BAD).text, REFUSED)
        self.assertEqual(self.reply_to("Bad%Example.NET").text, REFUSED)
        self.assertEqual(self.reply_to("late@example.net").text, DEFERRED)
        self.assertEqual(self.reply_to("good@example.net", name="YLMF-PC").text, REFUSED)
        self.assertEqual(self.reply_to("").text, REFUSED)
        self.assertEqual(self.reply_to("good@example.net").code, 250)
        self.door.wait_log(rf"^block .* listener=postfix at=rcpt rule=1 .* client=127.0.0.1 "
                           rf"ehlo=client.example.net from=<{BAD}> to=<{TO}>$")
        self.store.delete(BAD)
        self.assertEqual(self.reply_to(BAD).code, 250)
        self.arrived(2)

    def test_an_ehlo_name_that_postfix_does_not_show_as_it_is(self):
        self.store.add("ylmf-pc", "()", "user@pc", "*.dyn.example", "--type", "ehlo")
        for name in ("ylmf-pc x", "YLMF-PC \t (x) y", "ylmf-pc \x01", "()", "() x", "<>", "User@PC",
                     "1.dyn.example x"):
            with self.subTest(name=name):
                self.assertEqual(self.reply_to("good@example.net", name=name).text, REFUSED)
        self.door.wait_log(r"^block .* field=ehlo .* ehlo=ylmf-pc from=")
        self.door.wait_log(r"^block .* field=ehlo .* ehlo=\?\? from=")
        others = ("x ylmf-pc", "ylmf-pc(", "(ylmf-pc", "user", "user@pc2", "(null)",
                  "dyn.example x")
        for name in others:
            with self.subTest(name=name):
                self.assertEqual(self.reply_to("good@example.net", name=name).code, 250)
        self.arrived(len(others))

    def test_for_whom_a_message_is_sent(self):
        self.store.add("carol@example.com")
        client = self.client()
        for carol in ("carol@example.com", "<Carol@Example.com>", "carol+40example.com",
                      "<carol+2Bsales@example.com>", "carol+sales@example.com"):
            with self.subTest(carol=carol):
                self.assertEqual(client.say(f"MAIL FROM:<good@example.net> AUTH={carol}").code, 250)
                self.assertEqual(client.rcpt(TO).text, REFUSED)
                client.say("RSET")
        for other in ("<>", "carol+3Dx@example.com", "carol+40example.org"):
            with self.subTest(other=other):
                self.assertEqual(client.say(f"MAIL FROM:<good@example.net> AUTH={other}").code, 250)
                self.assertEqual(client.rcpt(TO).code, 250)
                client.say("RSET")

    def test_what_postfix_refuses_itself_it_goes_on_to_refuse(self):
        self.assertEqual(self.reply_to("good@example.net", recipient=ELSEWHERE).text,
                         f"554 5.7.1 <{ELSEWHERE}>: Relay access denied")

    def test_a_session_that_is_open_already(self):
        client = self.client()
        client.mail(BAD)
        self.assertEqual(client.rcpt(TO).code, 250)
        self.store.add(BAD)
        self.assertEqual(client.rcpt(TO).text, REFUSED)
        self.assertEqual(client.say("DATA").text, AT_DATA)
        self.store.delete(BAD)
        self.assertEqual(client.say("DATA").code, 354)
        self.store.add(BAD)
        self.assertEqual(client.body(b"Subject: x\r\n\r\nHello.").text, AT_END)
        self.store.delete(BAD)
        client.say("RSET")  # Postfix goes on with a transaction that it has refused the end of
        self.assertEqual(client.message(BAD, TO).code, 250)
        self.arrived(1)

    def test_of_a_bare_postmaster_postfix_asks_later(self):
        self.store.add(BAD)
        client = self.client()
        client.mail(BAD)
        self.assertEqual(client.rcpt("postmaster").code, 250)
        self.assertEqual(client.say("DATA").text, AT_DATA)

    def test_a_blocked_account_has_each_recipient_refused(self):
        client = self.client(self.submission)
        self.store.add(BOB, "--dir", "out")
        self.assertEqual(client.auth_plain(BOB, USERS[BOB]).code, 235)
        self.assertEqual(client.message("other@example.com", TO).text, REFUSED)
        self.door.wait_log(rf"^block .* field=user .* user={BOB} to=")
        client.say("RSET")
        self.store.delete(BOB)
        self.assertEqual(client.message("other@example.com", TO).code, 250)
        self.arrived(1)
        stranger = self.client(self.submission)
        self.assertEqual(stranger.message("other@example.com", TO).code, 554)

    def test_the_end_at_the_port_of_users(self):
        client = self.client(self.submission)
        self.assertEqual(client.auth_plain(BOB, USERS[BOB]).code, 235)
        client.mail(BOB)
        self.assertEqual((client.rcpt(TO).code, client.say("DATA").code), (250, 354))
        self.store.add("ylmf-pc", "--type", "ehlo")
        self.store.add(BOB)
        self.assertEqual(client.body(b"Subject: x\r\n\r\nHello.").text, AT_END)

    def test_a_trial_is_in_the_log_of_postfix(self):
        self.store.add(BAD, "--action", "log")
        self.assertEqual(self.reply_to(BAD).code, 250)
        wait_until("Postfix warns", lambda: "smtpblock rule 1 (log) matches" in self.postfix.log())
        self.arrived(1)

    def test_while_the_store_cannot_be_read(self):
        rules, away = self.folder / "store/rules", self.folder / "away"
        self.assertEqual(self.reply_to(BAD).code, 250)
        rules.rename(away)
        said = self.reply_to("good@example.net").text
        away.rename(rules)
        self.assertEqual(said, f"451 4.3.0 <{TO}>: Recipient address rejected: "
                               "Temporary lookup failure")
        self.assertEqual(self.reply_to("good@example.net").code, 250)
        self.arrived(2)

    def test_without_a_daemon_nothing_passes_and_with_one_again_all_does(self):
        client = self.client()
        self.assertEqual(client.message(BAD, TO).code, 250)
        self.store.add(BAD)
        self.door.stop()
        self.assertEqual(client.message("good@example.net", TO).text,
                         f"451 4.3.5 <{TO}>: Recipient address rejected: "
                         "Server configuration problem")
        self.start()
        client.say("RSET")
        self.assertEqual(client.message(BAD, TO).text, REFUSED)
        client.say("RSET")
        self.assertEqual(client.message("good@example.net", TO).code, 250)
        self.arrived(2)


if __name__ == "__main__":
    unittest.main()
