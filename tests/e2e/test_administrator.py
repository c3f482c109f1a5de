"""What the sender is not told, the administrator is: for each kind of block what the client saw, the
line in the log, `check` in the same words, `probe` on the wire, and what `show` says the rule
caught."""

import fcntl
import grp
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import stat
import subprocess
import unittest
from unittest import mock

import support
from client import Client
from fake_upstream import FakeUpstream
from support import TestCase, wait_until

BOB, SECRET = "bob@example.com", "correct horse"
SENDER, TO, NAME = "sender@example.net", "alice@example.org", "ylmf-pc"
WRONG = "535 5.7.8 No such luck"
REFUSED = f"554 5.7.1 <{TO}>: Recipient address rejected: Access denied"
LISTENERS = """\
[[listener]]
name = "mx"
listen = ["127.0.0.1:0"]
upstream = "{upstream}"
client_address = "none"

[[listener]]
name = "submission"
listen = ["127.0.0.1:0"]
direction = "out"
auth_domain = "example.com"
upstream = "{upstream}"
client_address = "none"
rcpt_reply = "554 5.7.1 <{{rcpt}}>: Recipient address rejected: Access denied"
"""


class Administrator(TestCase):
    def setUp(self):
        super().setUp()
        self.upstream = FakeUpstream(users={BOB: SECRET})
        self.addCleanup(self.upstream.stop)

    def front(self, more=""):
        self.running = self.configured(
            f'store = "{self.store.path}"\n' + LISTENERS.format(upstream=self.upstream.spec) + more,
            listeners=2)

    def client(self, listener="mx", name="client.example.net"):
        client = Client(self.running.ports[("mx", "submission").index(listener)])
        self.addCleanup(client.close)
        client.ehlo(name)
        return client

    def add(self, pattern, *options):
        """The ID of the new rule."""
        return json.loads(self.store.run("add", "--json", *options, pattern).stdout)["id"]

    # What the administrator asks

    def assert_logged(self, line, number=1):
        """The whole line, where SESSION stands for what all lines of one session have; the last of
        so many."""
        pattern = "^" + re.escape(line).replace("SESSION", r"(\w+)") + "$"
        return re.match(pattern, self.running.wait_log(pattern, skip=number - 1))[1]

    def assert_check(self, *options, says, status=10):
        self.assertEqual(self.store.run("check", *options, status=status).stdout,
                         says.replace(" ", "\t") + "\n")

    def probe(self, listener, *options, status=10):
        port = self.running.ports[("mx", "submission").index(listener)]
        with mock.patch.dict(support.ENVIRONMENT, SMTPBLOCK_PROBE_PASSWORD=SECRET):
            said = json.loads(self.store.run("probe", f"127.0.0.1:{port}", "--to", TO, "--json",
                                             *options, status=status).stdout)
        return said["verdict"], said["at"], said["code"]

    def shown(self, rule):
        return json.loads(self.store.run("show", "--json", str(rule)).stdout)

    def assert_caught(self, rule, hits, *values):
        """So many hits, and these values last, the newest first."""
        wait_until(f"{hits} hits", lambda: self.shown(rule).get("hits", 0) >= hits)
        shown = self.shown(rule)
        self.assertEqual(shown["hits"], hits)
        self.assertEqual([(one["field"], one["value"]) for one in shown["caught"]], list(values))
        self.assertGreaterEqual(shown["last_hit"], shown["created"])
        self.assertEqual(shown["last_hit"], shown["caught"][0]["last"])

    # Logins

    def test_an_account_that_the_upstream_refuses_and_then_the_daemon(self):
        self.front("auth_upstream_max = 1\n")
        rule = self.add(BOB)
        client = self.client("submission")
        line = (f"block session=SESSION listener=submission at=auth rule={rule} action=reject "
                f"field=user client=127.0.0.1 ehlo=client.example.net user={BOB} answer=")
        self.assertEqual(client.auth_plain(BOB, SECRET).text, WRONG)
        session = self.assert_logged(line + "upstream")
        self.assertEqual(client.auth_plain("bob", SECRET).text, WRONG)
        self.assertEqual(self.assert_logged(line + "local"), session)
        self.assertEqual(len(self.upstream.logins), 1)
        self.assert_check("--dir", "out", "--user", "bob@example.com",
                          says=f"out reject {rule} user {BOB} -")
        self.assert_caught(rule, 2, ("user", BOB))
        self.assertEqual(self.probe("submission", "--user", BOB), ("refused", "AUTH", 535))
        self.assert_caught(rule, 3, ("user", BOB))

    def test_the_daemon_refuses_all(self):
        self.front('auth_failure = "local"\n')
        rule = self.add("@example.com")
        client = self.client("submission")
        self.assertEqual(client.auth_plain(BOB, SECRET).code, 535)
        self.assert_logged(
            f"block session=SESSION listener=submission at=auth rule={rule} action=reject "
            f"field=user client=127.0.0.1 ehlo=client.example.net user={BOB} answer=local")
        self.assertEqual(self.upstream.logins, [])

    def test_who_passes_or_fails_by_himself_has_another_line(self):
        self.front()
        client = self.client("submission")
        self.assertEqual(client.auth_plain(BOB, "wrong").text, WRONG)
        line = (f"auth session=SESSION listener=submission at=auth client=127.0.0.1 "
                f"ehlo=client.example.net user={BOB} result=")
        self.assert_logged(line + "refused")
        self.assertEqual(client.auth_plain(BOB, SECRET).code, 235)
        self.assert_logged(line + "accepted")

    def test_a_name_in_ehlo(self):
        self.front()
        rule = self.add(NAME, "--type", "ehlo")
        client = self.client("submission", NAME)
        self.assertEqual(client.auth_plain(BOB, SECRET).text, WRONG)
        client.ehlo("another.example")
        client.mail(BOB)
        self.assertEqual(client.rcpt(TO).text, REFUSED)
        where = f"rule={rule} action=reject field=ehlo client=127.0.0.1 ehlo={NAME}"
        session = self.assert_logged(
            f"block session=SESSION listener=submission at=auth {where} user={BOB} answer=upstream")
        self.assertEqual(session, self.assert_logged(
            f"block session=SESSION listener=submission at=rcpt {where} from=<{BOB}> to=<{TO}>"))
        self.assert_check("--dir", "out", "--ehlo", "another.example", "--ehlo", NAME,
                          says=f"out reject {rule} ehlo {NAME} -")
        self.assertEqual(self.probe("submission", "--ehlo", NAME, "--user", BOB),
                         ("refused", "AUTH", 535))
        self.assertEqual(self.probe("mx", "--ehlo", NAME), ("refused", "RCPT TO", 554))
        self.assert_caught(rule, 4, ("ehlo", NAME))

    # Mail

    def test_a_sender_and_the_other_rules_that_matched(self):
        self.front()
        rule = self.add(SENDER)
        domain = self.add("example.net", "--type", "email", "--action", "defer")
        client = self.client()
        client.mail("Sender+x@Example.NET")
        self.assertEqual(client.rcpt(TO).text, REFUSED)
        self.assert_logged(
            f"block session=SESSION listener=mx at=rcpt rule={rule} action=reject field=sender "
            f"also={domain} client=127.0.0.1 ehlo=client.example.net from=<Sender+x@Example.NET> to=<{TO}>")
        self.assert_check("--dir", "in", "--from", "sender+x@example.net",
                          says=f"in reject {rule} sender {SENDER} {domain}")
        self.assertEqual(self.probe("mx", "--from", SENDER), ("refused", "RCPT TO", 554))
        self.assert_caught(rule, 2, ("sender", SENDER), ("sender", "sender+x@example.net"))
        self.assertNotIn("hits", self.shown(domain))

    def test_defer(self):
        self.front()
        rule = self.add(SENDER, "--action", "defer")
        client = self.client()
        client.mail(SENDER)
        self.assertEqual(client.rcpt(TO).code, 450)
        self.assert_logged(
            f"defer session=SESSION listener=mx at=rcpt rule={rule} action=defer field=sender "
            f"client=127.0.0.1 ehlo=client.example.net from=<{SENDER}> to=<{TO}>")
        self.assert_check("--dir", "in", "--from", SENDER,
                          says=f"in defer {rule} sender {SENDER} -")
        self.assertEqual(self.probe("mx", "--from", SENDER), ("deferred", "RCPT TO", 450))
        self.assert_caught(rule, 2, ("sender", SENDER))

    def test_defer_of_an_account(self):
        self.front()
        rule = self.add(BOB, "--action", "defer")
        self.assertEqual(self.client("submission").auth_plain(BOB, SECRET).text, WRONG)
        self.assert_logged(
            f"defer session=SESSION listener=submission at=auth rule={rule} action=defer "
            f"field=user client=127.0.0.1 ehlo=client.example.net user={BOB} answer=upstream")
        self.assert_check("--dir", "out", "--user", BOB, says=f"out defer {rule} user {BOB} -")
        self.assertEqual(self.probe("submission", "--user", BOB), ("refused", "AUTH", 535))

    def test_a_rule_that_comes_late(self):
        self.front()
        at_data, at_end = self.client(), self.client()
        for client in (at_data, at_end):
            client.mail(SENDER)
            self.assertEqual(client.rcpt(TO).code, 250)
        self.assertEqual(at_end.say("DATA").code, 354)
        rule = self.add(SENDER)
        self.assertEqual(at_data.say("DATA").code, 554)
        self.assertEqual(at_end.body(b"Subject: x\r\n\r\ntext").code, 554)
        for moment in ("data", "end"):
            self.assert_logged(
                f"block session=SESSION listener=mx at={moment} rule={rule} action=reject "
                f"field=sender client=127.0.0.1 ehlo=client.example.net from=<{SENDER}>")
        self.assert_caught(rule, 2, ("sender", SENDER))

    def test_a_rule_that_comes_after_the_login(self):
        self.front()
        client = self.client("submission")
        self.assertEqual(client.auth_plain(BOB, SECRET).code, 235)
        rule = self.add(BOB)
        client.mail("alias@example.net")
        self.assertEqual(client.rcpt(TO).text, REFUSED)
        self.assert_logged(
            f"block session=SESSION listener=submission at=rcpt rule={rule} action=reject "
            f"field=user client=127.0.0.1 ehlo=client.example.net from=<alias@example.net> "
            f"user={BOB} to=<{TO}>")
        self.assert_caught(rule, 1, ("user", BOB))

    def test_a_trial_stops_nobody_and_is_counted(self):
        self.front()
        rule = self.add(SENDER, "--action", "log")
        self.assertEqual(self.client().message(SENDER, TO).code, 250)
        for moment, more in (("rcpt", f" to=<{TO}>"), ("data", ""), ("end", "")):
            self.assert_logged(
                f"trial session=SESSION listener=mx at={moment} rule={rule} action=log "
                f"field=sender client=127.0.0.1 ehlo=client.example.net from=<{SENDER}>{more}")
        self.assert_check("--dir", "in", "--from", SENDER, says=f"in pass - - - {rule}", status=0)
        self.assertEqual(self.probe("mx", "--from", SENDER, status=0),
                         ("accepted", "RCPT TO", 250))
        self.assert_caught(rule, 4, ("sender", SENDER))

    # What is counted

    def test_the_last_five_values(self):
        self.front()
        rule = self.add("*-pc", "--type", "ehlo")
        names = [f"n{number}-pc" for number in range(7)]
        for name in names:
            client = self.client(name=name)
            client.mail(SENDER)
            client.rcpt(TO)
        self.assert_caught(rule, 7, *(("ehlo", name) for name in names[:1:-1]))

    def test_it_is_written_before_the_daemon_ends_and_goes_on_with_the_next_one(self):
        rule = self.add(NAME, "--type", "ehlo")
        for hits in (1, 2):
            self.front()
            client = self.client(name=NAME)
            client.mail(SENDER)
            client.rcpt(TO)
            client.close()
            self.running.stop()
            self.assert_caught(rule, hits, ("ehlo", NAME))

    def test_for_people(self):
        self.front()
        rule = self.add(NAME, "--type", "ehlo")
        self.assertNotIn("hits", self.store.run("show", str(rule)).stdout)
        self.assertEqual(self.probe("mx", "--ehlo", NAME), ("refused", "RCPT TO", 554))
        self.assert_caught(rule, 1, ("ehlo", NAME))
        self.assertRegex(self.store.run("show", str(rule)).stdout,
                         rf"\nhits:        1\nlast hit:    \S+\ncaught:      ehlo {NAME}, \S+\n$")

    def test_what_was_counted_may_be_deleted_or_damaged(self):
        self.front()
        rule = self.add(NAME, "--type", "ehlo")
        seen = self.folder / "store/seen"
        for harm in (lambda: [file.unlink() for file in seen.iterdir()],
                     lambda: (seen / "data.mdb").write_bytes(os.urandom(65536))):
            self.probe("mx", "--ehlo", NAME)
            wait_until("it is counted", lambda: "hits" in self.shown(rule))
            harm()
            self.assertNotIn("hits", self.shown(rule))
        self.probe("mx", "--ehlo", NAME)
        self.running.wait_log(r"^store detail=.*damaged")
        wait_until("it is counted again", lambda: "hits" in self.shown(rule))

    def counted_by_nobody(self):
        """The ID of a rule that the daemon of another user caught once, in a store as `init` makes
        it for his group where there is no user smtpblock."""
        nobody = pwd.getpwnam("nobody")
        self.store = support.Store(self.folder / "group")
        self.store.run("init", "--group", grp.getgrgid(nobody.pw_gid).gr_name)
        self.seen = self.folder / "group/seen"
        rule = self.add(NAME, "--type", "ehlo")
        front = self.daemon(upstream=self.upstream.spec, user=str(nobody.pw_uid),
                            program=shutil.copy(support.DAEMON, self.folder / "smtpblockd"))
        with Client(front.port) as client:
            client.ehlo(NAME)
            client.mail(SENDER)
            client.rcpt(TO)
        self.assert_caught(rule, 1, ("ehlo", NAME))
        front.stop()
        for name, mode in (("data.mdb", 0o640), ("lock.mdb", 0o660)):
            info = (self.seen / name).stat()
            self.assertEqual((info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)),
                             (nobody.pw_uid, nobody.pw_gid, mode))
        return rule

    def assert_not_known(self, rule):
        done = self.store.run("show", "--json", str(rule))
        self.assertNotIn("hits", json.loads(done.stdout))
        self.assertIn("what it caught is not known", done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "only root reads what is another user's")
    def test_root_reads_it_as_its_owner(self):
        rule = self.counted_by_nobody()
        # What root would take for a record, if it came to read it.
        own = self.folder / "own"
        shutil.copytree(self.seen, own)
        contents = {file.name: file.read_bytes() for file in own.iterdir()}
        for name in ("data.mdb", "lock.mdb"):
            (own / name).chmod(0o600)
            for put in ((self.seen / name).symlink_to, (self.seen / name).hardlink_to):
                (self.seen / name).rename(self.folder / "kept")
                put(own / name)
                self.assert_not_known(rule)
                (self.folder / "kept").rename(self.seen / name)
        for put in (os.symlink, os.link):
            for name in ("data.mdb", "lock.mdb"):
                (self.seen / name).unlink()
                put(own / name, self.seen / name)
            self.assert_not_known(rule)
        self.assertEqual(contents, {file.name: file.read_bytes() for file in own.iterdir()})

    @unittest.skipUnless(os.geteuid() == 0, "only root reads what is another user's")
    def test_root_waits_for_its_owner_no_longer_than_ten_seconds(self):
        rule = self.counted_by_nobody()
        with open(self.seen / "lock.mdb", "r+b") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            show = subprocess.Popen([support.CLI, "--store", self.store.path, "show", str(rule)],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                    env=support.ENVIRONMENT)
            self.addCleanup(show.kill)
            children = pathlib.Path(f"/proc/{show.pid}/task/{show.pid}/children")
            child = int(wait_until("there is a child", children.read_text))
            owner = f"\nUid:\t{pwd.getpwnam('nobody').pw_uid}\t"
            status = pathlib.Path(f"/proc/{child}/status")
            wait_until("it has become its owner", lambda: owner in status.read_text())
            os.kill(child, signal.SIGSTOP)
            self.assertEqual(os.getsid(child), child)  # without root's terminal
            said = show.communicate(timeout=30)
        self.assertEqual(show.returncode, 0)
        self.assertIn("what it caught is not known", said[1])


if __name__ == "__main__":
    unittest.main()
