"""A message ends where the standard says and nowhere else, and no other framing is passed on:
whatever a client invents, by DATA or by BDAT, the upstream sees no second message and not one octet
of a false line ending."""

import re
import unittest

from client import Client
from fake_upstream import FakeUpstream
from support import TestCase, wait_until

# Between the first message and the smuggled one: what some server somewhere takes for an end.
FALSE_ENDS = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r.\n",
              b"\n\n.\n\n", b"\r\r\n.\r\n", b"\r\n.\r\r\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\0",
              b"\r\n\n.\r\n", b"\n\r\n.\r\n", b"\r\n.\n\r\n", b"\r\n..\n", b"\n..\r\n", b"\r", b"\n",
              b"\n\r.\r\n", b"\r\n\r.\r\n", b"\r.\r\r\n", b"\n.\n\n.\r\n", b"\r\n.\r.\r\n"]
SMUGGLED = (b"MAIL FROM:<evil@example.com>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\n"
            b"Subject: smuggled\r\n\r\nevil\r\n.\r\n")
FALSE_LINE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)|\0")
TRUE_END = b"\r\n.\r\n"


def as_lines(octets):
    """With every CR, LF and CRLF taken for the end of a line."""
    return re.sub(rb"\r\n|\r|\n", b"\r\n", octets)


class Front(TestCase):
    bare_newline = "refuse"

    def setUp(self):
        super().setUp()
        self.upstream = FakeUpstream(chunking=True)
        self.addCleanup(self.upstream.stop)
        self.front = self.configured(f'''
[[listener]]
name = "mx"
direction = "in"
listen = ["127.0.0.1:0"]
upstream = ["{self.upstream.spec}"]
client_address = "none"
bare_newline = "{self.bare_newline}"
upstream_idle = 0
''')
        # CHUNKING is offered once it is known that the upstream does.
        wait_until("the upstream is known", lambda: self.upstream.heard("QUIT"))

    def begun(self, by_data=True):
        client = Client(self.front.port)
        self.addCleanup(client.close)
        self.assertIn("CHUNKING", client.ehlo().text)
        for line, code in (("MAIL FROM:<a@example.com>", 250), ("RCPT TO:<bob@example.org>", 250),
                           *([("DATA", 354)] if by_data else [])):
            self.assertEqual(client.say(line).code, code)
        return client

    def assert_refused(self, client):
        reply = client.reply()
        while reply.code == 250:  # a chunk before the bad one
            reply = client.reply()
        self.assertEqual(reply.text[:9], "550 5.5.2")
        while reply.code == 550:  # and all behind it
            reply = client.reply()
        self.assertEqual(reply.code, 421)
        self.assertTrue(client.at_end())

    def assert_upstream_clean(self, messages=0):
        # The daemon has closed its side: nothing more can come.
        wait_until("the upstream connection ends", lambda: all(
            session.ended for session in self.upstream.sessions))
        self.assertEqual(len(self.upstream.messages), messages)
        for message in self.upstream.messages:
            self.assertEqual(message.recipients, ("bob@example.org",))
        for session in self.upstream.sessions:
            octets = bytes(session.octets)
            self.assertIsNone(FALSE_LINE_END.search(octets), octets)
            self.assertNotIn(b"victim", b"".join(heard.line for heard in session.heard))


