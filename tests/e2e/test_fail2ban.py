"""fail2ban with the filter, the action and the jails of daemon/fail2ban as they are installed: on
what a real daemon logs, nobody can have anybody else banned or blocked by what he says."""

import ast
import json
import os
import subprocess
import time
import unittest
from datetime import datetime

from auth_policy_client import AuthPolicyClient
from client import Client
from fail2ban import OURS, SHIPPED, Fail2ban, configuration
from fake_upstream import FakeUpstream
from recipes import files_of, replace
from support import CLI, TestCase, hash_of, need, wait_until

BOB, ALICE, CAROL = "bob@example.com", "alice@example.com", "carol@example.com"
PASSWORD = "secret"
BOT, VICTIM = "192.0.2.66", "198.51.100.7"
# What would be an address or an account, were it not quoted.
HOSTILE_NAMES = (
    f"client={VICTIM}",
    f"x client={VICTIM} ehlo=y result=refused",
    f'x"client={VICTIM}',
    f"x\\\" client={VICTIM} ehlo=y result=refused",
    f"x from=<a@b.example> user={ALICE} recipients=1 reply=",
    f'x\\" from=<a@b.example> user={ALICE} recipients=1 reply=x',
)
HOSTILE_LOCAL_PARTS = (
    f"x> user={ALICE} recipients=1 reply=",
    f'x\\" user={ALICE} recipients=1 reply=',
    f"x> user={ALICE} client={VICTIM} result=refused",
)
HOSTILE_ACCOUNTS = (
    f"x client={VICTIM} ehlo=y result=refused",
    f'x" client={VICTIM} result=refused',
    f"client={VICTIM}",
)
# A jail that takes whatever stands there for an account.
ANYTHING = {
    f"{SHIPPED}/filter.d/anything.conf": "[Definition]\nfailregex = ^ account <F-ID>.*</F-ID>$\n",
    f"{SHIPPED}/jail.d/anything.conf": """\
[anything]
enabled = true
filter = anything
action = smtpblock
maxretry = 1
""",
}

# Who is banned again is banned for 4 s more, and a fraction.
LONGER = {
    f"{SHIPPED}/fail2ban.d/memory.local": "[Definition]\ndbfile = :memory:\n",
    f"{SHIPPED}/jail.d/longer.local": """\
[anything]
bantime = 6
bantime.increment = true
bantime.formula = ban.Time + 4.6
""",
}


def as_syslog(lines):
    """As rsyslog writes them, and as fail2ban puts together what the journal has."""
    now = time.strftime("%b %d %H:%M:%S")
    return "".join(f"{now} mail smtpblockd[812]: {line}\n" for line in lines)


class LoggedTestCase(TestCase):
    """A daemon with accounts and a mailbox, to which clients come through a balancer."""

    def setUp(self):
        super().setUp()
        users = "".join(f'"{user}" = "{hash_of(PASSWORD)}"\n' for user in (BOB, CAROL))
        self.running = self.before(f"maildir:{self.folder / 'mail'}", f"[users]\n{users}")

    def before(self, upstream, first="", last=""):
        """A daemon with that upstream; the settings are those before the listener and its last."""
        return self.configured(f"""
{first}
[[listener]]
name = "of users"
direction = "out"
listen = ["127.0.0.1:0"]
upstream = ["{upstream}"]
proxy_from = ["127.0.0.1"]
auth_without_tls = true
{last}
""")

    def client(self, name, address=BOT):
        client = Client(self.running.port,
                        first=f"PROXY TCP4 {address} 127.0.0.1 1 2\r\n".encode())
        self.addCleanup(client.close)
        client.ehlo(name)
        return client

    def log_in_and_send(self, user, senders, name="pc.example.com"):
        client = self.client(name)
        self.assertEqual(client.auth_plain(user, PASSWORD).code, 235)
        for sender in senders:
            self.assertEqual(client.message(sender, "someone@example.org").code, 250)

    def be_hostile(self):
        """Once for each thing that a client can say: who fails to log in, and who sends mail."""
        for name in HOSTILE_NAMES:
            client = self.client(name)
            self.assertEqual(client.auth_plain(BOB, "wrong").code, 535)
            client.mail(f'"{HOSTILE_LOCAL_PARTS[0]}"@example.net')
            self.log_in_and_send(BOB, [BOB], name)
        for account in HOSTILE_ACCOUNTS:
            self.assertEqual(self.client("pc").auth_plain(account, "wrong").code, 535)
        self.log_in_and_send(BOB, [f'"{local}"@example.net' for local in HOSTILE_LOCAL_PARTS])
        failures = len(HOSTILE_NAMES) + len(HOSTILE_ACCOUNTS)
        messages = len(HOSTILE_NAMES) + len(HOSTILE_LOCAL_PARTS)
        self.running.wait_log("^pass ", skip=messages - 1)
        return failures, messages


