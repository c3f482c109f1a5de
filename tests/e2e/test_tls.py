"""TLS in front: implicit and STARTTLS, resumption, and hostile ends of it. Nothing that was said
outside TLS counts in it, and nothing is read after it."""

import os
import signal
import socket
import ssl
import unittest

from client import Client, Closed
from support import ENVIRONMENT, wait_until
from tls_client import NAME, PASSWORD, TlsClient, TlsTestCase, port_of


class InFront(TlsTestCase):
    def setUp(self):
        super().setUp()
        self.behind = self.upstream(users={"bob@example.com": PASSWORD})
        self.pair = self.authority.issue(NAME)
        self.server = self.front(self.pair, upstream=self.behind.spec)

    def test_implicit_and_starttls(self):
        for implicit in (True, False):
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with self.subTest(implicit=implicit, version=version):
                    self.context.minimum_version = ssl.TLSVersion.TLSv1_2
                    self.context.maximum_version = version
                    client = self.client(self.server, implicit)
                    self.assertEqual(client.tls.version(),
                                     {ssl.TLSVersion.TLSv1_2: "TLSv1.2"}.get(version, "TLSv1.3"))
                    hello = client.ehlo()
                    self.assertEqual(hello.code, 250)
                    self.assertNotIn("STARTTLS", hello.text)
                    self.assertIn("AUTH PLAIN LOGIN", hello.text)
                    self.assertEqual(client.auth_plain("bob@example.com", PASSWORD).code, 235)
                    self.assertEqual(client.message("bob@example.com", "a@example.net").code, 250)
                    self.assertEqual(client.say("QUIT").code, 221)
                    self.assertTrue(client.at_end())

    def test_how_it_listens_is_in_the_log(self):
        self.server.wait_log(r"^listen listener=smtps .* tls=implicit ")
        self.server.wait_log(r"^listen listener=submission .* tls=required ")

    def test_a_large_message_both_ways(self):
        behind = self.upstream()
        pair = self.authority.issue("localhost")
        relay = self.front(pair, upstream=behind.spec)
        first = self.front_to_tls(relay)
        body = b"\r\n".join(b"%078d" % i for i in range(65536))  # 5 MiB
        client = self.client(first)
        client.ehlo()
        self.assertEqual(client.message("bob@example.com", "a@example.net", body).code, 250)
        self.assertEqual(behind.messages[0].body, body + b"\r\n")

    def front_to_tls(self, relay):
        """A daemon before another one, with TLS between them."""
        before = ENVIRONMENT.copy()
        ENVIRONMENT["SSL_CERT_FILE"] = str(self.authority.ca)
        try:
            return self.front(self.pair, upstream=f"smtps://localhost:{port_of(relay, 'smtps')}")
        finally:
            ENVIRONMENT.clear()
            ENVIRONMENT.update(before)

    def test_what_is_glued_behind_starttls_is_thrown_away(self):
        client = TlsClient(port_of(self.server, "submission"), self.context, implicit=False)
        self.addCleanup(client.close)
        client.ehlo()
        client.send(b"STARTTLS\r\nEHLO glued.example\r\nMAIL FROM:<glued@example.com>\r\n")
        self.assertEqual(client.reply().code, 220)
        client._stream.close()
        client._secure(client._socket)
        self.assertEqual(client.say("NOOP").code, 250, "the first answer in TLS is to this")
        self.assertEqual(client.ehlo().code, 250)
        self.assertEqual(client.message("bob@example.com", "a@example.net").code, 250)
        self.assertNotIn("glued", str([session.octets for session in self.behind.sessions]))

    def test_tls_is_required_before_mail(self):
        with Client(port_of(self.server, "submission")) as client:
            self.assertIn("STARTTLS", client.ehlo().text)
            self.assertEqual(client.mail("a@example.com").code, 530)
            self.assertNotIn("AUTH", client.ehlo().text)

    def streaming(self):
        client = self.client(self.server)
        client.ehlo()
        for line in ("MAIL FROM:<bob@example.com>", "RCPT TO:<a@example.net>"):
            self.assertEqual(client.say(line).code, 250)
        self.assertEqual(client.say("DATA").code, 354)
        client.send(b"Subject: half\r\n\r\n")
        session = wait_until("the upstream has it", lambda: next(
            (one for one in self.behind.sessions if b"half" in one.octets), None))
        return client, session

    def ends_without_a_message(self, session):
        wait_until("the upstream connection has ended", lambda: session.ended)
        self.assertFalse(session.messages)
        self.assertNotIn(b"\r\n.\r\n", session.octets)
        self.assertNotIn(b"smuggled", session.octets)
        self.assertFalse(self.behind.messages)

    def test_clear_text_behind_a_close_notify_in_mid_body(self):
        client, session = self.streaming()
        beside = client.beside()
        self.addCleanup(beside.close)
        client.tls.settimeout(0.0)
        with self.assertRaises((ssl.SSLWantReadError, ssl.SSLError, OSError)):
            client.tls.unwrap()  # sends the close_notify, and does not wait for the other one
        beside.sendall(b"smuggled\r\n.\r\n")
        self.ends_without_a_message(session)

    def test_clear_text_in_the_middle_of_tls(self):
        client, session = self.streaming()
        beside = client.beside()
        self.addCleanup(beside.close)
        beside.sendall(b"smuggled\r\n.\r\n")
        self.ends_without_a_message(session)

    def test_a_client_that_closes_without_a_close_notify(self):
        client, session = self.streaming()
        beside = client.beside()
        beside.shutdown(socket.SHUT_RDWR)
        beside.close()
        self.ends_without_a_message(session)

    def test_garbage_in_the_handshake(self):
        for garbage in (b"EHLO client.example.net\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 70000,
                        b"\0" * 100, b"\x15\x03\x01\x00\x02\x02\x28"):
            with self.subTest(garbage=garbage[:10]):
                with socket.create_connection(("127.0.0.1", port_of(self.server, "smtps")), 30) as raw:
                    try:
                        raw.sendall(garbage)
                        while octets := raw.recv(1000):
                            self.assertEqual(octets[:1], b"\x15", "an alert, and no word")
                    except ConnectionError:
                        pass
        self.assertEqual(self.client(self.server).greeting.code, 220)

    def test_a_client_that_says_nothing_is_closed(self):
        self.server.stop()
        quick = self.front(self.pair, upstream=self.behind.spec,
                           more='[timeouts]\ncommand = "1s"\n')
        for octets in (b"", b"\x16\x03\x01"):
            with socket.create_connection(("127.0.0.1", port_of(quick, "smtps")), 30) as raw:
                raw.sendall(octets)
                try:
                    self.assertNotIn(b"421", raw.recv(1000), "no clear text")
                except ConnectionError:
                    pass

    def test_last_words_arrive_in_tls(self):
        client = self.client(self.server)
        client.ehlo()
        client.send(b"nonsense\r\n" * 5000)
        replies = []
        with self.assertRaises(Closed):
            while True:
                replies.append(client.reply())
        self.assertEqual(replies[-1].code, 421)

    def test_sessions_are_resumed(self):
        first = self.client(self.server)
        first.ehlo()
        again = self.client(self.server, session=first.tls.session)
        self.assertTrue(again.tls.session_reused)
        os.kill(self.server.pid, signal.SIGHUP)
        self.server.wait_log(r"^signal name=SIGHUP certificates=2 ")
        again.ehlo()
        after = self.client(self.server, session=again.tls.session)
        self.assertTrue(after.tls.session_reused, "new certificates do not spoil tickets")


if __name__ == "__main__":
    unittest.main()
