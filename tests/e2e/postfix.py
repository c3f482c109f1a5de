"""A Postfix of our own: configuration, queue, mailboxes and log in a folder of the test, on a free
loopback port, never the system's instance. Its master is ours and ends with us."""

import os
import pwd
import re
import subprocess

from mail_server import MailServer, free_ports
from support import WITH_US, as_root, need

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


class Postfix(MailServer):
    """Takes mail for example.org into one Maildir, without a login, relays for nobody. `main` are
    lines beside or, where they set the same, instead of our own, `master` are services."""

    name = "Postfix"

    def __init__(self, folder, main="", master=""):
        need("postfix")
        self.folder = folder
        self.mailbox = folder / "mail/inbox"
        self.port, = free_ports(1)
        self.spec = f"smtp://127.0.0.1:{self.port}"
        owner = pwd.getpwuid(os.geteuid() or pwd.getpwnam("nobody").pw_uid)
        for name in ("etc", "spool", "data", "mail"):
            (folder / name).mkdir(parents=True)
        names = {"folder": folder, "port": self.port, "uid": owner.pw_uid, "gid": owner.pw_gid}
        # Two values for a name would be warned of by each process, too often for a log that the
        # last of them is still to start.
        chosen = set(re.findall(r"^(\w+) *=", main, re.M))
        ours = [line for line in MAIN.format(**names).splitlines(keepends=True)
                if line.split()[0] not in chosen]
        (folder / "etc/main.cf").write_text("".join(ours) + main)
        (folder / "etc/master.cf").write_text(MASTER.format(**names) + master)
        subprocess.run(as_root("chown", str(owner.pw_uid), str(folder / "mail")), check=True)
        subprocess.run(as_root("chown", "postfix", str(folder / "data")), check=True)
        self.output = folder / "output"
        with open(self.output, "w") as output:
            self.process = subprocess.Popen(
                [*WITH_US, *self._command("start-fg")], stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT)
        self.wait_answer(self.port)

    def _command(self, word):
        return as_root(need("postfix"), "-c", str(self.folder / "etc"), word)

    def log(self):
        done = subprocess.run(as_root("cat", str(self.folder / "log")), text=True,
                              capture_output=True)
        return done.stdout

    def stop(self):
        subprocess.run(self._command("stop"), capture_output=True)
        self.process.wait(60)
        # What root and postfix own there is not ours to remove otherwise.
        subprocess.run(as_root("rm", "-r", str(self.folder / "spool"),
                               str(self.folder / "data")), check=True)
