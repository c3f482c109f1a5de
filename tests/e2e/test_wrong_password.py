"""A block that nobody can tell from a wrong password: whatever a client says, it hears the same,
octet for octet, whether it is not blocked and has a wrong password, or is blocked with a right or a
wrong one; and but for what a front says to everybody, that is what the server says without it.
Behind Postfix and Dovecot, and the embedded Maildir; behind Exim and OpenSMTPD with SMTPBLOCK_LONG
in the environment."""

import ssl
import unittest
from concurrent.futures import ThreadPoolExecutor

from certificates import Authority
from client import Client
from dialogue import Dialogue, Sender
from dialogues import (EHLO, LIMITS, LOCAL, LOGINS, OURS, PLAIN_SECRETS, QUIT, RECIPIENTS,
                       SECRETS, SPELLINGS, in_sessions)
from mail_clients import SOURCE
from mail_server import free_ports
from sasl_client import MECHANISMS
from servers import MAIN, SERVICE, EximColumn, OpenSmtpdColumn, PostfixColumn, listener
from submission import ALICE, BLOCKED, USERS
from support import LONG, TestCase, hash_of, wait_until
from tls_client import NAME as SERVER_NAME
from tls_client import TlsClient, port_of

NAME, BLOCKED_NAME = "client.example.net", "infect.example.net"
UNBLOCKED = Sender(ALICE, NAME)
SENDERS = {
    "not blocked, wrong password": UNBLOCKED,
    "account blocked, right password": Sender(BLOCKED, NAME, right=True),
    "account blocked, wrong password": Sender(BLOCKED, NAME),
    "EHLO name blocked, right password": Sender(ALICE, BLOCKED_NAME, right=True),
}
DIRECT = "without a front"
SOME = tuple(MECHANISMS) if LONG else ("PLAIN", "LOGIN", "OAUTHBEARER")
THREADS = 300  # Dovecot answers failures twice a second

# Of one thread: what another one has learnt of failures comes a moment later.
TOP = """\
threads = 1
store = "{store}"
[limits]
sessions_per_client = 1000
"""
ASK, NEVER = "auth_upstream_max = 0\n", 'auth_failure = "local"\n'


def behind(port, more=ASK, way="proxy"):
    """The settings of a listener before a server."""
    return f'upstream = "smtp://127.0.0.1:{port}"\nclient_address = "{way}"\n{more}'


class Alike(TestCase):
    """Plays dialogues with the listeners of a front, each by every sender."""

    direct = None  # the port of the server
    maxDiff = None

    @classmethod
    def certificate(cls):
        folder = cls.class_folder("wrong-password")
        authority = Authority(folder)
        cls.context = ssl.create_default_context(cafile=authority.ca)
        cls.chain, cls.key = authority.issue(SERVER_NAME, "127.0.0.1")
        return folder

    def setUp(self):
        super().setUp()
        self.store.add(BLOCKED)
        self.store.add(BLOCKED_NAME, "--type", "ehlo")
        self.played = []
        self.pool = ThreadPoolExecutor(THREADS)
        self.addCleanup(self.pool.shutdown)

    def listening(self, listeners, more=""):
        """A daemon with these listeners, settings by name, which knows what is behind it."""
        front = self.configured(TOP.format(store=self.store.path) + more + "".join(
            listener(name, (self.chain, self.key), settings)
            for name, settings in listeners.items()), listeners=len(listeners))
        for name in listeners:
            wait_until("the server is known", lambda: self.offered(port_of(front, name), "SIZE"))
        return front

    @staticmethod
    def offered(port, word):
        with Client(port) as client:
            return word in client.ehlo(NAME).text

    def play(self, port, steps, sender=UNBLOCKED, mechanism="PLAIN", **connection):
        return self.pool.submit(Dialogue, port, steps, sender, mechanism, self.context,
                                **connection)

    def begin(self, port, dialogues, mechanisms=("PLAIN",), direct=None):
        """Plays these, to be judged later. `direct` takes from what is said that which a front and
        the server say differently, or is None where nothing is to be compared with the server."""
        for name, steps in dialogues.items():
            for mechanism in mechanisms:
                played = {who: self.play(port, steps, sender, mechanism)
                          for who, sender in SENDERS.items()}
                if direct:
                    played[DIRECT] = self.play(self.direct, steps, UNBLOCKED, mechanism,
                                               source=SOURCE)
                self.played.append(((name, mechanism, port), played, direct))

    def judge(self):
        for what, played, direct in self.played:
            said = {who: dialogue.result().said for who, dialogue in played.items()}
            expected = said["not blocked, wrong password"]
            for who in said:
                with self.subTest(what, who=who):
                    alike = direct if who == DIRECT else list
                    self.assertEqual(*("\n".join(f"{verb}: {text}" for verb, text in alike(one))
                                       for one in (said[who], expected)))