class Filter(LoggedTestCase):
    """By fail2ban-regex(1)."""

    def found(self, mode):
        """Whom it finds, once for each line."""
        etc = self.folder / "etc"
        if not etc.exists():
            configuration(etc)
        log = self.folder / "log"
        log.write_text(as_syslog(self.running.log))
        done = subprocess.run([need("fail2ban-regex"), "-c", str(etc), "--usedns", "no", "--out", "id",
                               str(log), f"smtpblockd[mode={mode}]"],
                              text=True, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout.split()

    def test_failed_logins(self):
        self.client("pc").auth_plain(BOB, "wrong")
        self.store.add(CAROL)
        self.store.add("deferred@example.com", "--action", "defer")
        self.client("pc", VICTIM).auth_plain(CAROL, PASSWORD)
        self.client("pc").auth_plain("deferred@example.com", PASSWORD)
        self.running.wait_log("^defer ")
        self.assertEqual(self.found("login"), [BOT, VICTIM, BOT])

    def test_what_is_no_failed_login(self):
        self.store.add("ylmf-pc", "--type", "ehlo", "--action", "log")
        self.log_in_and_send(BOB, [BOB], "ylmf-pc")
        self.store.add("blocked@example.net")
        client = self.client("pc")
        client.mail("blocked@example.net")
        client.rcpt("someone@example.org")
        self.running.wait_log("^block ")
        self.assertEqual(self.found("login"), [])

    def test_a_login_that_dovecot_asks_about(self):
        """In its own log he looks like those whose password was wrong, whom we do not know."""
        self.running = self.configured('''
[[listener]]
protocol = "dovecot"
listen = ["127.0.0.1:0"]
''')
        self.store.add(BOB)
        with AuthPolicyClient(self.running.port) as dovecot:
            self.assertEqual(dovecot.ask(BOB, remote=BOT).status, -1)
        self.running.wait_log(f"^block .*at=auth .*client={BOT} ")
        self.assertEqual(self.found("login"), [])

    def test_a_server_that_cannot_check_passwords(self):
        """Nobody can log in then, and clients try again and again with the right password."""
        down = FakeUpstream(users={BOB: PASSWORD}, answer=lambda verb, line: (
            b"454 4.7.0 Temporary authentication failure\r\n" if verb == "AUTH" else None))
        self.addCleanup(down.stop)
        self.running = self.before(down.spec, last='client_address = "none"')
        self.assertEqual(self.client("pc").auth_plain(BOB, PASSWORD).code, 454)
        self.running.wait_log("^auth .* result=deferred$")
        self.assertEqual(self.found("login"), [])

    def test_accounts_that_send(self):
        self.log_in_and_send(BOB, [BOB, "", BOB])
        self.log_in_and_send(CAROL, [CAROL])
        self.client("pc").auth_plain(ALICE, "wrong")
        self.running.wait_log("^auth .*refused")
        self.assertEqual(self.found("account"), [BOB, BOB, BOB, CAROL])

    def test_nobody_is_found_for_what_another_one_says(self):
        failures, messages = self.be_hostile()
        self.assertEqual(self.found("login"), [BOT] * failures, "\n".join(self.running.log))
        self.assertEqual(self.found("account"), [BOB] * messages, "\n".join(self.running.log))


class ActionTestCase(LoggedTestCase):
    """A fail2ban server whose action finds our command line and the test's store."""

    def fail2ban(self, jail, files, watched):
        self.program("smtpblock", f'exec {CLI} "$@"\n')
        running = Fail2ban(self.folder / "fail2ban", jail, watched, files,
                           PATH=f"{self.folder / 'bin'}:{os.environ['PATH']}",
                           SMTPBLOCK_STORE=self.store.path)
        self.addCleanup(running.stop)
        return running

    def program(self, name, script):
        """One that an action finds, unless there is one of that name."""
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            path.write_text("#!/bin/sh\n" + script)
            path.chmod(0o755)

    def rules(self):
        """Each from its type on, by its pattern."""
        fields = [line.split("\t") for line in self.store.run("list").stdout.splitlines()]
        return {rule[5]: rule[1:] for rule in fields}


class Action(ActionTestCase):
    """What is made of an account that is banned."""

    def fail(self, *accounts):
        """By a line each of a log, which is what is watched."""
        watched = self.folder / "watched"
        now = time.strftime("%b %d %H:%M:%S")
        with open(watched, "a") as log:
            log.write("".join(f"{now} account {account}\n" for account in accounts))
        return watched

    def ban(self, *accounts, files={}):
        return self.fail2ban("anything", {**ANYTHING, **files}, self.fail(*accounts))

    def test_an_account_is_blocked_for_the_time_of_the_ban(self):
        self.store.add(BOB, "--action", "allow", "--description", "our newsletter")
        before = self.rules()[BOB]
        began = time.time()
        running = self.ban(BOB, CAROL, "*@example.com", "?ob@example.com", "@example.com", "example.com",
                           "b\\*@example.com", "-dash@example.com", "last")
        wait_until("the last one is blocked", lambda: "last@" in self.rules())
        running.stop()
        rules = self.rules()
        self.assertEqual(rules.pop(BOB), before)
        # example.com is an account of that name, not the domain.
        self.assertEqual(set(rules), {CAROL, "example.com@", "-dash@example.com", "last@"})
        for kind, direction, action, expires, _, description in rules.values():
            self.assertEqual((kind, direction, action, description),
                             ("email", "out", "reject", "fail2ban"))
            left = datetime.fromisoformat(expires.replace("Z", "+00:00")).timestamp() - began
            self.assertAlmostEqual(left, 600, delta=60)  # bantime = 10m

    def test_an_account_is_one_word(self):
        words, ran = self.folder / "words", self.folder / "ran"
        words.touch(mode=0o666)
        self.program("smtpblock", f"for word; do :; done\nprintf '%s\\n' \"$word\" >> {words}\n")
        # Without a slash: fail2ban takes what is behind one for the length of a prefix.
        self.program("intrude", f"touch {ran}\n")
        accounts = ["x intrude", "x; intrude", "x | intrude", "x && intrude", "x & intrude",
                    "'; intrude; '", '"; intrude; "', "x' || intrude #", "$(intrude)", "`intrude`",
                    '"$(intrude)"@example.com', "$(intrude)@example.com", "<fid>$(intrude)",
                    "$0;intrude", "--store=x intrude", "a\tb;intrude", "${x:-$(intrude)}", "last"]
        self.ban(*accounts)
        wait_until("the last one is blocked", lambda: "last@" in words.read_text().split())
        self.assertEqual(words.read_text().splitlines(),
                         [account if "@" in account else account + "@" for account in accounts])
        self.assertFalse(ran.exists())

    def lasts(self):
        """Of the one rule: its ID, and how long it was to last when it was last changed, in seconds."""
        rule, = [json.loads(line) for line in self.store.run("list", "--json").stdout.splitlines()]
        moments = [datetime.fromisoformat(rule[key].replace("Z", "+00:00"))
                   for key in ("updated", "expires")]
        return rule["id"], round((moments[1] - moments[0]).total_seconds())

    def test_a_ban_that_grows_takes_the_rule_with_it(self):
        self.ban(CAROL, files=LONGER)
        wait_until("she is blocked", self.rules)
        self.assertEqual(self.lasts()[1], 6)
        wait_until("she is free again", lambda: not self.rules())
        self.fail(CAROL)
        wait_until("she is blocked anew", self.rules)
        made = self.lasts()[0]
        wait_until("for longer", lambda: self.lasts() == (made, 10))


class Words(ActionTestCase):
    """What the action runs, as fail2ban runs it, at the times that it seldom chooses."""

    def setUp(self):
        super().setUp()
        etc = self.folder / "etc"
        configuration(etc)
        for name, text in ANYTHING.items():
            path = etc / name.removeprefix(SHIPPED + "/")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        dump = subprocess.run([need("fail2ban-client"), "-c", str(etc), "-d"], text=True,
                              capture_output=True, timeout=60, check=True).stdout
        commands = [ast.literal_eval(line) for line in dump.splitlines() if line.startswith("[")]
        self.words, = [dict(command[-1]) for command in commands
                       if command[0] == "multi-set" and command[1] == "anything"]
        self.program("smtpblock", f'exec {CLI} "$@"\n')

    def run_as(self, name, account, bantime):
        script = self.words[name]
        for tag, value in [*self.words.items(), ("fid", account), ("bantime", bantime)]:
            script = script.replace(f"<{tag}>", str(value))
        subprocess.run(["/bin/sh", "-c", script], check=True, timeout=60, env={
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "SMTPBLOCK_STORE": str(self.store.path)}, capture_output=True)

    def shown(self, pattern):
        return json.loads(self.store.run("show", "--json", pattern).stdout)

    def test_what_it_made_is_prolonged(self):
        for account, pattern in (("bob", "bob@"), (CAROL, CAROL)):
            self.run_as("actionban", account, "600.25")
            made = self.shown(pattern)
            self.run_as("actionprolong", account, "86412.345")
            longer = self.shown(pattern)
            self.assertGreater(longer["expires"], made["expires"])
            for changed in ("expires", "updated"):
                made.pop(changed), longer.pop(changed)
            self.assertEqual(made, longer)
            self.run_as("actionprolong", account, "-1")
            self.assertNotIn("expires", self.shown(pattern))

    def test_what_somebody_deleted_does_not_come_back(self):
        self.run_as("actionban", CAROL, "600")
        self.store.delete(CAROL)
        self.run_as("actionprolong", CAROL, "86412")
        self.assertEqual(self.rules(), {})

    def test_what_somebody_else_made_or_changed_stays(self):
        for changed in (("--description", "a thief has her password"), ("--forever",),
                        ("--action", "allow")):
            with self.subTest(changed=changed):
                self.run_as("actionban", CAROL, "600")
                self.store.run("edit", CAROL, *changed)
                before = self.shown(CAROL)
                self.run_as("actionban", CAROL, "86412")
                self.run_as("actionprolong", CAROL, "86412")
                self.assertEqual(self.shown(CAROL), before)
                self.store.delete(CAROL)


class Jails(ActionTestCase):
    """As they are installed, and as smtpblockd(8) puts them into force."""

    def test_an_account_that_sends_too_much(self):
        self.log_in_and_send(CAROL, [CAROL] * 4)
        client = self.client("pc")
        client.auth_plain(BOB, PASSWORD)
        for _ in range(5):
            self.assertEqual(client.message(BOB, "someone@example.org").code, 250)
        self.running.wait_log("^pass ", skip=8)
        watched = self.folder / "journal"
        watched.write_text(as_syslog(self.running.log))
        files = replace(files_of("fail2ban against an account that sends too much"),
                        {"maxretry = 300": "maxretry = 5"})
        self.fail2ban("smtpblockd-account", files, watched)
        wait_until("bob is blocked", self.rules)
        self.assertEqual({pattern: rule[:3] for pattern, rule in self.rules().items()},
                         {BOB: ["email", "out", "reject"]})
        # In the session that is open too.
        client.mail(BOB)
        self.assertEqual(client.rcpt("someone@example.org").code // 100, 5)

    def test_fail2ban_starts_where_the_journal_is_the_only_log(self):
        """With Debian's jail for sshd, whose file is that of rsyslog."""
        etc = self.folder / "etc"
        configuration(etc)
        (etc / "jail.d/debian.conf").write_text(
            f"[sshd]\nenabled = true\nlogpath = {self.folder / 'auth.log'}\n")

        def starts():
            return subprocess.run([need("fail2ban-client"), "-c", str(etc), "-t"], text=True,
                                  capture_output=True, timeout=60).returncode == 0

        self.assertFalse(starts())
        files = files_of("fail2ban by the journal")
        (etc / "jail.d/sshd.local").write_text(files[f"{SHIPPED}/jail.d/sshd.local"])
        self.assertTrue(starts())

    def test_neither_is_in_force_by_itself(self):
        text = (OURS / "jail.d/smtpblockd.conf").read_text()
        self.assertEqual((text.count("\n["), text.count("\nenabled = false\n")), (2, 2))


if __name__ == "__main__":
    unittest.main()
