"""A rule that lands at each moment of a session, and what each side then sees."""

import unittest

from client import Client, Closed
from fake_upstream import FakeUpstream
from support import TestCase, wait_until

BOB, SECRET = "bob@example.com", "correct horse"
TO = "alice@example.org"
REFUSED = f"554 5.7.1 <{TO}>: Recipient address rejected: Access denied"


class Moments(TestCase):
    def setUp(self):
        super().setUp()
        self.upstream = FakeUpstream(users={BOB: SECRET})
        self.addCleanup(self.upstream.stop)
        self.front = self.daemon("--listen", "in:127.0.0.1:0", "--listen", "out:127.0.0.1:0",
                                 upstream=self.upstream.spec, listeners=2)

    def client(self, direction="in", name="client.example.net"):
        client = Client(self.front.ports[("in", "out").index(direction)])
        self.addCleanup(client.close)
        self.assertEqual(client.ehlo(name).code, 250)
        return client

    def sending(self, direction="in", user=None):
        """A session whose message is half sent."""
        client = self.client(direction)
        if user:
            self.assertEqual(client.auth_plain(user, SECRET).code, 235)
        self.assertEqual(client.mail(BOB).code, 250)
        self.assertEqual(client.rcpt(TO).code, 250)
        self.assertEqual(client.say("DATA").code, 354)
        client.send(b"Subject: x\r\n\r\nhalf")
        return client

    # AUTH

    def test_auth_fails_with_the_right_password_as_with_a_wrong_one(self):
        for mechanism in ("PLAIN", "LOGIN"):
            for initial in (True, False):
                with self.subTest(mechanism=mechanism, initial_response=initial):
                    self.assert_login_is_spoilt(mechanism, initial)

    def assert_login_is_spoilt(self, mechanism, initial):
        user = f"{mechanism}-{initial}@example.com".lower()
        self.upstream.users[user] = SECRET

        def log_in(password):
            client = self.client("out")
            way = client.auth_plain if mechanism == "PLAIN" else client.auth_login
            return way(user, password, initial=initial)
        self.assertEqual(log_in(SECRET).code, 235)
        wrong = log_in("wrong").text
        self.assertEqual(wrong, "535 5.7.8 No such luck")
        self.store.add(user)
        self.upstream.sessions.clear()
        self.assertEqual(log_in(SECRET).text, wrong)
        self.assertEqual(log_in("wrong").text, wrong)
        self.assertEqual([login.user for login in self.upstream.logins], [user, user])
        self.assertNotIn(SECRET, [login.password for login in self.upstream.logins])
        self.store.delete(user)
        self.assertEqual(log_in(SECRET).code, 235)

    def test_one_secret_is_always_spoilt_to_the_same_wrong_one(self):
        self.store.add(BOB)
        for password in (SECRET, SECRET, "another", "third one", SECRET):
            self.client("out").auth_plain(BOB, password)
        spoilt = [login.password for login in self.upstream.logins]
        self.assertEqual(len(spoilt), 5)
        self.assertEqual(spoilt[0], spoilt[1])
        self.assertEqual(spoilt[0], spoilt[4])
        self.assertEqual(len(set(spoilt)), 3)

    def test_a_deferred_account_fails_as_a_wrong_password_too(self):
        self.store.add(BOB, "--action", "defer")
        self.assertEqual(self.client("out").auth_plain(BOB, SECRET).code, 535)

    def test_the_log_names_the_rule_and_never_the_secret(self):
        self.store.add(BOB)
        self.client("out").auth_plain(BOB, SECRET)
        self.front.wait_log(r"^block .*at=auth rule=1 action=reject field=user")
        self.assertNotIn(SECRET, "\n".join(self.front.log))

    # RCPT

    def test_the_next_recipient_of_an_open_session_fails(self):
        client = self.client()
        client.mail(BOB)
        self.assertEqual(client.rcpt(TO).code, 250)
        self.store.add(BOB)
        self.assertEqual(client.rcpt(TO).text, REFUSED)
        self.front.wait_log(r"^block .*at=rcpt rule=1 action=reject field=sender")
        self.store.delete(BOB)
        self.assertEqual(client.rcpt(TO).code, 250)

    def test_banner_ehlo_mail_rset_and_noop_succeed(self):
        free = self.client()
        spoken = [free.greeting.text] + [free.say(line).text for line in (
            "EHLO other.example", "NOOP", f"MAIL FROM:<{BOB}>", "RSET", "HELO other.example")]
        self.store.add(BOB)
        self.store.add("client.example.net", "--type", "ehlo")
        blocked = self.client()
        self.assertEqual(spoken, [blocked.greeting.text] + [blocked.say(line).text for line in (
            "EHLO other.example", "NOOP", f"MAIL FROM:<{BOB}>", "RSET", "HELO other.example")])

    def test_the_upstream_never_hears_of_a_blocked_sender(self):
        self.store.add(BOB)
        client = self.client()
        client.mail(BOB)
        self.assertEqual(client.rcpt(TO).text, REFUSED)
        self.assertEqual(client.say("DATA").text, "554 5.5.1 Error: no valid recipients")
        self.assertEqual(self.upstream.heard("MAIL") + self.upstream.heard("RCPT"), [])

    def test_a_name_given_in_ehlo(self):
        client = self.client(name="bad.example")
        client.mail("someone@example.net")
        self.assertEqual(client.rcpt(TO).code, 250)
        self.store.add("bad.example", "--type", "ehlo")
        self.assertEqual(client.rcpt(TO).text, REFUSED)
        client.ehlo("good.example")
        client.mail("someone@example.net")
        self.assertEqual(client.rcpt(TO).text, REFUSED, "a second name does not clear the first")
        self.assertEqual(self.client(name="good.example").message("a@example.net", TO).code, 250)

    def test_defer_asks_to_come_back(self):
        self.store.add(BOB, "--action", "defer")
        client = self.client()
        client.mail(BOB)
        self.assertEqual(client.rcpt(TO).text, "450" + REFUSED[3:].replace("5.7.1", "4.7.1"))

    def test_allow_is_an_exception_and_log_only_a_trial(self):
        self.store.add("example.com", "--type", "email")
        self.store.add(BOB, "--action", "allow")
        self.store.add("trial@example.net", "--action", "log")
        self.assertEqual(self.client().message(BOB, TO).code, 250)
        self.assertEqual(self.client().message("other@example.com", TO).code, 554)
        self.assertEqual(self.client().message("trial@example.net", TO).code, 250)
        self.front.wait_log(r"^trial .*at=rcpt rule=3 ")

    def test_a_rule_of_the_other_direction_does_not_count(self):
        self.store.add(BOB, "--dir", "out")
        self.assertEqual(self.client("in").message(BOB, TO).code, 250)
        self.assertEqual(self.client("out").message(BOB, TO).code, 554)
        self.store.run("edit", BOB, "--dir", "in")
        self.assertEqual(self.client("in").message(BOB, TO).code, 554)
        self.assertEqual(self.client("out").message(BOB, TO).code, 250)

    # DATA and the end

    def test_a_rule_before_data(self):
        for action, words in (("reject", "554 5.7.1"), ("defer", "450 4.7.1")):
            with self.subTest(action=action):
                client = self.client()
                client.mail(BOB)
                client.rcpt(TO)
                self.store.add(BOB, "--action", action)
                self.assertEqual(client.say("DATA").text,
                                 words + " <DATA>: Data command rejected: Access denied")
                wait_until("the upstream is told RSET", lambda: self.upstream.heard("RSET"))
                self.assertEqual(self.upstream.heard("DATA"), [])
                self.store.delete(BOB)
                self.assertEqual(client.say("RSET").code, 250)
                self.assertEqual(client.message(BOB, TO).code, 250, "the session goes on")
                self.upstream.sessions.clear()

    def test_a_rule_while_the_message_streams(self):
        for action, words in (("reject", "554 5.7.1"), ("defer", "450 4.7.1")):
            with self.subTest(action=action):
                client = self.sending()
                self.store.add(BOB, "--action", action)
                self.assertEqual(client.body(b"whole").text, words +
                                 " <END-OF-MESSAGE>: End-of-data rejected: Access denied")
                self.assertEqual(self.upstream.messages, [])
                self.store.delete(BOB)
                self.assertEqual(client.message(BOB, TO).code, 250, "with a new upstream")
                self.upstream.sessions.clear()

    def test_a_rule_that_is_gone_before_the_end_does_nothing(self):
        client = self.sending()
        self.store.add(BOB)
        self.store.delete(BOB)
        self.assertEqual(client.body(b"whole").code, 250)

    def test_an_authenticated_session_ends_with_its_upstream(self):
        client = self.sending("out", user=BOB)
        self.store.add(BOB)
        self.assertEqual(client.body(b"whole").code, 554)
        try:
            self.assertEqual(client.say("NOOP").text[:9], "421 4.3.0")
        except Closed:
            self.fail("closed without 421")
        self.assertTrue(client.at_end())
        self.assertEqual(self.upstream.messages, [])

    def test_a_rule_for_the_account_stops_another_envelope_sender(self):
        client = self.client("out")
        client.auth_plain(BOB, SECRET)
        client.mail("alias@example.net")
        self.assertEqual(client.rcpt(TO).code, 250)
        self.store.add(BOB)
        self.assertEqual(client.rcpt(TO).code, 554)
        self.assertEqual(client.say("DATA").code, 554)
        self.assertEqual(self.upstream.heard("DATA"), [])


if __name__ == "__main__":
    unittest.main()
