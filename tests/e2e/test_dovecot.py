"""Every mechanism of a real Dovecot, through the front and without it: what a blocked client sees
is what a wrong password gets, to the octet, and what Dovecot sees is a wrong password."""

import base64
import re
import signal
import socket
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

from client import Client
from sasl_client import MECHANISMS, TOKENS, log_in, login_at_once
from submission import (ALICE, BLOCKED, BLOCKED_NAME, BOB, NAME, THREADS, USERS, BlockedTestCase,
                        SubmissionTestCase, encoded, right_secret, shape)
from support import TestCase

TO = "someone@example.org"
SUCCESS = "235 2.7.0 Authentication successful"
FAILURE = "535 5.7.8 Error: authentication failed: (reason unavailable)"


class Try:
    """One login on a connection of its own. `wrong` is always the same wrong secret."""

    def __init__(self, port, mechanism, initial, user, right=True, name=NAME):
        self.secret = right_secret(mechanism, user)
        if not right:
            self.secret = "wrong" if mechanism not in TOKENS else self.secret[:-4] + "AAAA"
        way = login_at_once if mechanism == "LOGIN" and initial == "name" else None
        with Client(port) as client:
            client.ehlo(name)
            replies, self.responses = log_in(client, mechanism, user, self.secret, bool(initial),
                                             way)
            self.outcome = replies[-1].text
            if self.outcome == SUCCESS:
                replies.append(client.message(user, TO))
            else:
                replies += [client.mail(user), client.rcpt(TO)]
        self.dialogue = [shape(reply) for reply in replies]


class SameAsDirect(BlockedTestCase):
    def test_a_block_looks_like_a_wrong_password(self):
        ways = [(mechanism, initial) for mechanism in MECHANISMS
                for initial in (("", "name") if mechanism == "LOGIN" else
                                ("",) if mechanism == "CRAM-MD5" else ("", "first"))]
        front = self.running.port
        cases = {
            "right, direct": {"port": self.direct},
            "wrong, direct": {"port": self.direct, "right": False},
            "right": {"port": front},
            "wrong": {"port": front, "right": False},
            "right, account blocked": {"port": front, "user": BLOCKED},
            "wrong, account blocked": {"port": front, "user": BLOCKED, "right": False},
            "right, name blocked": {"port": front, "user": BOB, "name": BLOCKED_NAME},
            "wrong, name blocked": {"port": front, "user": BOB, "name": BLOCKED_NAME,
                                    "right": False},
        }
        before = len(self.dovecot.log())
        with ThreadPoolExecutor(THREADS) as pool:
            tries = {(*way, case): pool.submit(Try, mechanism=way[0], initial=way[1],
                                               **{"user": ALICE, **arguments})
                     for way in ways for case, arguments in cases.items()}
            tries = {key: future.result() for key, future in tries.items()}
        given = self.secrets_in(self.dovecot.log()[before:])
        for way in ways:
            with self.subTest(mechanism=way[0], initial_response=way[1]):
                seen = {case: tries[*way, case] for case in cases}
                self.assertEqual(seen["right, direct"].outcome, SUCCESS)
                self.assertEqual(seen["wrong, direct"].outcome, FAILURE)
                self.assertEqual(seen["right"].dialogue, seen["right, direct"].dialogue)
                for case in cases:
                    if case not in ("right", "right, direct"):
                        self.assertEqual(seen[case].dialogue, seen["wrong, direct"].dialogue, case)
                for case in ("right, account blocked", "right, name blocked"):
                    self.assert_never_given(seen[case], given)

    @staticmethod
    def secrets_in(log):
        """Every response that Dovecot was given, decoded, and every password that it names."""
        found = {base64.b64decode(response) for response in
                 re.findall(r"client in: AUTH\t.*\tresp=(\S+)|client in: CONT\t\d+\t(\S+)", log)
                 for response in response if response}
        return found

    def assert_never_given(self, blocked, given):
        """`blocked` came with the right secret: what proves that it is known has not arrived."""
        steps = [response for response in blocked.responses if response not in (b"", b"\1")]
        self.assertNotIn(steps[-1], given)

    def test_nothing_right_of_a_blocked_account_is_ever_in_the_log(self):
        before = len(self.dovecot.log())
        for mechanism in MECHANISMS:
            secret = Try(self.running.port, mechanism, "first", BLOCKED).secret
            log = self.dovecot.log()[before:]
            self.assertNotIn(f"given password: {secret})", log)
            self.assertFalse(any(secret.encode() in given for given in self.secrets_in(log)))
        # The same must find it where it is.
        Try(self.running.port, "PLAIN", "first", ALICE)
        self.assertTrue(any(USERS[ALICE].encode() in given for given in
                            self.secrets_in(self.dovecot.log()[before:])))

    def test_the_next_login_after_the_rule_is_gone_works(self):
        for mechanism in MECHANISMS:
            with self.subTest(mechanism), Client(self.running.port) as client:
                client.ehlo()
                secret = right_secret(mechanism, BLOCKED)
                self.assertEqual(log_in(client, mechanism, BLOCKED, secret)[0][-1].text, FAILURE)
                self.store.delete(BLOCKED)
                self.assertEqual(log_in(client, mechanism, BLOCKED, secret)[0][-1].text, SUCCESS)
                self.store.add(BLOCKED)

    def test_a_rule_in_the_midst_of_an_exchange_counts(self):
        for mechanism in MECHANISMS:
            with self.subTest(mechanism), Client(self.running.port) as client:
                client.ehlo()
                exchange = MECHANISMS[mechanism](ALICE, right_secret(mechanism, ALICE))
                self.assertEqual(self.stepwise(client, mechanism, exchange,
                                               lambda step: step or self.store.add(ALICE)), FAILURE)
                self.store.delete(ALICE)

    def test_sighup_between_the_steps(self):
        def hang_up(_):
            seen = len([line for line in self.running.log if "HUP" in line])
            self.running.process.send_signal(signal.SIGHUP)
            self.running.wait_log("HUP", skip=seen)
        for user, outcome in ((ALICE, SUCCESS), (BLOCKED, FAILURE)):
            for mechanism in MECHANISMS:
                with self.subTest(mechanism, user=user), Client(self.running.port) as client:
                    client.ehlo()
                    exchange = MECHANISMS[mechanism](user, right_secret(mechanism, user))
                    self.assertEqual(self.stepwise(client, mechanism, exchange, hang_up), outcome)

    @staticmethod
    def stepwise(client, mechanism, exchange, before):
        """The outcome of a login without initial response; before(step) is called before each
        response, and step 0 is the first."""
        response, step = next(exchange), 0
        reply = client.say(f"AUTH {mechanism}")
        while reply.code == 334:
            if response is None:
                response = exchange.send(base64.b64decode(reply.text[4:]))
            before(step)
            reply, response = client.say(base64.b64encode(response).decode()), None
            step += 1
        return reply.text