class Smuggling(Front):
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

    def test_nor_in_a_chunk(self):
        for false_end in FALSE_ENDS:
            with self.subTest(false_end=false_end):
                client = self.begun(by_data=False)
                text = b"Hello" + false_end + SMUGGLED
                client.send(b"BDAT %d LAST\r\n%sNOOP\r\n" % (len(text), text))
                self.assert_refused(client)
                self.assert_upstream_clean()

    def test_nor_over_two_chunks_wherever_they_part(self):
        for false_end in (b"\n.\n", b"\r\n.\r", b"\r.\r\n", b"\0"):
            text = b"Hello" + false_end + b"evil\r\n"
            for first in range(len(text) + 1):
                with self.subTest(false_end=false_end, first=first):
                    client = self.begun(by_data=False)
                    client.send(b"BDAT %d\r\n%sBDAT %d LAST\r\n%sNOOP\r\n" % (
                        first, text[:first], len(text) - first, text[first:]))
                    self.assert_refused(client)
                    self.assert_upstream_clean()

    def test_stuffed_dots_pass_as_they_are(self):
        client = self.begun()
        sent = b"Subject: x\r\n\r\n..\r\n..hidden\r\n...\r\nend"
        self.assertEqual(client.body(sent).code, 250)
        self.assertEqual([message.body for message in self.upstream.messages],
                         [b"Subject: x\r\n\r\n.\r\n.hidden\r\n..\r\nend\r\n"])

    def test_a_message_in_chunks_arrives_as_it_was_sent_wherever_they_part(self):
        text = b"a\r\n.\r\n..\r\nb"
        for first in range(len(text) + 1):
            client = self.begun(by_data=False)
            chunks = (b"BDAT %d\r\n" % first + text[:first], b"BDAT 0 LAST\r\n" if
                      first == len(text) else b"BDAT %d LAST\r\n" % (len(text) - first) + text[first:])
            for octet in b"".join(chunks) if first % 2 else chunks:
                client.send(octet if isinstance(octet, bytes) else bytes([octet]))
            self.assertEqual(client.reply().text, f"250 2.0.0 Ok: {first} bytes")
            self.assertEqual(client.reply().text, "250 2.0.0 Message taken")
            client.say("QUIT")
        self.assertEqual({message.body for message in self.upstream.messages}, {text})
        self.assert_upstream_clean(messages=len(text) + 1)

    def test_a_large_message_in_chunks_arrives_as_it_was_sent(self):
        line = bytes(range(32, 127)) + b"\xc3\xa9\r\n"
        text = line * 100_000  # 10 MB
        client = self.begun(by_data=False)
        half = len(text) // 2
        client.send(b"BDAT %d\r\n%sBDAT %d LAST\r\n%s" % (half, text[:half], len(text) - half,
                                                         text[half:]))
        self.assertEqual(client.reply().text, f"250 2.0.0 Ok: {half} bytes")
        self.assertEqual(client.reply().code, 250)
        self.assertTrue(self.upstream.messages[0].body == text)


class Normalized(Front):
    bare_newline = "normalize"

    def assert_one_message(self, client, text):
        """All of it, and nothing behind it, was one message to the one recipient."""
        while (reply := client.reply()).text.endswith("bytes"):
            self.assertEqual(reply.code, 250)
        self.assertEqual(reply.text, "250 2.0.0 Message taken")
        self.assertEqual(client.reply().code, 250)
        client.say("QUIT")
        self.assertEqual(self.upstream.messages.pop().body, as_lines(text))

    def by_data(self, text, octet_by_octet=False):
        before = len(self.upstream.messages)
        client = self.begun()
        octets = re.sub(rb"(?:\A|(?<=\r\n))\.", b"..", text) + b".\r\nNOOP\r\n"
        for part in (octets[i:i + 1] for i in range(len(octets))) if octet_by_octet else [octets]:
            client.send(part)
        self.assert_one_message(client, text)
        self.assert_upstream_clean(messages=before + 1)

    def test_a_false_end_is_a_line_end(self):
        for false_end in FALSE_ENDS:
            text = b"Hello" + false_end + SMUGGLED
            if b"\0" in text:
                continue
            with self.subTest(false_end=false_end):
                self.by_data(text)

    def test_likewise_octet_by_octet(self):
        for false_end in (b"\n.\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r"):
            with self.subTest(false_end=false_end):
                self.by_data(b"Hello" + false_end + SMUGGLED, octet_by_octet=True)

    def test_likewise_as_a_client_sends_it_that_stuffs_nothing(self):
        for false_end in FALSE_ENDS:
            text = b"Hello" + false_end
            if b"\0" in text or TRUE_END in text or b"\r\n." in text:
                continue
            with self.subTest(false_end=false_end):
                before = len(self.upstream.messages)
                client = self.begun()
                client.send(text + SMUGGLED + b"NOOP\r\n")
                self.assert_one_message(client, text + SMUGGLED[:-3])
                self.assert_upstream_clean(messages=before + 1)

    def test_likewise_in_chunks_wherever_they_part(self):
        for false_end in (b"\n.\n", b"\r.\r\n", b"\r\n.\r"):
            text = b"Hello" + false_end + b"QUIT\r\n"
            for first in range(len(text) + 1):
                with self.subTest(false_end=false_end, first=first):
                    before = len(self.upstream.messages)
                    client = self.begun(by_data=False)
                    client.send(b"BDAT %d\r\n%sBDAT %d LAST\r\n%sNOOP\r\n" % (
                        first, text[:first], len(text) - first, text[first:]))
                    self.assert_one_message(client, text)
                    self.assert_upstream_clean(messages=before + 1)

    def test_nul_is_refused(self):
        for text in (b"a\0b\r\n", b"\0", b"a\r\n\0.\r\nb\r\n"):
            client = self.begun()
            client.send(text + TRUE_END + b"NOOP\r\n")
            self.assert_refused(client)
            client = self.begun(by_data=False)
            client.send(b"BDAT %d LAST\r\n%sNOOP\r\n" % (len(text), text))
            self.assert_refused(client)
        self.assert_upstream_clean()


if __name__ == "__main__":
    unittest.main()
