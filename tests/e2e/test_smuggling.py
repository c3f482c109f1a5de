"""A message ends with CRLF.CRLF and nothing else, and no other framing is passed on: whatever a
client invents, the upstream sees no message and not one octet of a false line ending."""

import re
import unittest

from client import Client
from fake_upstream import FakeUpstream
from support import TestCase, wait_until

# Between the first message and the smuggled one: what some server somewhere takes for an end.
FALSE_ENDS = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r.\n",
              b"\n\n.\n\n", b"\r\r\n.\r\n", b"\r\n.\r\r\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\0",
              b"\r\n\n.\r\n", b"\n\r\n.\r\n", b"\r\n.\n\r\n", b"\r\n..\n", b"\n..\r\n", b"\r", b"\n"]
SMUGGLED = (b"MAIL FROM:<evil@example.com>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\n"
            b"Subject: smuggled\r\n\r\nevil\r\n.\r\n")
FALSE_LINE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)|\0")


class Smuggling(TestCase):
    def setUp(self):
        super().setUp()
        self.upstream = FakeUpstream()
        self.addCleanup(self.upstream.stop)
        self.front = self.daemon(upstream=self.upstream.spec)

    def begun(self):
        client = Client(self.front.port)
        self.addCleanup(client.close)
        client.ehlo()
        for line, code in (("MAIL FROM:<a@example.com>", 250), ("RCPT TO:<bob@example.org>", 250),
                           ("DATA", 354)):
            self.assertEqual(client.say(line).code, code)
        return client

    def assert_refused(self, client):
        reply = client.reply()
        self.assertEqual(reply.text[:9], "550 5.5.2")
        self.assertEqual(client.reply().code, 421)
        self.assertTrue(client.at_end())

    def assert_upstream_clean(self):
        # The daemon has closed its side: nothing more can come.
        wait_until("the upstream connection ends", lambda: all(
            session.ended for session in self.upstream.sessions))
        self.assertEqual(self.upstream.messages, [])
        for session in self.upstream.sessions:
            octets = bytes(session.octets)
            self.assertIsNone(FALSE_LINE_END.search(octets), octets)
            self.assertNotIn(b"victim", b"".join(heard.line for heard in session.heard))

    def test_a_false_end_smuggles_nothing(self):
        for false_end in FALSE_ENDS:
            with self.subTest(false_end=false_end):
                client = self.begun()
                client.send(b"Subject: x\r\n\r\nHello" + false_end + SMUGGLED + b"NOOP\r\n")
                self.assert_refused(client)
                self.assert_upstream_clean()

    def test_nor_does_it_octet_by_octet(self):
        for false_end in (b"\n.\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r", b"\0"):
            with self.subTest(false_end=false_end):
                client = self.begun()
                for octet in b"Hello" + false_end + SMUGGLED:
                    client.send(bytes([octet]))
                client.send(b"NOOP\r\n")
                self.assert_refused(client)
                self.assert_upstream_clean()

    def test_nor_far_into_a_long_message(self):
        client = self.begun()
        client.send(b"x" * 900 + b"\r\n")
        for _ in range(500):
            client.send(b"y" * 900 + b"\r\n")
        client.send(b"\n.\n" + SMUGGLED + b"NOOP\r\n")
        self.assert_refused(client)
        self.assert_upstream_clean()

    def test_stuffed_dots_pass_as_they_are(self):
        client = self.begun()
        sent = b"Subject: x\r\n\r\n..\r\n..hidden\r\n...\r\nend"
        self.assertEqual(client.body(sent).code, 250)
        self.assertEqual([message.body for message in self.upstream.messages],
                         [b"Subject: x\r\n\r\n.\r\n.hidden\r\n..\r\nend\r\n"])


if __name__ == "__main__":
    unittest.main()
