"""The units as systemd runs them, in a machine of its own: started by a client, reloaded, restarted
while clients come, killed when it hangs, and there again once what was missing is there."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from certificates import Authority
from debian_tree import DebianTree, output
from support import CLI, DAEMON, LONG, TOP, as_root, go_on_as_root, need, wait_until
from tls_client import NAME
from unit_file import UNITS

RESTARTS = 5
UNIT = "smtpblockd.service"
BY_SYSTEMD = """\
[[listener]]
name = "mx"
listen = "systemd:smtp"
upstream = "maildir:/var/lib/smtpblock/mail/box"
rcpt_reply = "550 5.7.1 {reply}"
[[listener]]
name = "submissions"
listen = "systemd:submissions"
tls = true
direction = "out"
upstream = "maildir:/var/lib/smtpblock/mail/box"
[[listener.certificates]]
chain = "/run/credentials/smtpblockd.service/chain.pem"
key = "/run/credentials/smtpblockd.service/key.pem"
"""
BY_SUBMISSION = """\
[[listener]]
name = "submission"
listen = "systemd:submission"
direction = "out"
upstream = "maildir:/var/lib/smtpblock/mail/box"
"""
BY_ITSELF = """\
[[listener]]
name = "mx"
listen = ["0.0.0.0:25", "[::]:25"]
upstream = "maildir:/var/lib/smtpblock/mail/box"
"""
# What the sanitizers would do that the unit keeps the daemon from.
DROP_IN = """\
[Service]
Environment=ASAN_OPTIONS=detect_leaks=0:disable_coredump=0
WatchdogSec=4
LoadCredential=chain.pem:/root/tls/chain.pem
LoadCredential=key.pem:/root/tls/key.pem
"""
# Says what it is answered to each line that it is given, and to the greeting.
DIALOGUE = """\
import socket, sys
stream = socket.create_connection(("127.0.0.1", 25), 60).makefile("rwb")
def reply():
    line = stream.readline()
    return line if line[3:4] != b"-" else reply()
print(reply().decode().strip())
for line in sys.argv[1:]:
    stream.write(line.encode() + b"\\r\\n")
    stream.flush()
    print(reply().decode().strip())