class BehindServer(Alike):
    """The server is `column`'s."""

    column = None

    @classmethod
    def setUpClass(cls):
        folder = cls.certificate()
        cls.behind = cls.column(folder, cls.chain, cls.key, cls.addClassCleanup)
        cls.direct = cls.behind.direct


def but_for_greetings(said):
    """The banner and what EHLO offers have other words in them: with a front there is no VRFY."""
    return [(verb, text) for verb, text in said if verb not in ("", "EHLO")]


def judged(said):
    """What is the server's to say: a front has words of its own for the rest."""
    return [(verb, text) for verb, text in said if verb in ("AUTH", "RCPT", "END")]


NARROW = """\
127.0.0.1:{port} inet n - n - - smtpd
  -o smtpd_upstream_proxy_protocol=haproxy
  -o smtpd_hard_error_limit=3
"""


class Submission(PostfixColumn):
    """Takes nothing at all without a login, as submission services do. No error is slowed down, and
    there are so many processes that Postfix does not feel pressed, which makes it shorter with
    everybody. `narrow` is for a front too and ends a session after three errors."""

    main = MAIN.replace("reject_unauth_destination", "reject") + \
        "smtpd_error_sleep_time = 0\ndefault_process_limit = 500\n"

    def __init__(self, *arguments):
        self.narrow, = free_ports(1)
        self.service = SERVICE + NARROW.format(port=self.narrow)
        super().__init__(*arguments)


class PostfixTest(BehindServer):
    column = Submission

    def before(self, more=ASK, port=None, way="proxy"):
        return behind(port or self.behind.behind, more, way)

    def test_asked_behind(self):
        front = self.listening({"proxy": self.before(),
                                "xclient": self.before(ASK, self.behind.xclient, "xclient")})
        port = port_of(front, "proxy")
        self.begin(port, LIMITS, SOME, but_for_greetings)
        self.begin(port, LOGINS, MECHANISMS, but_for_greetings)
        self.begin(port, RECIPIENTS, direct=but_for_greetings)
        self.begin(port, OURS | SPELLINGS | in_sessions("secrets", SECRETS))
        self.begin(port_of(front, "xclient"), LIMITS | LOGINS | RECIPIENTS)
        self.judge()

    def test_answered_here(self):
        """As it was seen to be answered: of each mechanism one failure. Odd secrets may be answered
        in another way, but change nothing."""
        front = self.listening({"never": self.before(NEVER),
                                "twice": self.before("auth_upstream_max = 2\n")})
        ports = [port_of(front, name) for name in ("never", "twice")]
        for seen in [self.play(port, [EHLO, "AUTH", *QUIT], mechanism=mechanism)
                     for port in ports for mechanism in MECHANISMS]:
            seen.result()
        for odd in [self.play(port, steps) for port in ports
                    for steps in in_sessions("secrets", SECRETS).values()]:
            odd.result()
        for port in ports:
            self.begin(port, LIMITS, SOME)
            self.begin(port, LOGINS, MECHANISMS if port == ports[0] else SOME)
            self.begin(port, RECIPIENTS | OURS)
        self.judge()

    def test_limits_that_differ(self):
        """A server that ends sessions sooner than the front does, and one that does later."""
        front = self.listening({"sooner": self.before(ASK, self.behind.narrow),
                                "sooner-never": self.before(NEVER, self.behind.narrow)})
        for name in ("sooner", "sooner-never"):
            self.begin(port_of(front, name), LIMITS | LOGINS | one_by_one(RECIPIENTS))
        later = self.listening({"later": self.before()}, more="errors = 3\n")
        self.begin(port_of(later, "later"), LIMITS | LOGINS | RECIPIENTS)
        self.judge()

    def test_tls(self):
        front = self.listening({"asks": self.before()})
        told = {who: self.tls(port_of(front, "asks"), sender) for who, sender in SENDERS.items()}
        for who, properties in told.items():
            self.assertEqual(properties, told["not blocked, wrong password"], who)

    def tls(self, port, sender):
        """What the server shows of itself before and after a failed login, and to who comes back
        with the ticket that he was given."""
        seen, session = [], None
        for _ in range(2):
            with TlsClient(port, self.context, implicit=False, session=session) as client:
                client.ehlo(sender.name)
                client.starttls()
                client.ehlo(sender.name)
                self.assertEqual(client.auth_plain(sender.user, sender.secret("PLAIN")).code, 535)
                tls, session = client.tls, client.tls.session
                seen.append((tls.cipher(), tls.version(), tls.getpeercert(True), tls.compression(),
                             tls.selected_alpn_protocol(), tls.session_reused, session.has_ticket,
                             session.timeout, session.ticket_lifetime_hint))
        self.assertTrue(seen[1][5])
        return seen