class AnsweredByTheFront(SubmissionTestCase):
    """What the front says itself is what was learnt from a real failure, to the octet."""

    def setUp(self):
        super().setUp()
        self.store.add(BLOCKED)

    def judged(self, user, since):
        """How many times Dovecot said that a login of that user was wrong."""
        name = re.escape(user)
        return len(re.findall(rf"auth: Info: \S+\({name},.*", self.dovecot.log()[since:]))

    def test_local_shows_what_was_learnt(self):
        front = self.front('auth_failure = "local"\n')
        for mechanism in MECHANISMS:
            for initial in ("", "first") if mechanism != "CRAM-MD5" else ("",):
                with self.subTest(mechanism, initial_response=initial):
                    before = len(self.dovecot.log())
                    wrong = Try(front.port, mechanism, initial, ALICE, right=False)
                    self.assertGreater(self.judged(ALICE, before), 0)
                    blocked = Try(front.port, mechanism, initial, BLOCKED)
                    self.assertEqual(blocked.dialogue, wrong.dialogue)
                    self.assertEqual(self.judged(BLOCKED, before), 0)

    def test_above_the_limit_the_upstream_is_not_asked(self):
        front = self.front("auth_upstream_max = 2\n")
        before = len(self.dovecot.log())
        dialogues = [Try(front.port, "PLAIN", "first", BLOCKED).dialogue for _ in range(4)]
        self.assertEqual(dialogues, dialogues[:1] * 4)
        self.assertEqual(self.judged(BLOCKED, before), 2)


class DyingUpstream:
    """Offers every mechanism, and is gone after `steps` answers to an AUTH."""

    def __init__(self, steps):
        self.steps = steps
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 mx.dying.example ESMTP\r\n")
            for line in lines:
                if line.startswith(b"EHLO"):
                    words = " ".join(MECHANISMS).encode()
                    connection.sendall(b"250-mx.dying.example\r\n250 AUTH " + words + b"\r\n")
                elif line.startswith(b"QUIT"):
                    return
                elif line.startswith(b"AUTH"):
                    for _ in range(self.steps):
                        connection.sendall(b"334 \r\n")
                        lines.readline()
                    return

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class TheUpstreamDies(TestCase):
    def test_between_any_two_steps(self):
        for steps in range(3):
            upstream = DyingUpstream(steps)
            self.addCleanup(upstream.stop)
            front = self.daemon("--listen", "out:127.0.0.1:0",
                                upstream=f"smtp://127.0.0.1:{upstream.port}")
            for mechanism in MECHANISMS:
                with self.subTest(mechanism, steps=steps), Client(front.port) as client:
                    client.ehlo()
                    reply = client.say(f"AUTH {mechanism}")
                    said = 0
                    while reply.code == 334:
                        self.assertLess(said, steps)
                        said += 1
                        reply = client.say(encoded("x\0y\0z"))
                    self.assertEqual(reply.code, 454)
                    self.assertEqual(client.say("NOOP").code, 250)


if __name__ == "__main__":
    unittest.main()
