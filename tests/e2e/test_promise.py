"""The promise as a race. One thread adds and deletes a rule with the CLI in a loop while others send
through many sessions; every AUTH, RCPT and message that was accepted, at the client and at the
upstream, is compared with the moment at which the command returned (judge.py).

Some sessions go on as fast as they can; others wait just before a moment and speak in the very
instant in which an edit has returned. Then the expectation itself is tested: judged with `add` too
early, or with a daemon on another store, the same race must be found at fault.
"""

import itertools
import threading
import time
import unittest

from auth_policy_client import AuthPolicyClient
from client import Client, Closed
from fake_upstream import FakeUpstream
from judge import Act, Edit, judge
from policy_client import PASSED, PolicyClient
from support import LONG, Store, TestCase

ACCOUNT, SECRET = "spammer@example.com", "correct horse"
SECONDS = 120 if LONG else 10
ENOUGH = 30  # judged acts of each moment, blocked and free, or the race has shown nothing
REFUSALS = 10  # a session; the daemon's limit of errors is above it
HEADER = b"Subject: race\r\n\r\nHello %s\r\n"


class Race:
    """Edits and senders until the time is over; then `edits` and `acts`."""

    def __init__(self, store, ports, seconds):
        self.store = store
        self.ports = ports
        self.edits = []
        self.acts = []
        self.errors = []
        self._numbers = itertools.count()
        self._edited = threading.Condition()
        self._count = 0  # of edits that have returned
        self._aiming = 0  # sharpshooters that wait for the next one
        self._sharpshooters = 3 * len(ports)
        self._over = False
        self._begun = time.monotonic()
        self._seconds = seconds

    def run(self):
        work = [self._edit] + 3 * [self._free_runner]
        work += [lambda moment=moment, port=port: self._sharpshooter(moment, port)
                 for port in self.ports for moment in ("auth", "rcpt", "end")]
        threads = [threading.Thread(target=self._guarded, args=(task,)) for task in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.errors:
            raise self.errors[0]
        return self

    def _guarded(self, task):
        try:
            task()
        except Exception as error:  # shown by run()
            self.errors.append(error)
            self._announce(over=True)

    def _announce(self, over=False):
        with self._edited:
            self._count += 1
            self._aiming = 0
            self._over = self._over or over
            self._edited.notify_all()

    def _edit(self):
        while not self._over and not self._long_enough():
            times = [time.monotonic()]
            self.store.add(ACCOUNT)
            times.append(time.monotonic())
            self._announce()
            self._until_all_aim()
            times.append(time.monotonic())
            self.store.delete(ACCOUNT)
            times.append(time.monotonic())
            self.edits.append(Edit(*times))
            self._announce()
            self._until_all_aim()
        self._announce(over=True)

    def _long_enough(self):
        """On a slow machine it takes longer until there have been enough edits."""
        passed = time.monotonic() - self._begun
        return passed > 10 * self._seconds or (passed > self._seconds and len(self.edits) > ENOUGH)

    def _until_all_aim(self):
        """Until every sharpshooter has had its answer and stands before the next shot."""
        with self._edited:
            self._edited.wait_for(lambda: self._over or self._aiming == self._sharpshooters, 1)

    def _record(self, moment, who, reply):
        self.acts.append(Act(moment, who, reply.asked, reply.got, reply.code < 400))
        return reply.code < 400

    def _next_edit(self):
        with self._edited:
            seen = self._count
            self._aiming += 1
            self._edited.notify_all()
            self._edited.wait_for(lambda: self._over or self._count > seen)

    def _recipient(self):
        """One that was never used before, so that the upstream's record can be compared."""
        return f"alice{next(self._numbers)}@example.org"

    def _free_runner(self):
        """Whole transactions, one after the other, in sessions that last."""
        while not self._over:
            for port in self.ports:
                try:
                    with Client(port) as client:
                        client.ehlo()
                        refused = 0
                        while not self._over and refused < REFUSALS:
                            refused += not self._transaction(client)
                except Closed:
                    pass

    def _transaction(self, client):
        """True when the message was taken."""
        client.mail(ACCOUNT)
        who = self._recipient()
        accepted = self._record("rcpt", who, client.rcpt(who))
        if accepted and client.say("DATA").code == 354:
            client.send(HEADER % who.encode())
            client.send(b".\r\n")
            return self._record("end", who, client.reply())
        client.say("RSET")
        return False

    def _sharpshooter(self, moment, port):
        """Goes up to the moment, waits for an edit to return, and speaks at once."""
        shoot = {"auth": self._shoot_auth, "rcpt": self._shoot_rcpt, "end": self._shoot_end}
        while not self._over:
            try:
                with Client(port) as client:
                    client.ehlo()
                    shoot[moment](client)
            except Closed:
                pass

    def _shoot_auth(self, client):
        for _ in range(REFUSALS):
            self._next_edit()
            if self._over or self._record("auth", "account", client.auth_plain(ACCOUNT, SECRET)):
                return  # one login a session

    def _shoot_rcpt(self, client):
        client.mail(ACCOUNT)
        for _ in range(REFUSALS):
            self._next_edit()
            who = self._recipient()
            self._record("rcpt", who, client.rcpt(who))

    def _shoot_end(self, client):
        client.mail(ACCOUNT)
        who = self._recipient()
        if not self._record("rcpt", who, client.rcpt(who)) or client.say("DATA").code != 354:
            self._next_edit()
            return
        client.send(HEADER % who.encode())
        self._next_edit()
        client.send(b".\r\n")
        self._record("end", who, client.reply())


class PolicyRace(Race):
    """The same through listeners for policy requests, where each moment is a request."""

    STATES = {"auth": {"protocol_state": "AUTH", "sasl_username": ACCOUNT},
              "rcpt": {"protocol_state": "RCPT", "sender": ACCOUNT},
              "data": {"protocol_state": "DATA", "sasl_username": ACCOUNT},
              "end": {"protocol_state": "END-OF-MESSAGE", "sender": ACCOUNT}}

    def _ask(self, client, moment):
        action = client.ask(**self.STATES[moment])
        self.acts.append(Act(moment, "account", client.asked, client.got, action == PASSED))

    def _free_runner(self):
        while not self._over:
            for port in self.ports:
                with PolicyClient(port) as client:
                    for moment in 5 * list(self.STATES):
                        self._ask(client, moment)

    def _sharpshooter(self, moment, port):
        with PolicyClient(port) as client:
            while not self._over:
                self._next_edit()
                self._ask(client, moment)


class DovecotRace(PolicyRace):
    """The same through a listener for Dovecot, who asks about logins alone."""

    def _ask(self, client, moment):
        answer = client.ask(ACCOUNT)
        self.acts.append(Act("auth", "account", answer.asked, answer.got, answer.status == 0))

    def _free_runner(self):
        with AuthPolicyClient(self.ports[0]) as client:
            while not self._over:
                for _ in range(10):
                    self._ask(client, "auth")
                with self._edited:
                    self._edited.wait(0.01)  # the others want to ask too

    def _sharpshooter(self, moment, port):
        with AuthPolicyClient(port) as client:
            while not self._over:
                self._next_edit()
                self._ask(client, "auth")


class Promise(TestCase):
    def setUp(self):
        super().setUp()
        self.upstream = FakeUpstream(users={ACCOUNT: SECRET})
        self.addCleanup(self.upstream.stop)

    def race(self, seconds, store=None):
        listeners = ("--listen", "in:127.0.0.1:0", "--listen", "out:127.0.0.1:0")
        front = self.daemon(*listeners, upstream=self.upstream.spec, listeners=2, store=store)
        return Race(self.store, front.ports, seconds).run()

    def assert_upstream_agrees(self, acts):
        """It accepted what the clients were told it did, not one login or recipient more."""
        accepted = {moment: {act.who for act in acts if act.moment == moment and act.accepted}
                    for moment in ("rcpt", "end")}
        taken = {recipient for message in self.upstream.messages
                 for recipient in message.recipients}
        told = {heard.line.decode()[len("RCPT TO:<"):].split(">")[0]
                for heard in self.upstream.heard("RCPT")}
        self.assertEqual(taken, accepted["end"])
        self.assertEqual(told, accepted["rcpt"])
        self.assertEqual(sum(login.accepted for login in self.upstream.logins),
                         sum(act.accepted for act in acts if act.moment == "auth"))

    def policy_race(self, seconds, store=None):
        door = self.configured("".join(
            f'[[listener]]\nname = "{name}"\nprotocol = "policy"\nlisten = "127.0.0.1:0"\n'
            f'direction = "{name}"\n' for name in ("in", "out")), listeners=2, store=store)
        return PolicyRace(self.store, door.ports, seconds).run()

    def dovecot_race(self, seconds, store=None):
        door = self.configured('[[listener]]\nprotocol = "dovecot"\nlisten = "127.0.0.1:0"\n',
                               store=store)
        return DovecotRace(self.store, door.ports, seconds).run()

    def assert_kept(self, race, moments):
        """No act says otherwise, and there were enough; but judged wrongly there is one."""
        verdict = judge(race.acts, race.edits)
        print(f"{len(race.edits)} edits, {len(race.acts)} acts; "
              f"blocked for sure {verdict.blocked}, free for sure {verdict.free}")
        self.assertEqual(verdict.violations, [])
        for moment in moments:
            self.assertGreater(verdict.blocked.get(moment, 0), ENOUGH, moment)
            self.assertGreater(verdict.free.get(moment, 0), ENOUGH, moment)

        early = [edit._replace(add_returned=edit.add_begun - 0.05, add_begun=edit.add_begun - 0.1)
                 for edit in race.edits]
        self.assertNotEqual(judge(race.acts, early).violations, [],
                            "judged with add returning too early, the race must be at fault")

    def assert_found_out(self, race, moments):
        violations = judge(race.acts, race.edits).violations
        for moment in moments:
            self.assertTrue(any(text.startswith(moment) for text in violations), moment)

    def test_what_is_typed_now_holds_now(self):
        race = self.race(SECONDS)
        self.assert_kept(race, ("auth", "rcpt", "end"))
        self.assert_upstream_agrees(race.acts)

    def test_what_is_typed_now_holds_for_the_next_policy_request(self):
        self.assert_kept(self.policy_race(SECONDS), PolicyRace.STATES)

    def test_what_is_typed_now_holds_for_the_next_login_that_dovecot_asks_about(self):
        self.assert_kept(self.dovecot_race(SECONDS), ("auth",))

    def test_a_daemon_on_another_store_is_found_out(self):
        other = Store(self.folder / "other").init()
        self.assert_found_out(self.race(2, store=other), ("auth", "rcpt", "end"))
        self.assert_found_out(self.policy_race(2, store=other), PolicyRace.STATES)
        self.assert_found_out(self.dovecot_race(2, store=other), ("auth",))


if __name__ == "__main__":
    unittest.main()
