"""A blocked bot that hammers hurts nobody else: how much of it the server behind sees, and that an
end of the block is one at the very next AUTH."""

import base64
import unittest
from concurrent.futures import ThreadPoolExecutor

from hammered import (ALICE, BOB, CAROL, FAILURE, LISTENER, SUCCESS, TRIES, HammeredTestCase)
from submission import USERS


class NobodyHurt(HammeredTestCase):
    def test_the_log_behind_has_no_more_failures_than_the_limit(self):
        self.store.add(BOB)
        self.front()
        self.assertEqual(self.hammer(BOB), {FAILURE})
        # Another session, another spelling and another mechanism are the same account's.
        for way in (lambda c: c.auth_login(BOB, USERS[BOB]),
                    lambda c: c.auth_plain("Bob@EXAMPLE.com", USERS[BOB]),
                    lambda c: c.auth_plain("bob", USERS[BOB]),
                    lambda c: c.auth_plain(BOB, "wrong")):
            self.assertEqual(way(self.client(self.bot)).text, FAILURE)
        self.assertEqual(self.failed_behind(), 5)

    def test_the_limit_is_each_accounts_own(self):
        self.store.add(BOB)
        self.store.add(CAROL)
        self.front()
        before = self.judged(BOB), self.judged(CAROL)
        self.assertEqual(self.hammer(BOB, CAROL, tries=TRIES // 2), {FAILURE})
        self.assertEqual((self.judged(BOB), self.judged(CAROL)), (before[0] + 5, before[1] + 5))
        self.assertEqual(self.failed_behind(), 10)

    def test_two_listeners_do_not_double_it(self):
        self.store.add(BOB)
        self.front(LISTENER.format(upstream=self.told, client_address="proxy").replace(
            '"submission"', '"submissions"'))
        for port in self.running.ports:
            self.assertEqual(self.hammer(BOB, port=port), {FAILURE})
        self.assertEqual(self.failed_behind(), 5)

    def test_local_shows_the_server_behind_nothing(self):
        self.store.add(BOB)
        self.front('auth_failure = "local"\n')
        self.log_in(ALICE, password="wrong")  # from which the front learns what a failure is
        self.assertEqual(self.hammer(BOB), {FAILURE})
        self.assertEqual((self.failed_behind(), self.failed_behind(self.office)), (0, 1))

    def test_others_log_in_meanwhile(self):
        self.store.add(BOB)
        self.front()
        with ThreadPoolExecutor(TRIES) as pool:
            bots = [pool.submit(self.log_in, BOB, self.bot) for _ in range(TRIES)]
            for address in (self.office, self.bot):  # the bot's own address too
                self.assertEqual(self.log_in(ALICE, address).text, SUCCESS)
            self.assertEqual({bot.result().text for bot in bots}, {FAILURE})
        self.assertEqual(self.log_in(CAROL).text, SUCCESS)

    def test_the_next_login_after_the_rule_is_gone_works(self):
        for more in ("auth_upstream_max = 2\n", 'auth_failure = "local"\n'):
            with self.subTest(more):
                self.store.add(BOB)
                self.front(more)
                self.log_in(ALICE, password="wrong")
                client = self.client(self.bot)
                for _ in range(4):
                    self.assertEqual(client.auth_plain(BOB, USERS[BOB]).text, FAILURE)
                self.store.delete(BOB)
                self.assertEqual(client.auth_plain(BOB, USERS[BOB]).text, SUCCESS, "same session")
                self.assertEqual(self.log_in(BOB, self.bot).text, SUCCESS, "a new one")
                self.running.stop()

    def test_a_rule_that_goes_in_the_midst_of_a_login_does_not_count(self):
        self.store.add(BOB)
        self.front('auth_failure = "local"\n')
        client = self.client(self.bot)
        self.assertEqual(client.say("AUTH LOGIN").code, 334)
        self.assertEqual(client.say(base64.b64encode(BOB.encode()).decode()).code, 334)
        self.store.delete(BOB)
        self.assertEqual(client.say(base64.b64encode(USERS[BOB].encode()).decode()).text, SUCCESS)

    def test_the_rate_limit_of_postfix_counts_clients_not_the_front(self):
        self.store.add(BOB)
        self.front(upstream=self.limited)
        replies = [self.log_in(BOB, self.bot).text for _ in range(4)]
        self.assertEqual(replies[:3], [FAILURE] * 3)
        self.assertIn("too many AUTH commands", replies[3])
        self.assertEqual(self.log_in(ALICE).text, SUCCESS)


if __name__ == "__main__":
    unittest.main()
