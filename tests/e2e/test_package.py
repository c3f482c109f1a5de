"""The Debian package: what is in it, and its life on a bare Debian 12 that systemd runs, from the
installation to the purge. With SMTPBLOCK_LONG in the environment."""

import re
import subprocess
import sys
import tempfile
import unittest

from debian_package import BUILD, GIVEN, contents, debian_package, newer, packed
from debian_tree import DebianTree, output
from support import LONG, TOP, need

UNITS = sorted(path.name for path in (TOP / "daemon").rglob("*")
               if path.suffix in (".service", ".socket"))
PAGES = ("smtpblock.1", "smtpblock-patterns.7", "smtpblockd.8", "smtpblock.toml.5")
STORE = """\
root:smtpblock 755 /var/lib/smtpblock
root:smtpblock 750 /var/lib/smtpblock/rules
root:smtpblock 640 /var/lib/smtpblock/rules/data.mdb
root:smtpblock 660 /var/lib/smtpblock/rules/lock.mdb
smtpblock:smtpblock 750 /var/lib/smtpblock/seen
"""
CONFIGURATION = """\
[[listener]]
name = "mx"
listen = "systemd:smtp"
upstream = "maildir:/var/lib/smtpblock/maildir"
"""
# Says what the front answers to a recipient of that sender, as mail to somebody would see it.
ASK = """
import smtplib, sys
with smtplib.SMTP("127.0.0.1", 25, timeout=60) as client:
    client.helo("client.example.net")
    client.mail(sys.argv[1])
    print(client.rcpt("someone@example.org")[0])
"""
# A new connection again and again until its input ends; says how many were served, and what else
# happened. A client that is there when the daemon ends hears so from it, as SMTP has it.
KEEP_ASKING = """
import select, socket, sys
served, wrong = 0, set()
while not select.select([sys.stdin], [], [], 0)[0]:
    try:
        with socket.create_connection(("127.0.0.1", 25), 60) as connection:
            said = connection.recv(512)
            connection.sendall(b"QUIT\\r\\n")
            said += connection.recv(512)
        if said.startswith(b"220 ") and (b"\\r\\n221 " in said or b"\\r\\n421 4.3.2 " in said):
            served += 1
        else:
            wrong.add(said)
    except OSError as error:
        wrong.add(str(error))
print(served, wrong or "")
"""


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.package = debian_package()

    def test_contents(self):
        found = contents(self.package)
        self.assertEqual({owner for _, owner in found.values()}, {"root/root"})
        self.assertEqual({mode for path, (mode, _) in found.items() if path.endswith("/")},
                         {"drwxr-xr-x"})
        modes = {path: mode for path, (mode, _) in found.items() if not path.endswith("/")}
        programs = {"usr/bin/smtpblock", "usr/sbin/smtpblockd"}
        self.assertEqual({path for path, mode in modes.items() if mode == "-rwxr-xr-x"}, programs)
        self.assertEqual({mode for path, mode in modes.items() if path not in programs},
                         {"-rw-r--r--"})
        expected = {f"lib/systemd/system/{name}" for name in UNITS} | {
            "etc/smtpblock/smtpblock.toml",
            "usr/lib/sysusers.d/smtpblock.conf",
            "usr/lib/tmpfiles.d/smtpblock.conf",
            "usr/share/bash-completion/completions/smtpblock",
            "usr/share/doc/smtpblock/changelog.gz",
            "usr/share/doc/smtpblock/copyright",
            "usr/share/fish/vendor_completions.d/smtpblock.fish",
            "usr/share/zsh/vendor-completions/_smtpblock",
            *(f"usr/share/man/man{page[-1]}/{page}.gz" for page in PAGES)}
        self.assertEqual(expected - set(modes), set())

    def test_control(self):
        fields = dict(re.findall(r"^(\S+): (.*)$", output("dpkg-deb", "-f", self.package), re.M))
        self.assertEqual(fields["Package"], "smtpblock")
        for needed in ("libc6 (>=", "libssl3 (>=", "libstdc++6 (>=", "systemd | "):
            self.assertIn(needed, fields["Depends"])
        control = output("dpkg-deb", "-I", self.package, "conffiles").split()
        self.assertEqual(sorted(control), sorted(
            f"/{path}" for path in contents(self.package)
            if path.startswith("etc/") and not path.endswith("/")))

    @unittest.skipIf(GIVEN, "a package that was made elsewhere")
    def test_who_makes_it_again_gets_the_same_octets(self):
        again = packed(BUILD / "again")
        self.assertEqual(again.read_bytes(), self.package.read_bytes())

    def test_lintian(self):
        # It warns of being run by root, which is no matter of the package's.
        output(need("lintian"), "--allow-root", "--fail-on", "error,warning", self.package)


