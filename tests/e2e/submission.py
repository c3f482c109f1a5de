"""A Postfix that takes mail from the users of a Dovecot, as the recipe of smtpblockd(8) has it, for
the tests of one file: the truth that a front before it is compared with."""

import base64
import re

from certificates import Authority
from dovecot import Dovecot, token
from mail_server import free_ports
from postfix import Postfix
from sasl_client import TOKENS
from support import TestCase

USERS = {"alice@example.com": "correct horse", "bob@example.com": "battery staple",
         "carol@example.com": "purple monkey"}
ALICE, BOB, BLOCKED = USERS
NAME, BLOCKED_NAME = "client.example.net", "ylmf-pc"
THREADS = 24  # Dovecot answers failures twice a second
SERVICE = """\
127.0.0.1:{port} inet n - n - - smtpd
  -o syslog_name=postfix/submission
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sasl_type=dovecot
  -o smtpd_sasl_path={socket}
  -o mynetworks=
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
  -o smtpd_client_event_limit_exceptions=127.0.0.1
  -o smtpd_reject_unlisted_recipient=no
"""
BOUNCES = "transport_maps = inline:{bounce.example=error:nobody_here}\n"
# The same under TLS, which is what a user's program sees without a front.
TLS = """\
  -o smtpd_tls_cert_file={chain}
  -o smtpd_tls_key_file={key}
  -o smtpd_tls_security_level=encrypt
  -o smtpd_tls_wrappermode={implicit}
"""
LISTENER = """\
[[listener]]
name = "{name}"
listen = ["127.0.0.1:0"]
direction = "out"
auth_domain = "example.com"
upstream = "smtp://127.0.0.1:{upstream}"
client_address = "none"
rcpt_reply = "554 5.7.1 <{{rcpt}}>: Recipient address rejected: Access denied"
"""


def right_secret(mechanism, user):
    return token(user) if mechanism in TOKENS else USERS[user]


def encoded(octets):
    return base64.b64encode(octets.encode("latin-1")).decode()


def shape(reply):
    """The words of a reply without what differs from one time to the next."""
    if reply.code != 334:
        return re.sub(r"queued as \w+", "queued as ID", reply.text)
    challenge = base64.b64decode(reply.text[4:]).decode("latin-1")
    challenge = re.sub(r"^<\d+\.\d+@", "<NUMBER@", challenge)  # CRAM-MD5
    challenge = re.sub(r"^r=.*,s=[^,]*,", "r=NONCE,s=SALT,", challenge)  # SCRAM
    return "334 " + re.sub(r"^v=.*", "v=SIGNATURE", challenge)


class SubmissionTestCase(TestCase):
    """`direct` is the port of Postfix without TLS, `direct_starttls` and `direct_implicit` are those
    with it, for mail.example.com or 127.0.0.1 and whoever trusts `authority`."""

    @classmethod
    def setUpClass(cls):
        folder = cls.class_folder("submission")
        cls.authority = Authority(folder)
        cls.chain, cls.key = cls.authority.issue("mail.example.com", "127.0.0.1")
        cls.dovecot = Dovecot(folder / "dovecot", USERS)
        cls.addClassCleanup(cls.dovecot.stop)
        cls.direct, cls.direct_starttls, cls.direct_implicit = ports = free_ports(3)
        services = [SERVICE.format(port=port, socket=cls.dovecot.socket) for port in ports]
        for place, implicit in ((1, "no"), (2, "yes")):
            services[place] += TLS.format(chain=cls.chain, key=cls.key, implicit=implicit)
        cls.postfix = Postfix(folder / "postfix", main=BOUNCES, master="".join(services))
        cls.addClassCleanup(cls.postfix.stop)

    def setUp(self):
        super().setUp()
        self.before = len(self.postfix.messages())

    def front(self, *more):
        """A daemon before `direct`, with a listener for each text of settings."""
        return self.configured(
            f'store = "{self.store.path}"\n'
            + "".join(LISTENER.format(name=f"submission{place}", upstream=self.direct) + text
                      for place, text in enumerate(more)), listeners=len(more))

    def certificates(self):
        """The setting of a listener that is mail.example.com."""
        return f'certificates = [{{ chain = "{self.chain}", key = "{self.key}" }}]\n'

    def arrived(self, number):
        """This test's message of that number, counted from 1, once it is there."""
        return self.postfix.wait_message(self.before + number)


class BlockedTestCase(SubmissionTestCase):
    """With a front before `direct` and a rule for an account and one for a greeting."""

    def setUp(self):
        super().setUp()
        self.store.add(BLOCKED)
        self.store.add(BLOCKED_NAME, "--type", "ehlo")
        self.running = self.front("auth_upstream_max = 1000\n")
