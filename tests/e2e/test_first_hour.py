"""THE FIRST HOUR of smtpblockd(8): its commands, as they stand there, take a server from Postfix
alone to smtpblockd before it and back. With SMTPBLOCK_LONG they are pasted from the top into a bare
Debian with a working Postfix and Dovecot and our package; else they must be understood."""

import re
import subprocess
import unittest

from support import CLI, LONG, TOP, need

PAGE = TOP / "man/smtpblockd.8"
README = TOP / "README.md"
DEBIAN = "postfix dovecot-core ssl-cert openssl python3"
# Not booted, and without waiting for a disk: it takes a minute less.
INSTALL = ("apt-get -qq -y --no-install-recommends -o Dpkg::Options::=--force-unsafe-io install "
           + DEBIAN)
# A working server, as the page takes it for granted.
GIVEN = r"""
echo mail.example.com > /etc/hostname
hostname mail.example.com
echo 127.0.1.1 mail.example.com mail >> /etc/hosts
postconf -e myhostname=mail.example.com myorigin=example.com \
    'mydestination=example.com, $myhostname, localhost' home_mailbox=Maildir/ \
    smtpd_sasl_type=dovecot smtpd_sasl_path=private/auth
postconf -Me 'submission/inet=submission inet n - y - - smtpd'
postconf -P submission/inet/syslog_name=postfix/submission \
    submission/inet/smtpd_tls_security_level=encrypt submission/inet/smtpd_sasl_auth_enable=yes \
    submission/inet/smtpd_tls_auth_only=yes \
    submission/inet/smtpd_relay_restrictions=permit_sasl_authenticated,reject
cat > /etc/dovecot/local.conf << 'END'
auth_mechanisms = plain login
service auth {
  unix_listener /var/spool/postfix/private/auth {
    mode = 0660
    user = postfix
    group = postfix
  }
}
END
useradd -m bob
echo bob:secret | chpasswd
systemctl restart postfix dovecot
"""
# One message; says what became of it, or of the login.
SEND = r"""
import smtplib, ssl, sys
port, sender, recipient, subject, login = sys.argv[1:]
with smtplib.SMTP("127.0.0.1", int(port), source_address=("127.0.0.2", 0), timeout=60) as client:
    if login:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client.starttls(context=context)
    try:
        if login:
            client.login(login, "secret")
        client.sendmail(sender, recipient, f"Subject: {subject}\r\n\r\nx\r\n")
        print("sent")
    except smtplib.SMTPRecipientsRefused as refused:
        print(*(code for code, _ in refused.recipients.values()))
    except smtplib.SMTPResponseException as refused:
        print(refused.smtp_code)
"""
BOB, STRANGER = "bob@example.com", "you@example.net"


def plain(text):
    return text.replace(r"\-", "-").replace(r"\(dq", '"').replace(r"\e", "\\")


def blocks():
    """The commands under each title, in their order."""
    section = re.search(r"^\.Sh THE FIRST HOUR\n(.*?)^\.Sh ", PAGE.read_text(), re.M | re.S)[1]
    found = {}
    for part in re.split(r"^\.Ss ", section, flags=re.M)[1:]:
        title, text = part.split("\n", 1)
        found[title] = [plain(block) for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", text,
                                                             re.M | re.S)]
    return found


class Understood(unittest.TestCase):
    def test_by_the_shell(self):
        for title, commands in blocks().items():
            for block in commands:
                for shell in ("dash", "bash"):
                    done = subprocess.run([need(shell), "-n"], input=block, text=True,
                                          capture_output=True, timeout=60)
                    self.assertEqual((done.returncode, done.stderr), (0, ""), title)

    def test_by_our_command_line(self):
        lines = [line for commands in blocks().values() for block in commands
                 for line in block.splitlines() if line.startswith("smtpblock ")]
        self.assertGreater(len(lines), 6)
        for line in lines:
            done = subprocess.run(["sh", "-c", f'postconf() {{ echo example.com; }}\nsmtpblock() '
                                   f'{{ {CLI} "$@" --help; }}\n{line}'],
                                  text=True, capture_output=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, ""), line)

    def test_units_are_ours(self):
        text = "".join(block for commands in blocks().values() for block in commands)
        units = set(re.findall(r"smtpblockd[a-z-]*\.(?:socket|service)", text))
        self.assertEqual(units, {"smtpblockd.service", "smtpblockd-smtp.socket",
                                 "smtpblockd-submission.socket"})
        for unit in units:
            self.assertTrue((TOP / "daemon/service" / unit).exists(), unit)

    def test_the_readme_has_the_same_commands(self):
        page = "\n".join(block for commands in blocks().values() for block in commands).splitlines()
        section = re.search(r"^## Use it\n(.*?)^## ", README.read_text(), re.M | re.S)[1]
        lines = [line for block in re.findall(r"^```\n(.*?)^```$", section, re.M | re.S)
                 for line in block.splitlines() if not re.match(r"sudo |\(cd ", line)]
        self.assertGreater(len(lines), 20)
        rest = iter(page)
        self.assertEqual([line for line in lines if line not in rest], [],
                         "not in the page, or not in that order")


