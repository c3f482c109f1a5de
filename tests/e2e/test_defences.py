"""What the defences of a server make of a blocked bot that hammers (fail2ban, Dovecot's penalty, an
account lock-out), with the recipes of smtpblockd(8) for each as they stand there."""

import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from client import Client
from fail2ban import Fail2ban
from hammered import (ALICE, BOB, CAROL, FAILURE, FRONT, NO_PENALTY, SUCCESS, HammeredTestCase,
                      introduced)
from lock_out import LockOut
from recipes import files_of, replace
from support import wait_until

BLOCKED_NAME = "ylmf-pc"


class Banned(HammeredTestCase):
    """fail2ban, which is told of nobody but whom its filters find in a log."""

    def fail2ban(self, jail, watched, files):
        running = Fail2ban(self.folder / "fail2ban", jail, watched, files)
        self.addCleanup(running.stop)
        return running

    def behind(self, files):
        """With its own filter, on the log of Postfix."""
        return self.fail2ban("postfix-sasl", self.postfix.folder / "log", files)

    def test_the_client_is_banned_and_nobody_else(self):
        running = self.behind(files_of("fail2ban"))
        self.store.add(BOB)
        self.front()
        self.assertEqual(self.hammer(BOB), {FAILURE})
        self.assertEqual(self.log_in(ALICE, password="wrong").text, FAILURE)
        running.wait_found(self.office, 1)
        running.wait_banned(self.bot)
        self.assertEqual(running.found(self.bot), 5)

    def test_a_front_that_tells_no_address_would_be_banned_itself(self):
        files = replace(files_of("fail2ban behind a front on another host"),
                        {"192.0.2.25": FRONT})
        name, = files
        # It would spare its own host without being told to.
        files[name] += "ignoreself = false\n"
        enabled = files_of("fail2ban")
        self.store.add(BOB)
        self.front(client_address="none", upstream=self.untold)
        self.assertEqual(self.hammer(BOB), {FAILURE})
        without = self.behind({**enabled, name: files[name].replace("ignoreip", "#")})
        without.wait_banned(FRONT)
        without.stop()
        running = self.behind({**enabled, **files})
        wait_until("fail2ban has passed over it", lambda: running.log().count("Ignore") >= 5)
        self.assertEqual((running.found(FRONT), running.banned()), (0, []))

    def test_the_front_has_clients_banned_itself(self):
        files = files_of("fail2ban on the front")
        guesser = "2001:db8::66"
        self.store.add(BOB)
        self.store.add("visitor@example.net")
        self.front('auth_failure = "local"\n')
        self.assertEqual(self.hammer(BOB, tries=5), {FAILURE})
        odd = f"x client={self.office} ehlo=y result=refused"
        for name in ("a", odd, f"client={self.office}", "b", "c"):
            with Client(self.running.port, first=introduced(guesser)) as client:
                client.ehlo(name)
                self.assertEqual(client.auth_plain(ALICE, "wrong").text, FAILURE)
        self.assertEqual(self.log_in(ALICE, self.visitor).text, SUCCESS)
        self.assertEqual(self.log_in(odd, self.visitor, "wrong").text, FAILURE)
        stranger = self.client(self.visitor)
        stranger.mail("visitor@example.net")
        for _ in range(6):
            self.assertEqual(stranger.rcpt("someone@example.org").code, 554)
        watched = self.folder / "journal"
        now = time.strftime("%b %d %H:%M:%S")
        watched.write_text("".join(f"{now} mail smtpblockd[812]: {line}\n"
                                   for line in self.running.log))
        running = self.fail2ban("smtpblockd", watched, files)
        running.wait_banned(self.bot, guesser)
        self.assertEqual((running.found(self.bot), running.found(guesser), running.found(self.visitor),
                          running.found(self.office)), (5, 5, 1, 0), "\n".join(self.running.log))


class Slowed(HammeredTestCase):
    """Dovecot as it is without settings: a failure is told after 2 s, and who has failed waits
    before his next try."""

    settings, fields = "auth_failure_delay = 2 secs\n", ""

    def seconds(self, *try_):
        reply = self.log_in(*try_)
        return reply.got - reply.asked, reply.text

    def test_the_penalty_is_the_clients_own(self):
        self.store.add(BOB)
        self.front()
        self.assertEqual(self.log_in(BOB, self.bot).text, FAILURE)
        self.assertEqual(self.dovecot.penalties(), {self.bot: 1})
        with ThreadPoolExecutor(1) as pool:
            bot = pool.submit(self.seconds, BOB, self.bot)
            other = self.seconds(ALICE)
            self.assertEqual((bot.result()[1], other[1]), (FAILURE, SUCCESS))
        self.assertGreater(bot.result()[0], 3.5)
        self.assertLess(other[0], 1.9)
        # One secret is always spoilt to the same wrong one, and counts once.
        self.assertEqual(self.dovecot.penalties(), {self.bot: 1})

    def test_a_front_that_tells_no_address_slows_everybody(self):
        self.store.add(BOB)
        self.front(client_address="none", upstream=self.untold)
        self.assertEqual(self.log_in(BOB, self.bot).text, FAILURE)
        self.assertEqual(self.dovecot.penalties()[FRONT], 1)
        waited, outcome = self.seconds(ALICE)
        self.assertEqual(outcome, SUCCESS)
        self.assertGreater(waited, 1.9)


class NotSlowed(HammeredTestCase):
    """The recipe for a front that tells no address."""

    fields = ""
    settings = ("auth_failure_delay = 2 secs\n"
                + files_of("The penalty of Dovecot")["/etc/dovecot/local.conf"])

    def test_nobody_waits_for_a_bot(self):
        self.store.add(BOB)
        self.front(client_address="none", upstream=self.untold)
        self.assertEqual(self.hammer(BOB, tries=4), {FAILURE})
        self.assertEqual(self.dovecot.penalties(), {})
        reply = self.log_in(ALICE)
        self.assertEqual(reply.text, SUCCESS)
        self.assertLess(reply.got - reply.asked, 1.9)


class LockedOut(HammeredTestCase):
    """An account is locked out at its third failure."""

    @classmethod
    def setUpClass(cls):
        cls.lock_out = LockOut(most=3)
        cls.addClassCleanup(cls.lock_out.stop)
        cls.settings = NO_PENALTY + cls.lock_out.settings
        super().setUpClass()

    def try_by_a_blocked_name(self, user):
        self.store.add(BLOCKED_NAME, "--type", "ehlo")
        for _ in range(4):
            self.assertEqual(self.log_in(user, name=BLOCKED_NAME).text, FAILURE)
        self.store.delete(BLOCKED_NAME)

    def test_the_right_password_locks_an_account_out(self):
        self.front()
        self.try_by_a_blocked_name(BOB)
        self.assertEqual(self.log_in(BOB).text, FAILURE)

    def test_it_does_not_when_the_daemon_answers(self):
        self.front(files_of("Account lock-out")["/etc/smtpblock/smtpblock.toml"])
        self.log_in(ALICE, password="wrong")  # from which the front learns how long it takes
        self.try_by_a_blocked_name(CAROL)
        self.assertEqual(self.lock_out.failures[CAROL], 0)
        self.assertEqual(self.lock_out.failures[ALICE], 1)
        self.assertEqual(self.log_in(CAROL).text, SUCCESS)


if __name__ == "__main__":
    unittest.main()
