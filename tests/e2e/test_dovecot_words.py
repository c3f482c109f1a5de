"""What is no proper login, and logins in other words than the standard's: through the front all
is as with a real Postfix and Dovecot alone, and what they take for a blocked account is stopped."""

import base64
import re
import unittest
from concurrent.futures import ThreadPoolExecutor

from client import Client
from sasl_client import MECHANISMS
from submission import (ALICE, BLOCKED, NAME, THREADS, USERS, BlockedTestCase, encoded,
                        right_secret, shape)

SUCCESS = "235 2.7.0 Authentication successful"
# Responses of each that can be cancelled.
STEPS = {"PLAIN": 1, "LOGIN": 2, "CRAM-MD5": 1, "SCRAM-SHA-1": 3, "SCRAM-SHA-256": 3, "XOAUTH2": 2,
         "OAUTHBEARER": 2}


class OtherWords(BlockedTestCase):
    @staticmethod
    def played(port, lines, name=NAME):
        """The replies to the lines; each is sent when that to the one before is there, an empty one
        only where a response is asked for."""
        with Client(port) as client:
            if name:
                client.ehlo(name)
            replies = []
            for line in lines:
                if line or replies[-1].code == 334:
                    replies.append(client.say(line))
            return [shape(reply) for reply in replies]

    def assert_same(self, scripts, play=None, alike=list, **options):
        """Each script gets the same replies through the front as without it; `alike` takes away
        what is known to differ."""
        with ThreadPoolExecutor(THREADS) as pool:
            played = {name: [pool.submit(play or self.played, port, script, **options)
                             for port in (self.direct, self.running.port)]
                      for name, script in scripts.items()}
            for name, (direct, front) in played.items():
                with self.subTest(name, script=scripts[name]):
                    self.assertEqual(alike(front.result()), alike(direct.result()))

    def test_cancelled_at_each_step(self):
        self.assert_same({f"{mechanism} {user} {initial} {steps}": (mechanism, user, initial, steps)
                          for mechanism in MECHANISMS for user in (ALICE, BLOCKED)
                          for initial in (False, True) for steps in range(STEPS[mechanism])},
                         play=self.cancelled)

    def cancelled(self, port, script):
        """With `*` in the place of the response of that number. Without a front a wrong secret
        stands for the block."""
        mechanism, user, initial, steps = script
        wrong = user == BLOCKED and port == self.direct
        exchange = MECHANISMS[mechanism](user, "wrong" if wrong else right_secret(mechanism, user))
        response = next(exchange)
        with Client(port) as client:
            client.ehlo()
            command = f"AUTH {mechanism}"
            if initial and response is not None:
                command += " " + base64.b64encode(response).decode()
                response = None
            replies = [client.say(command)]
            while replies[-1].code == 334 and steps > 0:
                if response is None:
                    response = exchange.send(base64.b64decode(replies[-1].text[4:]))
                replies.append(client.say(base64.b64encode(response).decode()))
                response = None
                steps -= 1
            if replies[-1].code == 334:
                replies += [client.say("*"), client.say("NOOP")]
            return [shape(reply) for reply in replies]

    def test_words_that_are_no_base64(self):
        self.assert_same({
            f"{mechanism} {text} {where}": lines
            for mechanism in MECHANISMS
            for text in (("!!!", "a", "YQ", "YQ=", "=YQ=", "YWI=YWI=") if mechanism == "PLAIN" else
                         ("!!!", "YQ"))
            for where, lines in (("initial", [f"AUTH {mechanism} {text}", "NOOP"]),
                                 ("response", [f"AUTH {mechanism}", text, "NOOP"]))})
        self.assert_same({"LOGIN password": ["AUTH LOGIN", encoded(ALICE), "!!!", "NOOP"]})

    def test_what_is_no_login(self):
        right = encoded(f"\0{ALICE}\0{USERS[ALICE]}")
        self.assert_same({
            "unknown": ["AUTH FOO", "NOOP"],
            "unknown with a response": ["AUTH FOO " + right, "NOOP"],
            "hidden": ["AUTH EXTERNAL =", "NOOP"],
            "no mechanism": ["AUTH", "NOOP"],
            "white space": ["AUTH ", "NOOP"],
            "one word too many": [f"AUTH PLAIN {right} x", "NOOP"],
            "lower case": ["auth plain " + right, "NOOP"],
            "twice": ["AUTH PLAIN " + right, "AUTH PLAIN " + right, "NOOP"],
            "twice, another way": ["AUTH PLAIN " + right, "AUTH LOGIN", "NOOP"],
            "in a transaction": [f"MAIL FROM:<{ALICE}>", "AUTH PLAIN " + right, "NOOP"],
            "after RSET": [f"MAIL FROM:<{ALICE}>", "RSET", "AUTH PLAIN " + right, "NOOP"],
            "after HELO": ["HELO x.example", "AUTH PLAIN " + right, "NOOP"],
            "empty initial response": ["AUTH PLAIN =", "NOOP"],
            "empty response": ["AUTH PLAIN", "", "NOOP"],
            "empty name": ["AUTH LOGIN", "", "NOOP"],
            "empty password": ["AUTH LOGIN", encoded(ALICE), "", "NOOP"],
            "CRAM-MD5 with a response": ["AUTH CRAM-MD5 " + right, "NOOP"],
        })
        self.assert_same({"after HELO": ["HELO x.example", "AUTH PLAIN " + right]}, name=None)
        # Postfix takes this one; the front needs a name to look for.
        self.assertEqual(self.played(self.running.port, ["AUTH PLAIN " + right], name=None),
                         ["503 5.5.1 Error: send HELO/EHLO first"])

    def test_messages_that_are_malformed(self):
        password = USERS[ALICE]
        messages = {
            "PLAIN": ("", ALICE, f"\0{ALICE}", f"{ALICE}\0{password}", f"\0\0{password}",
                      f"\0{ALICE}\0", f"\0{ALICE}\0{password}\0x", f"bob\0{ALICE}\0{password}",
                      f"{ALICE}\0{ALICE}\0{password}", "\0\0", "\0\0\0", f"\0a b\0{password}"),
            "SCRAM-SHA-1": ("", "n,,", "n,,n=,r=abc", f"n,,n={ALICE}",
                            f"p=tls-unique,,n={ALICE},r=a", f"y,,n={ALICE},r=abc", f"n,a={ALICE},n={ALICE},r=abc",
                            f"n,a=bob@example.com,n={ALICE},r=abc", "n,,n=a=2,r=abc",
                            "n,,n=a=2C,r=abc", f"n,,m=x,n={ALICE},r=abc", f"x,,n={ALICE},r=abc", f"n={ALICE},r=abc"),
            "XOAUTH2": ("", "user=\1auth=Bearer x\1\1", f"user={ALICE}\1\1", "auth=Bearer x\1\1",
                        f"user={ALICE}\1auth=Basic x\1\1", f"user={ALICE}\1auth=Bearer \1\1",
                        f"auth=Bearer x\1user={ALICE}\1\1", f"user={ALICE}\1auth=Bearer x",
                        f"user={ALICE}\1user=bob@example.com\1auth=Bearer x\1\1"),
            "OAUTHBEARER": ("", "n,,\1auth=Bearer x\1\1", f"n,a={ALICE},\1\1",
                            f"n,a={ALICE},\1auth=Bearer \1\1", f"p=x,a={ALICE},\1auth=Bearer x\1\1",
                            f"n,a={ALICE},\1auth=Basic x\1\1", "n,a=a=2,\1auth=Bearer x\1\1",
                            f"n,a={ALICE},\1auth=Bearer x",
                            f"y,a={ALICE},\1auth=bearer x\1\1"),
        }
        messages["SCRAM-SHA-256"] = messages["SCRAM-SHA-1"]
        self.assert_same({
            f"{mechanism} {message!r} {where}": lines
            for mechanism, those in messages.items() for message in those
            for where, lines in (("initial", [f"AUTH {mechanism} {encoded(message) or '='}", ""]),
                                 ("response", [f"AUTH {mechanism}", encoded(message), ""]))},
            alike=self.unjudged)
        self.assert_same({f"CRAM-MD5 {message!r}": ["AUTH CRAM-MD5", encoded(message), "NOOP"]
                          for message in ("", "a" * 32, ALICE, f"{ALICE} ", f"{ALICE} abc",
                                          " " + "a" * 32, f"{ALICE} " + "A" * 32, f"{ALICE} " + "g" * 32,
                                          f"{ALICE} " + "a" * 33, f"{ALICE}  " + "a" * 32)},
                         alike=self.unjudged)

    @staticmethod
    def unjudged(replies):
        """A message that the front cannot judge goes on as no base64 at all, and gets the words of
        the upstream for that."""
        return [re.sub("Invalid base64 data in .*", "(reason unavailable)", reply)
                for reply in replies]

    def test_whatever_dovecot_takes_for_a_blocked_account_is_stopped(self):
        user, password, token = BLOCKED, USERS[BLOCKED], right_secret("XOAUTH2", BLOCKED)
        shouted = user.upper()
        spellings = [["AUTH PLAIN " + encoded(message)] for message in (
            f"\0{user}\0{password}", f"\0{user}\0{password}\0x", f"\0{user}\0{password}\0",
            f"{user}\0{user}\0{password}", f"\0{shouted}\0{password}",
            f"x\0{user}\0{password}", f"\0{user}\0\0{password}", f"\0{user} \0{password}")]
        spellings += [["auth\tplain " + encoded(f"\0{user}\0{password}")],
                      [f"AUTH PLAIN {encoded(chr(0) + user + chr(0) + password)}".lower()]]
        spellings += [["AUTH LOGIN " + encoded(name), "", encoded(password)] for name in (
            user, shouted, f"{user}\0x", f"{user}\0{user}", f"{user} ", f"{user}\n")]
        spellings += [["AUTH LOGIN", encoded(name), encoded(secret)] for name, secret in (
            (user, password), (user, f"{password}\0"), (user, f"{password}\0x"),
            (f"{user}\0", password), (f"{user}\0{password}", password))]
        bearer = f"auth=Bearer {token}"
        spellings += [["AUTH XOAUTH2 " + encoded(message), ""] for message in (
            f"user={user}\1{bearer}\1\1", f"{bearer}\1user={user}\1\1", f"user={user}\1{bearer}",
            f"user={shouted}\1{bearer}\1\1", f"user={user}\1auth=bearer {token}\1\1",
            f"x=y\1user={user}\1{bearer}\1\1", f"user={ALICE}\1user={user}\1{bearer}\1\1",
            f"user={user}\1user={ALICE}\1{bearer}\1\1", f"user={user}\1auth=Bearer x\1{bearer}\1",
            f"user={user}\1{bearer}\1auth=Bearer x\1\1", f"user={user}\1{bearer}\0\1\1",
            f"\1user={user}\1{bearer}\1\1", f"user={user}\1\1{bearer}\1\1")]
        spellings += [["AUTH OAUTHBEARER " + encoded(message), ""] for message in (
            f"n,a={user},\1{bearer}\1\1", f"a={user},\1{bearer}\1\1", f"n,a={user}\1{bearer}\1\1",
            f"y,a={user},\1{bearer}\1\1", f"n,a={shouted},\1{bearer}\1\1",
            f"n,a={ALICE},a={user},\1{bearer}\1\1", f"n,a={user},a={ALICE},\1{bearer}\1\1",
            f",,n,a={user},\1{bearer}\1\1", f"n,a={user},\1auth=bearer {token}\1\1",
            f"n,a={user},\1host=x\1port=1\1{bearer}", f"n,a={user},\1{bearer}\0\1\1",
            f"n,a={user}\1x,\1user={ALICE}\1{bearer}\1\1",
            f"n,a={user},\1user={ALICE}\1{bearer}\1\1", f"n,a={user},\1auth=Bearer x\1{bearer}\1")]
        scripts = {repr(lines): lines for lines in spellings}
        with ThreadPoolExecutor(THREADS) as pool:
            direct = dict(zip(scripts, pool.map(lambda lines: self.played(self.direct, lines),
                                                scripts.values())))
            front = dict(zip(scripts, pool.map(lambda lines: self.played(self.running.port, lines),
                                               scripts.values())))
        taken = [name for name, replies in direct.items() if replies[-1] == SUCCESS]
        self.assertGreater(len(taken), 20)
        for name in scripts:
            with self.subTest(name, direct=direct[name]):
                self.assertNotIn(SUCCESS, front[name])


if __name__ == "__main__":
    unittest.main()
