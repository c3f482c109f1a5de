"""Real servers behind, and before it what people send mail with. Each message is sent twice, without
a front and through it: what arrives, what the server adds to it and what it says in its log must be
the same. Postfix always; the others with SMTPBLOCK_LONG in the environment."""

import re
import unittest

import mail_clients
from certificates import Authority
from client import Client
from mail_clients import HELO, SOURCE, Message, Server
from servers import (CHANGING, EximColumn, OpenSmtpdColumn, PostfixColumn, XclientColumn, listener,
                     without)
from submission import USERS
from support import ENVIRONMENT, LONG, TestCase, hash_of, wait_until
from tls_client import port_of

SENDER, TO, ELSEWHERE = "sender@example.com", "bob@example.org", "someone@elsewhere.example"
BOB, PASSWORD = list(USERS.items())[1]
HEADER = (b"X-Start: here\r\nFrom: <sender@example.com>\r\nTo: <bob@example.org>\r\n"
          b"Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-Id: <1@example.com>\r\n"
          b"Subject: test\r\n\r\n")
MEGABYTES = 50
LINE = bytes(range(32, 108)) + b"\r\n"
EIGHT_BIT = bytes(octet for octet in range(128, 256)) + b"\r\n"
PLAIN = Message(SENDER, (TO,), HEADER + b".\r\n..\r\n.x\r\n\r\n" + b"x" * 990 + b"\r\n")
MESSAGES = {
    "plain": PLAIN,
    "for several": PLAIN._replace(recipients=(TO, "eve@example.org", "carol@example.org")),
    "from nobody": PLAIN._replace(sender=""),
    # To these the server adds what it adds.
    "bare": PLAIN._replace(octets=b"X-Start: here\r\n\r\nbare\r\n"),
    "eight bit": PLAIN._replace(octets=HEADER + EIGHT_BIT * 3),
    "utf8": Message("jörg@bücher.example", ("büro@example.org",),
                    HEADER.replace(b"test", "Grüße".encode()) + "Grüße\r\n".encode()),
    "big": PLAIN._replace(octets=HEADER + LINE * (MEGABYTES * 1_000_000 // len(LINE))),
}

BEHIND = """\
upstream = "smtp://{host}:{port}"
client_address = "{way}"
upstream_idle = 0
rcpt_reply = "554 5.7.1 <{{rcpt}}>: Recipient address rejected: Access denied"
"""
# A name for loopback, where a front asks for STARTTLS as it does of another host.
NOT_LOOPBACK = "127.1"


class OneServer:
    """The tests of a column; `column` says which."""

    column = None

    @classmethod
    def setUpClass(cls):
        folder = cls.class_folder(cls.column.name)
        cls.authority = Authority(folder)
        pair = cls.authority.issue("127.0.0.1", "localhost", NOT_LOOPBACK)
        cls.behind = cls.column(folder, *pair, cls.addClassCleanup)
        cls.certificate = pair
        with Client(cls.behind.direct, source=SOURCE) as client:
            cls.offered = {line[4:].split()[0] for line in client.ehlo(HELO).text.split("\r\n")}

    def setUp(self):
        super().setUp()
        self.front = self.listening(("clear", "127.0.0.1", "127.0.0.1"), ("six", "[::1]", "127.0.0.1"))
        self.port = port_of(self.front, "clear")

    def listening(self, *listeners):
        """A daemon with these: a name, the address in front and the host behind."""
        ENVIRONMENT["SSL_CERT_FILE"] = str(self.authority.ca)
        self.addCleanup(ENVIRONMENT.pop, "SSL_CERT_FILE", None)
        before = len(self.behind.server.log())
        front = self.configured(
            f'store = "{self.store.path}"\n' + "".join(
                listener(name, self.certificate, BEHIND.format(
                    host=host, port=self.behind.behind, way=self.behind.client_address), address)
                for name, address, host in listeners), listeners=len(listeners))
        # It asks the server at start what that offers: not a part of what is compared.
        over = self.behind.lines_of_session[0]
        wait_until("the front has learnt", lambda: len(re.findall(
            over, self.behind.server.log()[before:], re.M)) == len(listeners))
        return front

    def server(self, port, **how):
        return Server(port, str(self.authority.ca), **how)

    def sent(self, client, server, message):
        """What arrives of it and what the server says of it, without what changes each time."""
        before = len(self.behind.server.log())
        outcome = client(server, message)
        self.assertTrue(outcome.sent, outcome.said)
        stored = self.behind.server.take_messages(len(message.recipients))

        def said():
            log = self.behind.server.log()[before:]
            return all(re.search(line, log, re.M) for line in self.behind.lines_of_session) and log
        log = wait_until("the session is over", said)
        return stored, self.behind.log_of(log)

    def assert_same(self, client, message, direct=None, front=None):
        with self.subTest(client=client.__name__, message=message.octets[-20:], how=(direct, front)):
            direct = direct or self.server(self.behind.direct)
            directly = client
            if client is mail_clients.pipelined and "PIPELINING" not in self.offered:
                directly = mail_clients.raw
            front = front or self.server(self.port)
            direct_stored, direct_log = self.sent(directly, direct, message)
            stored, log = self.sent(client, front, message)
            for one, other in zip(stored, direct_stored):
                self.assertEqual(without_changing(one), without_changing(other))
                if b"Message-Id" in message.octets and client is not mail_clients.smtp_source:
                    self.assertTrue(one.endswith(message.octets.replace(b"\r\n", b"\n")))
            self.assertEqual(log, direct_log)

    def test_what_arrives_is_what_arrives_without_a_front(self):
        for client, names in CLIENTS.items():
            for name in names:
                if name != "utf8" or "SMTPUTF8" in self.offered:
                    self.assert_same(client, MESSAGES[name])

    def test_fifty_megabytes(self):
        for client in BIG:
            self.assert_same(client, MESSAGES["big"])

    def test_smtp_source_over_ipv6(self):
        direct = self.server(self.behind.direct, host="::1")
        front = self.server(port_of(self.front, "six"), host="::1")
        self.assert_same(mail_clients.smtp_source, PLAIN, direct, front)

    def test_chunks_where_the_server_takes_them(self):
        with Client(self.port) as client:
            self.assertEqual("CHUNKING" in client.ehlo().text, "CHUNKING" in self.offered)
        if "CHUNKING" in self.offered:
            for name in ("plain", "eight bit", "utf8", "big"):
                self.assert_same(mail_clients.chunked, MESSAGES[name])

    def test_the_port_of_the_client(self):
        with Client(self.port, source=SOURCE) as client:
            client.ehlo(HELO)
            self.assertEqual(client.message(SENDER, TO).code, 250)
            here = f"[{SOURCE}]:{client.local_port}"
        self.behind.server.take_messages(1)
        if self.behind.logs_ports:
            self.assertIn(here, self.behind.server.log())

    def test_tls_in_front_ends_there(self):
        front = self.server(self.port, starttls=True)
        for client in PROGRAMS:
            self.assert_same(client, PLAIN, self.server(self.behind.direct), front)

    def test_logins(self):
        if not self.behind.login:
            return self.assertNotIn("AUTH", self.offered)
        message = PLAIN._replace(recipients=(ELSEWHERE,))
        direct, front = (self.server(port, login=self.behind.login)
                         for port in (self.behind.direct, self.port))
        for client in PROGRAMS:
            self.assert_same(client, message, direct, front)
        for client in PROGRAMS:
            self.assertFalse(client(front._replace(login=()), message).sent)

    def test_starttls_behind(self):
        if "STARTTLS" not in self.offered:
            return
        front = self.listening(("secure", "127.0.0.1", NOT_LOOPBACK))
        for client in PROGRAMS:
            self.assert_same(client, PLAIN, *(self.server(port, starttls=True)
                                              for port in (self.behind.direct, front.port)))

    def test_who_is_blocked_and_for_how_long(self):
        before = len(self.behind.server.log())
        front = self.server(self.port)
        for pattern, options in ((SENDER, ()), (HELO, ("--type", "ehlo"))):
            self.store.add(pattern, *options)
            for client in CLIENTS:
                with self.subTest(client=client.__name__, rule=pattern):
                    outcome = client(front, PLAIN)
                    self.assertFalse(outcome.sent)
                    self.assertIn("Recipient address rejected: Access denied", outcome.said)
            self.store.delete(pattern, *options)
        self.assertEqual(self.behind.log_of(self.behind.server.log()[before:]), [])
        for client in CLIENTS:
            self.sent(client, front, PLAIN)

    def test_who_is_blocked_cannot_log_in(self):
        if not self.behind.login:
            return
        front = self.server(self.port, login=self.behind.login)
        self.store.add(self.behind.login[0])
        for client in PROGRAMS:
            with self.subTest(client=client.__name__):
                self.assertFalse(client(front, PLAIN).sent)
        self.store.delete(self.behind.login[0])
        for client in PROGRAMS:
            self.sent(client, front, PLAIN)


CLIENTS = {
    mail_clients.raw: ("plain", "for several", "from nobody", "bare", "eight bit", "utf8"),
    mail_clients.pipelined: ("plain", "for several", "eight bit", "utf8"),
    mail_clients.swaks: ("plain", "eight bit"),
    mail_clients.swaks_pipelined: ("plain",),
    mail_clients.curl: ("plain", "for several", "eight bit", "utf8"),
    mail_clients.msmtp: ("plain", "for several", "eight bit"),
    mail_clients.python: ("plain", "eight bit", "utf8"),
}
PROGRAMS = (mail_clients.swaks, mail_clients.curl, mail_clients.msmtp, mail_clients.python)
BIG = (mail_clients.raw, mail_clients.curl)
if LONG:
    BIG = (mail_clients.raw, *PROGRAMS)


def without_changing(octets):
    """A stored message whose headers have nothing that is other each time."""
    head, between, body = octets.partition(b"\n\n")
    return without(CHANGING, head.decode("utf-8", "surrogateescape")), between, body


class PostfixTest(OneServer, TestCase):
    column = PostfixColumn


class XclientTest(OneServer, TestCase):
    column = XclientColumn


class EximTest(OneServer, TestCase):
    column = EximColumn


class OpenSmtpdTest(OneServer, TestCase):
    column = OpenSmtpdColumn


class EmbeddedMaildir(TestCase):
    """Nothing is behind the front that a client could be sent to without it."""

    def setUp(self):
        super().setUp()
        self.mailbox = self.folder / "mail"
        front = self.configured(f'''
[users]
"{BOB}" = "{hash_of(PASSWORD)}"
[[listener]]
listen = ["127.0.0.1:0"]
upstream = ["maildir:{self.mailbox}"]
''')
        self.server = Server(front.port, "")

    def assert_arrives(self, client, message, login=()):
        with self.subTest(client=client.__name__, message=message.octets[-20:], login=login):
            outcome = client(self.server._replace(login=login), message)
            self.assertTrue(outcome.sent, outcome.said)
            file, = (self.mailbox / "new").iterdir()
            stored = file.read_bytes()
            file.unlink()
            self.assertTrue(stored.endswith(message.octets.replace(b"\r\n", b"\n")))
            self.assertRegex(stored.partition(b"\nX-Start")[0], rb"Received: from pc\.example\.com "
                             rb"\(\[" + SOURCE.encode().replace(b".", rb"\.") + rb"\]\)")

    def test_what_arrives_is_what_was_sent(self):
        with Client(self.server.port) as client:
            offered = client.ehlo().text
        for client, names in CLIENTS.items():
            for name in names:
                self.assert_arrives(client, MESSAGES[name])
        for client in BIG:
            self.assert_arrives(client, MESSAGES["big"])
        for client in PROGRAMS:
            self.assert_arrives(client, PLAIN, (BOB, PASSWORD))
        if "CHUNKING" in offered:
            self.assert_arrives(mail_clients.chunked, MESSAGES["big"])

    def test_who_is_blocked(self):
        self.store.add(SENDER)
        for client in CLIENTS:
            self.assertIn("Access denied", client(self.server, PLAIN).said)
        self.store.delete(SENDER)
        self.store.add(BOB)
        for client in PROGRAMS:
            self.assertFalse(client(self.server._replace(login=(BOB, PASSWORD)), PLAIN).sent)
        self.assertEqual(list((self.mailbox / "new").iterdir()), [])


if not LONG:
    del EximTest, OpenSmtpdTest

if __name__ == "__main__":
    unittest.main()
