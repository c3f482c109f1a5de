"""A stock Postfix and Dovecot without a front, by the recipe "Dovecot without a front" of
smtpblockd(8) as it stands there: who is blocked cannot log in."""

import re
import signal
import threading
import unittest

import imap
from client import Client
from dovecot import MECHANISMS as OFFERED
from dovecot import NO_PENALTY, SOCKET, Dovecot
from mail_server import free_ports
from postfix import Postfix
from recipes import files_of, replace
from sasl_client import MECHANISMS, TOKENS, log_in
from submission import ALICE, BLOCKED, BOB, SERVICE, USERS, encoded, right_secret, shape
from support import TestCase, wait_until

SUCCESS = "235 2.7.0 Authentication successful"
FAILURE = "535 5.7.8 Error: authentication failed: (reason unavailable)"
IMAP_SUCCESS = "OK Logged in"
IMAP_FAILURE = "NO [AUTHENTICATIONFAILED] Authentication failed."
CONFIGURATION = "/etc/smtpblock/smtpblock.toml"
MASTER = "postmaster@example.com"
KEY = "0123456789abcdef0123456789abcdef"
# What an administrator may have beside the recipe: a cache that forgets nothing, and one who may
# log in as others.
MORE = """\
auth_cache_size = 10 M
auth_cache_ttl = 1 hour
auth_cache_negative_ttl = 1 hour
passdb {{
  driver = passwd-file
  master = yes
  args = scheme=plain username_format=%u {folder}/masters
}}
"""


class DoorTestCase(TestCase):
    more = ""  # settings of Dovecot

    @classmethod
    def setUpClass(cls):
        folder = cls.class_folder("door")
        cls.submission, cls.door, cls.imap = free_ports(3)
        # All that is not as in the page.
        cls.files = replace(files_of("Dovecot without a front"),
                            {"10032": str(cls.door), "KEY": KEY})
        (folder / "masters").write_text(f"{MASTER}:master::::::nodelay=y\n")
        cls.dovecot = Dovecot(
            folder / "dovecot", USERS,
            SOCKET.format(mechanisms=OFFERED, socket=folder / "dovecot/auth") + NO_PENALTY
            + imap.settings(folder / "imap", cls.imap) + MORE.format(folder=folder)
            + cls.files["/etc/dovecot/local.conf"] + cls.more,
            included={"smtpblock.conf": cls.files["/etc/dovecot/smtpblock.conf"]})
        cls.addClassCleanup(cls.dovecot.stop)
        cls.postfix = Postfix(folder / "postfix", master=SERVICE.format(
            port=cls.submission, socket=cls.dovecot.socket))
        cls.addClassCleanup(cls.postfix.stop)

    def serve(self, **replaced):
        """The daemon of the recipe, in which some texts are replaced."""
        text = self.files[CONFIGURATION]
        for old, new in replaced.items():
            if old not in text:
                raise AssertionError(f"the recipe has no {old}")
            text = text.replace(old, new)
        return self.configured(f'store = "{self.store.path}"\n' + text)

    def log_in(self, mechanism, user, secret=None):
        """What Postfix says in an AUTH."""
        with Client(self.submission) as client:
            client.ehlo()
            replies, _ = log_in(client, mechanism, user, secret or right_secret(mechanism, user))
            return [shape(reply) for reply in replies]

    def outcome(self, mechanism, user, secret=None):
        return self.log_in(mechanism, user, secret)[-1]

    def imap_outcome(self, user, secret=None):
        return imap.log_in(self.imap, user, secret or USERS[user])


