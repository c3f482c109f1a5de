"""A front between clients of many addresses and a Postfix with Dovecot, for the tests of what a
blocked bot that hammers does to everybody else."""

import itertools
import re
from concurrent.futures import ThreadPoolExecutor

from client import Client
from dovecot import NO_PENALTY, SOCKET, Dovecot
from mail_server import free_ports
from postfix import Postfix
from submission import USERS
from support import TestCase

ALICE, BOB, CAROL = USERS
FRONT = "127.0.0.1"
SUCCESS = "235 2.7.0 Authentication successful"
FAILURE = "535 5.7.8 Error: authentication failed: (reason unavailable)"
TRIES = 20
hosts = itertools.count(1)
SERVICES = """\
127.0.0.1:{told} inet n - n - - smtpd
  -o smtpd_upstream_proxy_protocol=haproxy
  -o syslog_name=postfix/submission
{shared}127.0.0.1:{limited} inet n - n - - smtpd
  -o smtpd_upstream_proxy_protocol=haproxy
  -o smtpd_client_auth_rate_limit=3
{shared}127.0.0.1:{untold} inet n - n - - smtpd
{shared}"""
SHARED = """\
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sasl_type=dovecot
  -o smtpd_sasl_path={socket}
  -o smtpd_peername_lookup=no
  -o mynetworks=
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
"""
LISTENER = """\
[[listener]]
name = "submission"
listen = ["127.0.0.1:0"]
direction = "out"
auth_domain = "example.com"
auth_without_tls = true
upstream = "smtp://127.0.0.1:{upstream}"
client_address = "{client_address}"
proxy_from = ["127.0.0.1"]
rcpt_reply = "554 5.7.1 <{{rcpt}}>: Recipient address rejected: Access denied"
"""
MECHANISMS = "plain login cram-md5 scram-sha-256"


def introduced(address):
    """What a proxy says for a client with that address."""
    return (f"PROXY TCP6 {address} ::1 1 2\r\n" if ":" in address else
            f"PROXY TCP4 {address} {FRONT} 1 2\r\n").encode()


class HammeredTestCase(TestCase):
    """`dovecot` judges without delay and without penalty, unless a class says otherwise. Clients
    come to the front by PROXY, so that each has an address of its own."""

    settings, fields = NO_PENALTY, "nodelay=y"

    @classmethod
    def setUpClass(cls):
        folder = cls.class_folder("hammered")
        socket = folder / "dovecot/auth"
        # What delays and penalties there are else is Dovecot's own choice.
        listener = SOCKET.format(mechanisms=MECHANISMS, socket=socket) + cls.settings
        cls.dovecot = Dovecot(folder / "dovecot", USERS, listener, cls.fields)
        cls.addClassCleanup(cls.dovecot.stop)
        cls.told, cls.limited, cls.untold = free_ports(3)
        cls.postfix = Postfix(folder / "postfix", main="inet_protocols = all\n", master=SERVICES.format(
            told=cls.told, limited=cls.limited, untold=cls.untold,
            shared=SHARED.format(socket=socket)))
        cls.addClassCleanup(cls.postfix.stop)

    def setUp(self):
        """Every test has addresses of its own: the logs of the servers go on."""
        super().setUp()
        self.bot, self.office, self.visitor = (f"192.0.2.{next(hosts)}" for _ in range(3))
        self.seen = len(self.postfix.log())

    def front(self, more="", upstream=None, client_address="proxy"):
        self.running = self.configured(
            f'store = "{self.store.path}"\n'
            + LISTENER.format(upstream=upstream or self.told, client_address=client_address) + more,
            listeners=1 + more.count("[[listener]]"))

    def client(self, address=None, name="client.example.net"):
        client = Client(self.running.port, first=introduced(address or self.office))
        self.addCleanup(client.close)
        client.ehlo(name)
        return client

    def log_in(self, user, address=None, password=None, name="client.example.net", port=None):
        """The outcome of a try, by default with the right password, on a connection of its own."""
        with Client(port or self.running.port,
                    first=introduced(address or self.office)) as client:
            client.ehlo(name)
            return client.auth_plain(user, password or USERS[user])

    def hammer(self, *users, tries=TRIES, port=None):
        """So many tries with the right password of each, side by side; the outcomes."""
        with ThreadPoolExecutor(TRIES) as pool:
            return {reply.text for reply in
                    pool.map(lambda user: self.log_in(user, self.bot, port=port), users * tries)}

    def failed_behind(self, address=None):
        """How many failed logins of that address the log of Postfix has since the test began."""
        return len(re.findall(rf"\[{re.escape(address or self.bot)}\]: SASL \S+ authentication failed",
                              self.postfix.log()[self.seen:]))

    def judged(self, user):
        """How many logins of that account Dovecot has judged to be wrong, ever."""
        return len(re.findall(rf"\({re.escape(user)},[^)]*\): Password mismatch",
                              self.dovecot.log()))
