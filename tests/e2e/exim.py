"""An Exim of our own, as Debian builds it, in a root of its own (unpacked.py) and without any
privilege: the only user that it has is that of the test."""

import os
import pwd
import re
import shutil

from mail_clients import SOURCE
from mail_server import MailServer, free_ports
from support import hash_of
from unpacked import Root

# Nothing here waits for a network.
MAIN = """\
primary_hostname = mx.real.example
local_interfaces = <; 127.0.0.1 ; ::1
daemon_smtp_ports = {port} : {implicit}
tls_on_connect_ports = {implicit}
tls_certificate = /etc/exim4/chain.pem
tls_privatekey = /etc/exim4/key.pem
deliver_drop_privilege
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4/%slog
pid_file_path = /var/spool/exim4/pid
keep_environment =
host_lookup =
rfc1413_hosts =
log_selector = +all
message_size_limit = 100M
smtp_accept_max = 0
smtp_connect_backlog = 500
queue_run_max = 0
chunking_advertise_hosts = *
dsn_advertise_hosts = *
acl_smtp_data = accept
acl_smtp_rcpt = rcpt
hosts_proxy = 127.0.0.1
"""
REST = """\

begin acl
rcpt:
  accept domains = example.org
  accept authenticated = *
  deny message = relay not permitted

begin routers
here:
  driver = accept
  transport = maildir

begin transports
maildir:
  driver = appendfile
  directory = /var/mail
  maildir_format
  envelope_to_add
  return_path_add

begin authenticators
PLAIN:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if eq{$auth3}{${lookup{$auth2}lsearch{/etc/exim4/users}}}}
  server_set_id = $auth2
LOGIN:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = ${if eq{$auth2}{${lookup{$auth1}lsearch{/etc/exim4/users}}}}
  server_set_id = $auth1
"""


# What update-exim4.conf makes of the answers to debconf, and what being no user but one takes.
DEBIAN = """\
MAIN_LOCAL_INTERFACES = {interfaces}
MAIN_LOCAL_DOMAINS = example.org
MAIN_RELAY_TO_DOMAINS =
MAIN_RELAY_NETS = 127.0.0.1 : ::1
MAIN_HARDCODE_PRIMARY_HOSTNAME = mx.real.example
ETC_MAILNAME = mx.real.example
LOCAL_DELIVERY = maildir_home
DC_eximconfig_configtype = internet
DCconfig_internet = 1
MAIN_HOST_LOOKUP =
deliver_drop_privilege
pid_file_path = /var/spool/exim4/pid
"""


def debian(root, macros, interfaces, login):
    """The configuration of exim4-config with these `exim4.conf.localmacros` and interfaces, and
    with `login`, or its example of a PLAIN login, in use."""
    template = (root.folder / "etc/exim4/exim4.conf.template").read_text()
    template = re.sub(r"(?m)^# plain_server:\n(#.*\n)+", lambda example: login or re.sub(
        r"(?m)^# ?", "", example[0]), template)
    mark = "UPEX4CmacrosUPEX4C = 1\n"
    return macros + template.replace(mark, mark + DEBIAN.format(interfaces=interfaces))


USERS = ("Debian-exim", "bob", "mail", "uucp")  # the last two are in Debian's configuration


class Exim(MailServer):
    """Takes mail for example.org from everybody and for others from `users` (passwords by name),
    all into one Maildir. Connections from 127.0.0.1 begin with a PROXY header. With the `macros`,
    `interfaces` and `login` of a recipe it has Debian's configuration, and only bob has a
    mailbox."""

    name = "Exim"

    def __init__(self, folder, users, certificate, macros=None, interfaces=None, login=None):
        owner = os.geteuid() or pwd.getpwnam("nobody").pw_uid
        packages = ["exim4-daemon-heavy", *(["exim4-config"] if macros else [])]
        self._root = Root(folder, packages, ["/usr/sbin/exim4"], "".join(
            f"{user}:x:{owner}:{owner}::/var/mail:/bin/sh\n" for user in USERS))
        if macros:
            self.port = int(interfaces.rpartition(".")[2])
            configuration = debian(self._root, macros, interfaces, login)
            self.mailbox = self._root.folder / "var/mail/Maildir"
            accounts = (f"{user}:{hash_of(password)}\n" for user, password in users.items())
            self._root.write("etc/exim4/passwd", "".join(accounts))
        else:
            self.port, self.implicit = free_ports(2)
            configuration = MAIN.format(port=self.port, implicit=self.implicit) + REST
            self.mailbox = self._root.folder / "var/mail"
            accounts = (f'"{user}": {password}\n' for user, password in users.items())
            self._root.write("etc/exim4/users", "".join(accounts))
        self._root.write("etc/aliases", "")
        self._root.write("etc/exim4/exim4.conf", configuration)
        for file, name in zip(certificate, ("chain.pem", "key.pem")):
            shutil.copy(file, self._root.folder / "etc/exim4" / name)
        self._root.give(f"{owner}:{owner}", "etc/exim4/key.pem", "var/spool/exim4",
                        "var/log/exim4", "var/mail")
        self.output = self._root.output
        self.process = self._root.start("/usr/sbin/exim4", "-bdf", user=owner)
        self.wait_answer(self.port, SOURCE)

    def log(self):
        folder = self._root.folder / "var/log/exim4"
        return "".join(path.read_text(errors="replace") for name in ("panic", "main")
                       if (path := folder / (name + "log")).exists())

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        self._root.remove()