class SubmissionTest(DoorTestCase):
    def test_every_mechanism_fails_and_works_again_at_once(self):
        self.serve()
        for mechanism in MECHANISMS:
            with self.subTest(mechanism):
                self.assertEqual(self.outcome(mechanism, BLOCKED), SUCCESS)
                self.store.add(BLOCKED)
                self.assertEqual(self.outcome(mechanism, BLOCKED), FAILURE)
                self.assertEqual(self.outcome(mechanism, ALICE), SUCCESS)
                self.store.delete(BLOCKED)
                self.assertEqual(self.outcome(mechanism, BLOCKED), SUCCESS)

    def test_a_block_looks_like_a_wrong_password(self):
        self.serve()
        self.store.add(BLOCKED)
        for mechanism in MECHANISMS:
            if mechanism in TOKENS:
                continue  # the page says that these can be told
            with self.subTest(mechanism):
                wrong = self.log_in(mechanism, ALICE, "wrong")
                self.assertEqual(self.log_in(mechanism, BLOCKED), wrong)
                self.assertEqual(self.log_in(mechanism, BLOCKED, "wrong"), wrong)

    def test_defer_fails_alike_and_allow_saves(self):
        self.serve()
        self.store.add("@example.com", "--action", "defer")
        self.assertEqual(self.outcome("PLAIN", ALICE), FAILURE)
        self.store.add(ALICE, "--action", "allow")
        self.assertEqual(self.outcome("PLAIN", ALICE), SUCCESS)
        self.assertEqual(self.outcome("PLAIN", BOB), FAILURE)

    def test_directions(self):
        self.serve()
        self.store.add(BLOCKED, "--dir", "in")
        self.assertEqual(self.outcome("PLAIN", BLOCKED), SUCCESS)
        self.store.add(BOB, "--dir", "out")
        self.assertEqual(self.outcome("PLAIN", BOB), FAILURE)

    def test_whoever_logs_in_as_somebody_else_is_two(self):
        self.serve()

        def as_alice():
            with Client(self.submission) as client:
                client.ehlo()
                return client.say("AUTH PLAIN " + encoded(f"{ALICE}\0{MASTER}\0master")).text
        self.assertEqual(as_alice(), SUCCESS)
        for name in (ALICE, MASTER):
            self.store.add(name)
            self.assertEqual(as_alice(), FAILURE)
            self.store.delete(name)
        self.store.add(BOB)
        self.assertEqual(as_alice(), SUCCESS)

    def test_the_log_says_what_it_says_of_a_front(self):
        running = self.serve()
        self.store.add(BLOCKED)
        for _ in range(2):
            self.outcome("PLAIN", BLOCKED)
        running.wait_log("^block", skip=1)
        lines = [line for line in running.log if line.startswith("block")]
        for line in lines:
            self.assertRegex(line, rf"^block session=\w+ listener=dovecot at=auth rule=1 "
                                   rf"action=reject field=user client=127\.0\.0\.1 "
                                   rf"user={BLOCKED}$")
        # Dovecot keeps its connection.
        self.assertEqual(lines[0], lines[1])
        wait_until("they are counted", lambda: '"hits":2' in
                   self.store.run("show", "--json", "1").stdout.replace(" ", ""))

    def test_doveadm_shows_that_it_works(self):
        """By the command of the page."""
        self.serve()
        self.store.add(BLOCKED)
        for user, passes in ((ALICE, True), (BLOCKED, False)):
            self.assertEqual(self.dovecot.knows(user, USERS[user], "smtp"), passes)
        self.assertTrue(self.dovecot.knows(BLOCKED, USERS[BLOCKED], "imap"))

    def test_trial_and_pause(self):
        running = self.serve()
        self.store.add(BLOCKED, "--action", "log")
        self.assertEqual(self.outcome("PLAIN", BLOCKED), SUCCESS)
        running.wait_log(r"^trial .*at=auth rule=1 action=log field=user")
        self.store.add(BLOCKED, "--replace")
        self.assertEqual(self.outcome("PLAIN", BLOCKED), FAILURE)
        self.store.run("pause")
        self.assertEqual(self.outcome("PLAIN", BLOCKED), SUCCESS)
        self.store.run("resume")
        self.assertEqual(self.outcome("PLAIN", BLOCKED), FAILURE)

    def test_without_a_daemon_everybody_passes(self):
        """As the page says. Its end does not wait for the connection that Dovecot keeps."""
        running = self.serve()
        self.store.add(BLOCKED)
        self.assertEqual(self.outcome("PLAIN", BLOCKED), FAILURE)
        running.stop()
        self.assertEqual(self.outcome("PLAIN", BLOCKED), SUCCESS)
        self.serve()
        self.assertEqual(self.outcome("PLAIN", BLOCKED), FAILURE)

    def test_no_question_is_lost_by_a_reload(self):
        """Dovecot does not ask again, but lets the client in."""
        running = self.serve()
        self.store.add(BLOCKED)
        over = threading.Event()

        def reload():
            while not over.wait(0.003):
                running.process.send_signal(signal.SIGHUP)
        reloading = threading.Thread(target=reload)
        reloading.start()
        try:
            outcomes = {self.outcome("PLAIN", BLOCKED) for _ in range(200)}
        finally:
            over.set()
            reloading.join()
        self.assertEqual(outcomes, {FAILURE})
        self.assertGreater(sum("HUP" in line for line in running.log), 20)

    def test_another_key_is_no_key(self):
        running = self.serve(**{KEY: KEY.upper()})
        self.store.add(BLOCKED)
        self.assertEqual(self.outcome("PLAIN", BLOCKED), SUCCESS)
        running.wait_log(r'^session .*listener=dovecot client=127\.0\.0\.1 .*detail="HTTP 401')
        self.assertNotIn(KEY, "\n".join(running.log).lower())
        self.assertIn("Policy server HTTP error: 401", self.dovecot.log())


