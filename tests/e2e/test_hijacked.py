"""What SECURITY of smtpblockd(8) says of a daemon in the wrong hands: its user reads the rules and
can stop the command line; he changes no rule, and root falls into none of his traps."""

import os
import pathlib
import signal
import subprocess
import time
import unittest

from support import CLI, ENVIRONMENT, Store, TestCase

USER = 65534  # that the daemon runs as
AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs"]


@unittest.skipUnless(os.geteuid() == 0, "only root can make a store for another user")
class Hijacked(TestCase):
    def setUp(self):
        super().setUp()
        self.store = Store(self.folder / "service")
        self.store.run("init", "--group", str(USER))
        self.path = pathlib.Path(self.store.path)
        self.rules = self.path / "rules"
        self.store.add("bob@example.com")

    def as_user(self, script):
        """The exit status of a script of the hijacker's."""
        return subprocess.run([*AS_USER, "sh", "-c", script], cwd="/", capture_output=True,
                              timeout=60).returncode

    def test_he_changes_no_rule(self):
        before = (self.rules / "data.mdb").read_bytes()
        self.assertEqual(self.as_user(f"cat {self.rules}/data.mdb"), 0)
        for script in (f": >> {self.rules}/data.mdb", f": > {self.rules}/data.mdb",
                       f"mv {self.rules}/data.mdb {self.rules}/x", f"rm -f {self.rules}/lock.mdb",
                       f"ln -sf /etc/passwd {self.rules}/lock.mdb", f": > {self.rules}/new",
                       f"mv {self.rules} {self.path}/x", f": > {self.path}/new",
                       f"chmod 777 {self.rules}/data.mdb"):
            with self.subTest(script):
                self.assertNotEqual(self.as_user(script), 0)
        done = subprocess.run([*AS_USER, CLI, "--store", self.store.path, "delete", "bob@example.com"],
                              cwd="/", capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertEqual((self.rules / "data.mdb").read_bytes(), before)

    def test_he_stops_the_command_line_and_no_longer(self):
        front = self.daemon()
        # So that it does not make the table anew itself, as it does when it notices.
        os.kill(front.pid, signal.SIGSTOP)
        self.assertEqual(self.as_user(f"head -c 8192 /dev/urandom | dd of={self.rules}/lock.mdb "
                                      "conv=notrunc"), 0)
        began = time.monotonic()
        done = subprocess.run([CLI, "--store", self.store.path, "add", "eve@example.com"],
                              capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
        self.assertLess(time.monotonic() - began, 25)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"^smtpblock: .*/lock\.mdb': not a table .*; stop each smtpblockd")
        front.kill()
        self.store.add("eve@example.com")
        self.assertEqual(sorted(line.split("\t")[5]
                                for line in self.store.run("list").stdout.splitlines()),
                         ["bob@example.com", "eve@example.com"])

    def test_root_reads_what_he_counted_as_he(self):
        seen = self.path / "seen"
        secret = self.folder / "secret"
        secret.write_bytes(os.urandom(16384))
        secret.chmod(0o600)
        before = secret.read_bytes()
        for name in ("data.mdb", "lock.mdb"):
            with self.subTest(name):
                self.assertEqual(self.as_user(f"mkdir -p {seen} && rm -f {seen}/* && "
                                              f"ln -s {secret} {seen}/{name}"), 0)
                said = self.store.run("show", "bob@example.com")
                self.assertIn("bob@example.com", said.stdout)
                self.assertEqual(secret.read_bytes(), before)
        self.assertEqual(self.as_user(f"rm -f {seen}/* && head -c 65536 /dev/urandom > {seen}/data.mdb && "
                                      f"head -c 8192 /dev/urandom > {seen}/lock.mdb"), 0)
        self.assertIn("bob@example.com", self.store.run("show", "bob@example.com").stdout)


if __name__ == "__main__":
    unittest.main()
