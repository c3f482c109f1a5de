"""`smtpblock status`: the daemons of a store, where they listen and how many sessions they have."""

import json
import os
import pwd
import signal
import subprocess
import unittest

from client import Client
from policy_client import PASSED, PolicyClient
from support import CLI, ENVIRONMENT, TestCase, go_on_as_root, need, wait_until


class Status(TestCase):
    def listener(self, name, protocol, more=""):
        return f'''
[[listener]]
name = "{name}"
protocol = "{protocol}"
listen = ["127.0.0.1:0"]
{more}
'''

    def front(self):
        return self.listener("mx", "smtp", f"upstream = [\"maildir:{self.folder / 'mail'}\"]")

    def daemons(self):
        return json.loads(self.store.run("status", "--json").stdout)["daemons"]

    def wait_sessions(self, number):
        wait_until(f"{number} sessions are told",
                   lambda: [daemon.get("sessions") for daemon in self.daemons()] == [number])

    def test_every_listener_with_its_protocol(self):
        running = self.configured(self.front() + self.listener("postfix", "policy")
                                  + self.listener("dovecot", "dovecot"), listeners=3)
        self.wait_sessions(0)
        known, = self.daemons()
        self.assertEqual(known["pid"], running.pid)
        self.assertRegex(known["since"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(known["listeners"], [
            {"name": name, "protocol": protocol, "listen": [f"127.0.0.1:{port}"]}
            for (name, protocol), port in zip(
                (("mx", "smtp"), ("postfix", "policy"), ("dovecot", "dovecot")), running.ports,
                strict=True)])
        self.assertRegex(self.store.run("status").stdout, rf"""(?m)
daemons:   smtpblockd pid {running.pid}
pid {running.pid}: +since {known["since"]}, 0 sessions
listener:  mx smtp 127.0.0.1:{running.ports[0]}
listener:  postfix policy 127.0.0.1:{running.ports[1]}
listener:  dovecot dovecot 127.0.0.1:{running.ports[2]}
$""")

    def test_sessions_come_and_go(self):
        running = self.configured(self.front() + self.listener("postfix", "policy"), listeners=2)
        with Client(running.ports[0]), PolicyClient(running.ports[1]) as asker:
            self.assertEqual(asker.ask(), PASSED)
            self.wait_sessions(2)
        self.wait_sessions(0)

    def test_a_reload_is_seen(self):
        running = self.configured(self.front())
        (self.folder / "smtpblock.toml").write_text(self.front()
                                                    + self.listener("postfix", "policy"))
        os.kill(running.pid, signal.SIGHUP)
        wait_until("the second one is told", lambda: [
            listener["name"] for listener in self.daemons()[0].get("listeners", [])
        ] == ["mx", "postfix"])

    def test_what_was_deleted_is_said_again(self):
        self.configured(self.front())
        self.wait_sessions(0)
        (self.folder / "store/seen").rename(self.folder / "away")
        self.assertNotIn("sessions", self.daemons()[0])
        (self.folder / "store/seen").mkdir()
        self.wait_sessions(0)

    def test_root_reads_as_whoever_wrote_it(self):
        nobody = pwd.getpwnam("nobody")
        self.configured(self.front())
        self.wait_sessions(0)
        seen = self.folder / "store/seen"
        os.chown(seen, nobody.pw_uid, nobody.pw_gid)
        for file in seen.iterdir():
            os.chown(file, nobody.pw_uid, nobody.pw_gid)
        traced = subprocess.run([need("strace"), "-f", "-e", "trace=openat,setresuid", CLI, "--store",
                                 str(self.store.path), "--json", "status"], text=True, check=True,
                                capture_output=True,
                                env=ENVIRONMENT | {"ASAN_OPTIONS": "detect_leaks=0"})
        self.assertIn('"sessions":0', traced.stdout)
        became = traced.stderr.index(f"setresuid({nobody.pw_uid}")
        self.assertEqual([traced.stderr.index(f"{seen}/daemon-") > became,
                          traced.stderr.count(f"{seen}/daemon-")], [True, 1])

    def test_nothing_stays(self):
        running = self.configured(self.front())
        self.wait_sessions(0)
        running.kill()
        self.assertEqual(self.daemons(), [])
        self.assertEqual([file.name for file in (self.folder / "store/seen").glob("daemon-*")],
                         [f"daemon-{running.pid}"])
        second = self.configured(self.front())
        self.wait_sessions(0)
        self.assertEqual([file.name for file in (self.folder / "store/seen").glob("daemon-*")],
                         [f"daemon-{second.pid}"])
        second.stop()
        self.assertEqual(list((self.folder / "store/seen").glob("daemon-*")), [])

    def test_a_daemon_that_may_not_say_it_is_named_still(self):
        (self.folder / "store/seen").rename(self.folder / "away")
        running = self.configured(self.front())
        running.wait_log("smtpblock status cannot tell where this daemon listens: ")
        self.assertEqual(self.daemons(), [{"pid": running.pid}])


if __name__ == "__main__":
    go_on_as_root()
    unittest.main()