"""


@unittest.skipUnless(LONG, "SMTPBLOCK_LONG is not set")
class BootedService(unittest.TestCase):
    def setUp(self):
        self.tree = DebianTree.of(self)
        for program, folder in ((CLI, "usr/bin"), (DAEMON, "usr/sbin")):
            self.install(program, folder, "smtpblock" + "d" * (program == DAEMON))
        for unit in [UNITS / UNIT, *UNITS.glob("*.socket")]:
            self.tree.copy(unit, "lib/systemd/system")
        self.tree.write(f"/etc/systemd/system/{UNIT}.d/test.conf", DROP_IN)
        with tempfile.TemporaryDirectory() as folder:
            for file, name in zip(Authority(folder).issue(NAME), ("chain.pem", "key.pem")):
                self.tree.write(f"/root/tls/{name}", pathlib.Path(file).read_text())
        self.tree.write("/etc/smtpblock/smtpblock.toml", BY_SYSTEMD.format(reply="first"))
        self.tree.run("chmod 600 /root/tls/*; chmod 755 /etc/smtpblock\n"
                      "useradd --system --user-group smtpblock\n"
                      "smtpblock init --group smtpblock\n"
                      "install -d -o smtpblock -g smtpblock /var/lib/smtpblock/mail")

    def install(self, program, folder, name):
        """The program, and those of its libraries that a bare Debian has not."""
        target = self.tree.path / folder / name
        output(*as_root("install", program, str(target)))
        for library in re.findall(r"=> (/\S+)", output(need("ldd"), program)):
            if not (self.tree.path / library.lstrip("/")).exists():
                output(*as_root("install", "-D", library,
                                str(self.tree.path / library.lstrip("/"))))

    def say(self, *lines):
        """What a client is answered: the greeting, then to each line."""
        return output(*self.machine.in_network(sys.executable, "-c", DIALOGUE, *lines)).splitlines()

    def refusal(self):
        return self.say("EHLO a.example", "MAIL FROM:<bad@example.com>",
                        "RCPT TO:<bob@example.org>")[-1]

    def shown(self, name, unit=UNIT):
        return self.machine.run(f"systemctl show --property={name} --value {unit}").strip()

    def journal(self):
        return self.machine.run(f"journalctl --no-pager --output=cat --unit={UNIT}")

    def test_all_of_it(self):
        with self.tree.boot() as self.machine:
            try:
                self.started_by_a_client()
                self.main_job()
                self.another_socket()
                self.reloaded()
                self.restarted_while_clients_come()
                self.hung()
                self.without_a_store()
                self.without_the_socket_units()
            except BaseException:
                print(self.journal()[-10000:], file=sys.stderr)
                raise

    def another_socket(self):
        """A daemon that runs gets one more as smtpblockd(8) has it."""
        listeners = BY_SYSTEMD.format(reply="first")
        self.tree.write("/etc/smtpblock/smtpblock.toml", listeners + BY_SUBMISSION)
        page = (TOP / "man/smtpblockd.8").read_text().split(".Ss Socket units\n")[1]
        commands = re.search(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", page, re.M | re.S)[1]
        self.machine.run(commands.replace("# ", "").replace("\\e\n", "\\\n"))
        self.assertEqual(self.shown("ActiveState"), "active")
        self.assertRegex(self.say()[0], "^220 ")
        self.assertIn("listener=submission ", self.journal())
        self.machine.run("systemctl stop 'smtpblockd-*.socket'; systemctl stop smtpblockd.service\n"
                         "systemctl disable smtpblockd-submission.socket\n"
                         "systemctl start smtpblockd-smtp.socket smtpblockd-submissions.socket")
        self.tree.write("/etc/smtpblock/smtpblock.toml", listeners)
        self.machine.run("systemctl start smtpblockd.service")

    def started_by_a_client(self):
        self.machine.run("systemctl enable --now smtpblockd-smtp.socket "
                         "smtpblockd-submissions.socket")
        self.assertEqual(self.shown("ActiveState"), "inactive")
        self.assertRegex(self.say()[0], "^220 ")
        self.assertIn("active (running)", self.machine.run(f"systemctl status {UNIT}"))
        self.assertEqual(self.shown("SubState"), "running")
        for socket in ("smtp", "submissions"):
            self.assertEqual(self.shown("SubState", f"smtpblockd-{socket}.socket"), "running")
        status = self.machine.run(f"cat /proc/{self.shown('MainPID')}/status")
        for line in ("NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000400"):
            self.assertIn(line, status)
        said = output(*self.machine.in_network(
            need("openssl"), "s_client", "-quiet", "-connect", "127.0.0.1:465"), input="QUIT\r\n",
            stdin=None)
        self.assertIn("220 ", said)

    def main_job(self):
        said = self.machine.run("smtpblock add bad@example.com")
        self.assertIn(f"in force: smtpblockd pid {self.shown('MainPID')}", said)
        self.assertEqual(self.refusal(), "550 5.7.1 first")

    def reloaded(self):
        before = self.shown("MainPID")
        self.tree.write("/etc/smtpblock/smtpblock.toml", BY_SYSTEMD.format(reply="second"))
        self.machine.run(f"systemctl reload {UNIT}")
        wait_until("the new configuration", lambda: self.refusal() == "550 5.7.1 second")
        self.assertEqual(self.shown("MainPID"), before)
        self.assertEqual(self.shown("ActiveState"), "active")

    def restarted_while_clients_come(self):
        here = pathlib.Path(__file__).parent
        comers = subprocess.Popen(
            self.machine.in_network(sys.executable, "-B", str(here / "comers.py"), "25"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(RESTARTS):
            before = self.shown("MainPID")
            self.machine.run(f"systemctl restart {UNIT}")
            self.assertNotEqual(self.shown("MainPID"), before)
        *lost, delivered = comers.communicate(timeout=120)[0].split("\n")[:-1]
        self.assertEqual([one for one in lost if one], [])
        self.assertGreater(int(delivered), 0)
        self.assertEqual(int(self.machine.run("ls /var/lib/smtpblock/mail/box/new | wc -l")),
                         int(delivered))

    def hung(self):
        before = self.shown("MainPID")
        self.machine.run(f"kill -STOP {before}")
        wait_until("another one", lambda: self.shown("MainPID") not in ("0", before), 60)
        self.assertIn("Watchdog timeout", self.journal())
        self.assertEqual(self.refusal(), "550 5.7.1 second")

    def without_a_store(self):
        self.machine.run("mv /var/lib/smtpblock /var/lib/elsewhere")
        self.machine.run(f"systemctl restart {UNIT}", status=1)
        waiting = subprocess.Popen(
            self.machine.in_network(sys.executable, "-c", DIALOGUE), stdout=subprocess.PIPE,
            text=True)
        # As often as it takes: no limit of systemd ends it, nor takes the socket from who waits.
        wait_until("many tries", lambda: self.journal().count("to make it: smtpblock") >= 25, 120)
        self.assertEqual(self.shown("ActiveState", "smtpblockd-smtp.socket"), "active")
        self.machine.run("mv /var/lib/elsewhere /var/lib/smtpblock")
        self.assertRegex(waiting.communicate(timeout=60)[0], "^220 ")
        self.assertEqual(self.shown("ActiveState"), "active")

    def without_the_socket_units(self):
        self.machine.run("systemctl disable --now smtpblockd-smtp.socket "
                         "smtpblockd-submissions.socket")
        self.tree.write("/etc/smtpblock/smtpblock.toml", BY_ITSELF)
        self.machine.run(f"systemctl restart {UNIT}")
        self.assertRegex(self.say()[0], "^220 ")
        self.machine.run(f"systemctl stop {UNIT}")
        self.assertEqual(json.loads(self.machine.run("smtpblock --json status"))["daemons"], [])


if __name__ == "__main__":
    go_on_as_root()
    unittest.main()