class Life(unittest.TestCase):
    """One machine from an empty store to the purge: each step goes on from the one before."""

    def setUp(self):
        self.package = debian_package()
        self.units = sorted(path.rpartition("/")[2] for path in contents(self.package)
                            if path.startswith("lib/systemd/system/") and path[-1] != "/")
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="smtpblock-package-"))
        self.newer = newer(self.package, type(self.package)(folder))
        self.tree = DebianTree.of(self)
        for package in (self.package, self.newer):
            self.tree.copy(package, "root")
        self.tree.download("man-db", "bash-completion", f"./{self.package.name}")

    def test_life(self):
        with self.tree.boot() as self.machine:
            self.run_apt(f"install ./{self.package.name}")
            self.check_installed()
            self.check_found_by_shells_and_man()
            self.start()
            self.upgrade()
            self.remove()
            self.come_back()
            self.purge()
            self.purge_with_the_store()
        self.without_systemd()

    def run_apt(self, command, status=0):
        return self.machine.run(f"apt-get -y -o Dpkg::Use-Pty=0 {command}", status)

    def run_client(self, script, *arguments):
        return subprocess.run(self.machine.in_network(sys.executable, "-c", script, *arguments),
                              text=True, capture_output=True, timeout=120, check=True).stdout

    def states(self, question):
        """What systemctl says to the question about each unit."""
        return dict(zip(self.units, self.machine.run(
            f"systemctl {question} {' '.join(self.units)} || :").split(), strict=True))

    def check_installed(self):
        run = self.machine.run
        self.assertEqual(set(self.states("is-enabled").values()), {"disabled"})
        self.assertEqual(set(self.states("is-active").values()), {"inactive"})
        self.assertEqual(run("cd /var/lib/smtpblock; stat -c '%U:%G %a %n' $PWD $PWD/rules "
                             "$PWD/rules/data.mdb $PWD/rules/lock.mdb $PWD/seen"), STORE)
        self.assertRegex(run("getent passwd smtpblock"),
                         r":/var/lib/smtpblock:/usr/sbin/nologin$")
        self.assertEqual(run("id -Gn smtpblock"), "smtpblock\n")
        self.assertEqual(run("smtpblock list"), "")
        self.assertEqual(run("dpkg --verify smtpblock; systemctl --failed --no-legend"), "")
        self.assertEqual(run("journalctl -b -p warning -o cat SYSLOG_IDENTIFIER=systemd | "
                             "grep smtpblock || :"), "")

    def check_found_by_shells_and_man(self):
        self.run_apt("install man-db bash-completion")
        for page in PAGES:
            name, _, section = page.rpartition(".")
            self.assertIn(f"/{page}.gz", self.machine.run(f"man -w {section} {name}"))
        self.assertIn("smtpblock", self.machine.run(
            "bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader smtpblock; "
            "complete -p smtpblock'"))

    def start(self):
        run = self.machine.run
        self.tree.write("/etc/smtpblock/smtpblock.toml", CONFIGURATION)
        run("smtpblockd --check-config; systemctl enable --now smtpblockd-smtp.socket; "
            "systemctl start smtpblockd")
        self.assertEqual(self.run_client(ASK, "bad@example.com"), "250\n")
        run("smtpblock add bad@example.com")
        self.assertEqual(self.run_client(ASK, "bad@example.com"), "554\n")
        self.assertEqual(self.run_client(ASK, "good@example.com"), "250\n")

    def upgrade(self):
        """Under a client that notices nothing. The configuration is the administrator's."""
        asks = "systemctl show --value -p MainPID -p NRestarts smtpblockd"
        before = self.machine.run(asks)
        client = subprocess.Popen(self.machine.in_network(sys.executable, "-c", KEEP_ASKING),
                                  text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self.run_apt(f"-o Dpkg::Options::=--force-confold install ./{self.newer.name}")
        finally:
            said = client.communicate("\n", timeout=120)[0]
        self.assertRegex(said, r"^[1-9][0-9]+ \n$")
        self.assertNotEqual(self.machine.run(asks), before)
        self.assertEqual(self.states("is-active")["smtpblockd.service"], "active")
        self.assertEqual(self.run_client(ASK, "bad@example.com"), "554\n")
        self.assertEqual(self.machine.run("cat /etc/smtpblock/smtpblock.toml"), CONFIGURATION)
        self.assertIn("+1\n", self.machine.run("dpkg-query -W smtpblock"))

    def remove(self):
        self.assertIn("'The way back'", self.run_apt("remove smtpblock"))
        listening = "cat /proc/net/tcp /proc/net/tcp6 | grep -E ':0019 [0-9A-F:]+ 0A ' || :"
        self.assertEqual(self.machine.run(listening), "")
        self.assertEqual(self.machine.run("cat /proc/[0-9]*/comm | grep smtpblockd || :"), "")
        self.assertEqual(self.machine.run("cat /etc/smtpblock/smtpblock.toml"), CONFIGURATION)

    def come_back(self):
        """The rules are as they were, and what was enabled still is; nothing starts."""
        self.run_apt(f"install ./{self.newer.name}")
        self.assertIn("bad@example.com", self.machine.run("smtpblock list"))
        self.assertEqual(set(self.states("is-active").values()), {"inactive"})
        self.assertEqual(self.states("is-enabled")["smtpblockd-smtp.socket"], "enabled")

    def purge(self):
        self.assertIn("rm -r /var/lib/smtpblock", self.run_apt("purge smtpblock"))
        self.assertEqual(self.machine.run(
            "ls -d /etc/smtpblock /var/lib/smtpblock/seen /etc/systemd/system/*/smtpblock* "
            "/var/lib/systemd/deb-systemd-helper-enabled/*smtpblock* 2>/dev/null || :"), "")
        self.assertIn("data.mdb", self.machine.run("ls /var/lib/smtpblock/rules"))

    def purge_with_the_store(self):
        """Neither a broken configuration nor the environment hinders or leads astray."""
        self.tree.write("/etc/smtpblock/smtpblock.toml", "broken\n")
        self.machine.run(
            "export SMTPBLOCK_STORE=/srv/other SMTPBLOCK_CONFIG=/nowhere\n"
            f"apt-get -y -o Dpkg::Options::=--force-confold install ./{self.package.name}")
        self.assertIn("bad@example.com", self.machine.run("smtpblock --config /dev/null list"))
        self.assertIn("seen", self.machine.run("ls /var/lib/smtpblock; test ! -e /srv/other"))
        self.machine.run("SMTPBLOCK_PURGE_STORE=yes apt-get -y purge smtpblock")
        self.machine.run("test ! -e /var/lib/smtpblock; test ! -e /etc/smtpblock")

    def without_systemd(self):
        """Where nobody has booted, as where images are made; with no store left to purge."""
        said = self.tree.run(
            f"apt-get -y install ./{self.package.name}; ls /var/lib/smtpblock/rules; "
            "rm -r /var/lib/smtpblock; apt-get -y purge smtpblock")
        self.assertIn("data.mdb", said)
        self.assertNotIn("is kept", said)


if not LONG:
    del Package, Life

if __name__ == "__main__":
    unittest.main()
