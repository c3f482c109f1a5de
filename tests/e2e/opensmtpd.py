"""An OpenSMTPD of our own, as Debian builds it, in a root of its own (unpacked.py). It insists on
being started by root and on users of its own: all of these are that of the test.

Debian 12 has 6.8.0p2 with OpenSSL 3.0, with which it fails every TLS handshake of a client
(OpenSMTPD's issues 1171 and 1239), and it takes logins in TLS only: there are neither here."""

import os
import pwd

from mail_server import MailServer, free_ports
from unpacked import Root

LISTENERS = """\
listen on 127.0.0.1 port {port} hostname mx.real.example proxy-v2
listen on 127.0.0.1 port {direct} hostname mx.real.example
listen on ::1 port {direct} hostname mx.real.example
"""
REST = """\
smtp max-message-size 100M
table everybody { "@" = "vmail" }
action "mailbox" maildir "/mail" virtual <everybody>
match from any for domain "example.org" action "mailbox"
"""
# PROXY version 2, of a connection that is the proxy's own.
OWN_HEADER = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"
USERS = ("opensmtpd", "opensmtpq", "vmail")


class OpenSmtpd(MailServer):
    """Takes mail for example.org from everybody into one Maildir, and no other. `listeners` are the
    lines of its configuration that say where, as `port` does, by a recipe. Connections to `port`
    begin with a PROXY header, and those to `direct`, where there is one, do not."""

    name = "OpenSMTPD"

    def __init__(self, folder, listeners=None, port=None):
        owner = os.geteuid() or pwd.getpwnam("nobody").pw_uid
        self._root = Root(folder, ["opensmtpd"],
                          ["/usr/sbin/smtpd", "/usr/libexec/opensmtpd/mail.maildir"],
                          "".join(f"{user}:x:{owner}:{owner}::/var/lib/opensmtpd/empty:/bin/sh\n"
                                  for user in USERS))
        self.mailbox = self._root.folder / "mail"
        self.port, self.direct = (port, port) if listeners else free_ports(2)
        self._root.write("etc/smtpd.conf", REST + (listeners or LISTENERS.format(
            port=self.port, direct=self.direct)))
        for name in ("var/spool/smtpd", "var/run"):
            (self._root.folder / name).mkdir(parents=True)
        (self._root.folder / "var/spool/smtpd").chmod(0o711)
        self._root.give("0:0", "etc", "var")
        self._root.give(f"{owner}:{owner}", "mail")
        self.output = self._root.output
        self.process = self._root.start("/usr/sbin/smtpd", "-d")
        self.wait_answer(self.direct, first=OWN_HEADER if listeners else b"")

    def log(self):
        return self.output.read_text(errors="replace")

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        self._root.remove()