class FailClosedTest(DoorTestCase):
    more = "auth_policy_reject_on_fail = yes\n"

    def test_without_a_daemon_nobody_passes(self):
        """As the page says."""
        running = self.serve()
        self.store.add(BLOCKED)
        self.assertEqual(self.outcome("PLAIN", ALICE), SUCCESS)
        self.assertEqual(self.outcome("PLAIN", BLOCKED), FAILURE)
        self.assertEqual(self.imap_outcome(BLOCKED), IMAP_SUCCESS)
        running.stop()
        for user in (ALICE, BLOCKED):
            self.assertEqual(self.outcome("PLAIN", user), FAILURE)
            self.assertEqual(self.imap_outcome(user), IMAP_FAILURE)
        self.serve()
        self.assertEqual(self.outcome("PLAIN", ALICE), SUCCESS)


class ImapTest(DoorTestCase):
    def test_who_is_blocked_reads_his_mail(self):
        self.serve()
        self.store.add(BLOCKED)
        self.assertEqual(self.imap_outcome(BLOCKED), IMAP_SUCCESS)
        self.assertEqual(self.outcome("PLAIN", BLOCKED), FAILURE)

    def test_unless_imap_is_listed(self):
        self.serve(**{'"submission"]': '"submission", "imap"]'})
        self.store.add(BLOCKED)
        self.assertEqual(self.imap_outcome(ALICE, "wrong"), IMAP_FAILURE)
        self.assertEqual(self.imap_outcome(BLOCKED), IMAP_FAILURE)
        self.assertEqual(self.imap_outcome(ALICE), IMAP_SUCCESS)
        self.store.delete(BLOCKED)
        self.assertEqual(self.imap_outcome(BLOCKED), IMAP_SUCCESS)

    def test_sighup_lists_it(self):
        running = self.serve()
        self.store.add(BLOCKED)
        self.assertEqual(self.imap_outcome(BLOCKED), IMAP_SUCCESS)
        configuration = self.folder / "smtpblock.toml"
        configuration.write_text(configuration.read_text().replace('["smtp"', '["imap"'))
        running.process.send_signal(signal.SIGHUP)
        running.wait_log("HUP")
        # The connection that Dovecot keeps has one more answer by what it began with.
        self.assertEqual(self.outcome("PLAIN", BLOCKED), FAILURE)
        self.assertEqual(self.imap_outcome(BLOCKED), IMAP_FAILURE)
        self.assertEqual(self.outcome("PLAIN", BLOCKED), SUCCESS)


if __name__ == "__main__":
    unittest.main()