class MaildirTest(Alike):
    """The embedded upstream, of which there is none without a front. It takes two seconds for a
    login that fails, so the limit is near."""

    @classmethod
    def setUpClass(cls):
        cls.certificate()

    def test_asked_behind(self):
        accounts = "".join(f'"{user}" = "{hash_of(USERS[user])}"\n' for user in (ALICE, BLOCKED))
        front = self.listening(
            {name: f'upstream = "maildir:{self.folder / "mail"}"\n{more}'
             for name, more in (("asks", ASK), ("never", NEVER))},
            more=f"errors = 4\n[users]\n{accounts}")
        for name in ("asks", "never"):
            port = port_of(front, name)
            self.play(port, [EHLO, "AUTH", *QUIT]).result()
            self.begin(port, LOGINS, ("PLAIN", "LOGIN"))
            self.begin(port, LIMITS | RECIPIENTS | OURS | ONE_SECRET)
        self.judge()


class EximTest(BehindServer):
    """It takes mail for its own domain from everybody, so only that for others is refused alike; it
    wants to be greeted first, and has words of its own for what is no plain address."""

    column = EximColumn

    def test_asked_behind(self):
        front = self.listening({"asks": behind(self.behind.behind),
                                "never": behind(self.behind.behind, NEVER)})
        for name in ("asks", "never"):
            port = port_of(front, name)
            self.play(port, [EHLO, "AUTH", *QUIT]).result()
            self.begin(port, few_logins(elsewhere(LOGINS)), ("PLAIN", "LOGIN"))
            self.begin(port, few_logins(elsewhere(RECIPIENTS | OURS) | ONE_SECRET))
        # AUTH in a transaction the front refuses itself, and who says no more gets no 421 from it.
        both = {name: steps for name, steps in few_logins(elsewhere(LOGINS)).items()
                if name not in ("in a transaction", "says no more")}
        self.begin(port_of(front, "asks"), both, direct=judged)
        self.judge()


class OpenSmtpdTest(BehindServer):
    """As Exim. Without logins, which it takes in TLS only."""

    column = OpenSmtpdColumn

    def test_recipients(self):
        front = self.listening({"asks": behind(self.behind.behind)})
        self.begin(port_of(front, "asks"), elsewhere(RECIPIENTS | OURS))
        self.judge()


def elsewhere(dialogues):
    """The same without recipients at the server's own domain, in sessions that begin with EHLO."""
    return {name: [step for step in steps if step != LOCAL] for name, steps in dialogues.items()
            if name != "before EHLO"}


def few_logins(dialogues):
    """Those in which Exim does not end the connection because of ten commands that are no mail, nor
    is asked for a login after HELO: what is answered here it does not count, nor refuse."""
    return {name: steps for name, steps in dialogues.items()
            if " ".join(steps).count("AUTH") + steps.count("NOOP") < 8 and
            name not in ("burst of logins", "chatter")}


def one_by_one(dialogues):
    """Without bursts: what a server says to the rest of one in which it has had enough tells."""
    return {name: steps for name, steps in dialogues.items() if "burst" not in name}


ONE_SECRET = in_sessions("secret", PLAIN_SECRETS, at_once=1)

if not LONG:
    del EximTest, OpenSmtpdTest

if __name__ == "__main__":
    unittest.main()
