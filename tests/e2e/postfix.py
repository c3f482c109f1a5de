"""A Postfix of our own: configuration, queue, mailboxes and log in a folder of the test, on a free
loopback port, never the system's instance. Its master is ours and ends with us."""

import os
import pwd
import socket
import subprocess

from support import WITH_US, as_root, need, wait_until

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""
MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.real.example
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = reject_unauth_destination
local_recipient_maps =
alias_maps =
virtual_mailbox_domains = example.org
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:inbox/
virtual_mailbox_limit = 0
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
message_size_limit = 20480000
"""


def free_ports(number):
    """Ports of loopback that nobody listens on."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Postfix:
    """Takes mail for example.org into one Maildir, without a login, relays for nobody. `main` and
    `master` are lines for those two files beside our own."""

    def __init__(self, folder, main="", master=""):
        need("postfix")
        self.folder = folder
        self.port, = free_ports(1)
        self.spec = f"smtp://127.0.0.1:{self.port}"
        owner = pwd.getpwuid(os.geteuid() or pwd.getpwnam("nobody").pw_uid)
        for name in ("etc", "spool", "data", "mail"):
            (folder / name).mkdir(parents=True)
        names = {"folder": folder, "port": self.port, "uid": owner.pw_uid, "gid": owner.pw_gid}
        (folder / "etc/main.cf").write_text(MAIN.format(**names) + main)
        (folder / "etc/master.cf").write_text(MASTER.format(**names) + master)
        subprocess.run(as_root("chown", str(owner.pw_uid), str(folder / "mail")), check=True)
        subprocess.run(as_root("chown", "postfix", str(folder / "data")), check=True)
        self._process = subprocess.Popen(
            [*WITH_US, *self._command("start-fg")], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            wait_until("Postfix answers", self._answers)
        except AssertionError as silent:
            self.stop()
            raise AssertionError(f"{silent}\n{self._process.stdout.read()}{self.log()}")

    def _command(self, word):
        return as_root(need("postfix"), "-c", str(self.folder / "etc"), word)

    def _answers(self):
        if self._process.poll() is not None:
            raise AssertionError("Postfix has ended")
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                return connection.recv(512).startswith(b"220")
        except OSError:
            return False

    def log(self):
        done = subprocess.run(as_root("cat", str(self.folder / "log")), text=True,
                              capture_output=True)
        return done.stdout

    def stop(self):
        subprocess.run(self._command("stop"), capture_output=True)
        self._process.wait(60)
        # What root and postfix own there is not ours to remove otherwise.
        subprocess.run(as_root("rm", "-r", str(self.folder / "spool"),
                               str(self.folder / "data")), check=True)

    def messages(self):
        """The files of the mailbox, oldest first."""
        new = self.folder / "mail/inbox/new"
        if not new.is_dir():
            return []
        return [path.read_bytes() for path in
                sorted(new.iterdir(), key=lambda path: path.stat().st_mtime_ns)]

    def wait_message(self, number):
        """Message `number`, counted from 1, once it is there."""
        return wait_until(f"message {number} in the mailbox",
                          lambda: len(found := self.messages()) >= number and found)[number - 1]