if LONG:
    from debian_package import debian_package  # pylint: disable=wrong-import-position
    from debian_tree import DebianTree  # pylint: disable=wrong-import-position

    class Pasted(unittest.TestCase):
        """In one machine from the top to the end, as an administrator goes."""

        def paste(self, title, says=(), status=0, which=None):
            """Pastes the commands under that title, which must end so and say these."""
            commands = self.page[title]
            for number, block in enumerate(commands):
                if which is not None and number != which:
                    continue
                said = self.machine.run(block, status=status)
                if which is not None or number == len(commands) - 1:
                    for pattern in says:
                        self.assertRegex(said, pattern, f"{title}\n{block}")

        def send(self, port, sender, recipient, subject, login=""):
            return self.machine.run(f"python3 send.py {port} {sender} {recipient} '{subject}' '{login}'"
                                    ).strip()

        def wait_mail(self, subject):
            self.machine.run("for i in $(seq 100); do grep -qrs 'Subject: " + subject
                             + "' /home/bob/Maildir/new && exit; sleep 0.2; done; exit 1")

        def test_from_the_top(self):
            self.page = blocks()
            tree = DebianTree.of(self)
            tree.copy(debian_package(), "root")
            tree.write("/root/send.py", SEND)
            tree.download("./smtpblock_*.deb", *DEBIAN.split())
            tree.run(INSTALL, seconds=900)
            with tree.boot() as self.machine:
                self.machine.run(GIVEN)
                self.assertEqual(self.send(25, STRANGER, BOB, "before"), "sent")
                master = self.machine.run("cat /etc/postfix/master.cf")
                self.to_the_front()
                self.through_the_front()
                self.blocked()
                # Port 587 wants TLS first, of which the probe knows nothing: that is a refusal.
                self.paste("The way back", [r"220 mail\.example\.com ESMTP Postfix \(Debian/GNU\)",
                                            "refused at MAIL FROM: 530 "], status=10)
                self.assertEqual(self.machine.run("cat /etc/postfix/master.cf"), master)
                self.assertEqual(self.send(25, STRANGER, BOB, "after"), "sent")
                self.assertEqual(self.send(587, BOB, BOB, "after, of bob", "bob"), "sent")
                self.wait_mail("after, of bob")
                self.assertEqual(self.machine.run("systemctl is-enabled smtpblockd.service "
                                                  "smtpblockd-smtp.socket", status=1).split(),
                                 ["disabled", "disabled"])

        def to_the_front(self):
            self.paste("Where it starts", [
                r"(?m)^smtp +inet .* smtpd", r"(?m)^submission +inet .* smtpd",
                "inet_protocols = all", "smtpd_sasl_type = dovecot", r"(?m)^free$"])
            self.paste("The package", ["daemons: +none"])
            self.assertEqual(self.send(25, STRANGER, BOB, "with the package"), "sent")
            self.paste("A second entrance to Postfix", ["127.0.0.1:10025 .*haproxy",
                                                        "127.0.0.1:10587 .*haproxy"])
            self.paste("Certificate and configuration",
                       [r"upstream smtp://127.0.0.1:10025 of .*takes PROXY, (defers|refuses) strangers",
                        r"upstream smtp://127.0.0.1:10587 of .*takes PROXY, refuses strangers",
                        r"\A(?!.*smtpblockd: )"])
            # Nothing has changed for anybody.
            self.assertEqual(self.send(587, BOB, BOB, "before the switch", "bob"), "sent")
            self.paste("The switch", [r"(?m)^active\nactive\nactive\n", r"daemons: +smtpblockd pid \d+"])

        def through_the_front(self):
            self.paste("Does mail pass?", ["accepted at RCPT TO", "CONNECTION ESTABLISHED",
                                           "Peer certificate"], which=0)
            self.assertEqual(self.send(25, STRANGER, BOB, "passes in"), "sent")
            self.assertEqual(self.send(587, BOB, "someone@example.com", "x", "bob"), "550")
            self.assertEqual(self.send(587, BOB, BOB, "passes out", "bob"), "sent")
            self.wait_mail("passes in")
            self.wait_mail("passes out")
            self.paste("Does mail pass?", [
                rf"pass .*listener=mx .*client=127\.0\.0\.2 .*from=<{STRANGER}>",
                rf"pass .*listener=submission .*client=127\.0\.0\.2 .*user={BOB}"], which=1)
            self.assertRegex(self.machine.run("journalctl --no-pager -t postfix/submission/smtpd"),
                             r"client=\S+\[127\.0\.0\.2\], sasl_method=\S+, sasl_username=bob")
            self.machine.run("systemctl restart smtpblockd")
            self.assertEqual(self.send(25, STRANGER, BOB, "after a restart"), "sent")

        def blocked(self):
            title = "Does a block stop?"
            self.paste(title, ["in force: smtpblockd pid"], which=0)
            self.paste(title, ["refused at RCPT TO"], status=10, which=1)
            self.assertEqual(self.send(25, STRANGER, BOB, "blocked"), "554")
            self.assertEqual(self.send(587, BOB, BOB, "blocked", "bob"), "535")
            self.paste(title, [rf"block .*at=rcpt .*from=<{STRANGER}>", rf"block .*at=auth .*user={BOB}"],
                       which=2)
            self.paste(title, ["accepted at RCPT TO"], which=3)
            self.assertEqual(self.send(587, BOB, BOB, "again", "bob"), "sent")
            self.machine.run("! grep -rs 'Subject: blocked' /home/bob/Maildir")


if __name__ == "__main__":
    unittest.main()
