"""An upstream that dies, or talks nonsense, at every reply: its loss is a 451, 454 or 421 to the
client, never a 5xx of our own making, and never a 250 for a message that it did not accept."""

import socket
import unittest

from client import Client
from fake_upstream import DROP, RESET, FakeUpstream
from support import TestCase

DEATHS = {
    "closes": DROP,
    "resets": RESET,
    "closes in mid-reply": (b"25", DROP),
    "closes in a reply of several lines": (b"250-one\r\n", DROP),
    "says 421 and closes": (b"421 4.3.2 Shutting down\r\n", DROP),
    "says what is no reply": (b"hello\r\n", DROP),
    "says a code that is none": (b"999 hello\r\n", DROP),
    "says too much": (b"250 " + b"x" * 100000 + b"\r\n", DROP),
}
MOMENTS = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "end")


class UpstreamDies(TestCase):
    def setUp(self):
        super().setUp()
        self.at, self.death = None, None
        self.upstream = FakeUpstream(users={"bob@example.com": "secret"}, answer=self.answer)
        self.addCleanup(self.upstream.stop)
        self.front = self.daemon("--listen", "out:127.0.0.1:0", upstream=self.upstream.spec)
        self.front.wait_log(r"^upstream .*state=learnt")

    def answer(self, verb, _):
        return self.death if verb == self.at else None

    def client(self):
        client = Client(self.front.port)
        self.addCleanup(client.close)
        self.assertEqual(client.ehlo().code, 250)
        return client

    def test_at_every_reply(self):
        for moment in MOMENTS:
            for name, death in DEATHS.items():
                with self.subTest(moment=moment, upstream=name):
                    self.at, self.death = moment, death
                    client = self.client()
                    reply = client.message("a@example.com", "bob@example.org")
                    self.assertIn(reply.code, (421, 451), reply.text)
                    self.at = None
                    again = self.client().message("a@example.com", "bob@example.org")
                    self.assertEqual(again.code, 250, "the next session is not harmed")

    def test_in_an_authentication(self):
        for moment in ("greeting", "EHLO", "AUTH"):
            for name, death in DEATHS.items():
                with self.subTest(moment=moment, upstream=name):
                    self.at, self.death = moment, death
                    reply = self.client().auth_plain("bob@example.com", "secret")
                    self.assertIn(reply.code, (421, 454), reply.text)
                    self.at = None
                    self.assertEqual(
                        self.client().auth_plain("bob@example.com", "secret").code, 235)

    def test_while_the_message_streams(self):
        client = self.client()
        for line in ("MAIL FROM:<a@example.com>", "RCPT TO:<bob@example.org>", "DATA"):
            client.say(line)
        client.send(b"x" * 70 + b"\r\n")
        for session in self.upstream.sessions:
            session.close(reset=True)
        self.assertIn(client.body(b"the rest").code, (421, 451))

    def test_an_answer_before_the_end_is_not_the_answer_to_the_end(self):
        self.at, self.death = "DATA", (b"354 Go on\r\n250 2.0.0 Taken already\r\n", DROP)
        reply = self.client().message("a@example.com", "bob@example.org")
        self.assertIn(reply.code, (421, 451), reply.text)

    def test_what_the_upstream_itself_refuses_is_passed_on(self):
        for moment in ("RCPT", "DATA", "end"):
            with self.subTest(moment=moment):
                self.at, self.death = moment, b"550 5.1.1 Not in these words\r\n"
                reply = self.client().message("a@example.com", "bob@example.org")
                self.assertEqual(reply.text, "550 5.1.1 Not in these words")

    def test_an_upstream_that_is_not_there(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        front = self.daemon(upstream=f"smtp://127.0.0.1:{port}")
        with Client(front.port) as client:
            client.ehlo()
            self.assertEqual(client.message("a@example.com", "bob@example.org").code, 451)


if __name__ == "__main__":
    unittest.main()
