"""A client's burst reaches the upstream as a burst, and its answers leave in their order."""

import unittest

from client import Client
from fake_upstream import FakeUpstream
from support import TestCase, wait_until

RECIPIENTS = 1000


def number(line):
    """Of RCPT TO:<rN@...>."""
    return int(line[line.index(b"<r") + 2:line.index(b"@")])


class Pipelining(TestCase):
    def setUp(self):
        super().setUp()
        self.upstream = FakeUpstream(answer=self.answer, chunking=True)
        self.addCleanup(self.upstream.stop)
        self.refused = ()
        self.front = self.daemon(upstream=self.upstream.spec)
        wait_until("the upstream is known", lambda: self.upstream.heard("QUIT"))
        self.client = Client(self.front.port)
        self.addCleanup(self.client.close)
        self.client.ehlo()

    def answer(self, verb, line):
        if verb != "RCPT":
            return None
        if number(line) in self.refused:
            return b"550 5.1.1 <r%d@b.example>: no\r\n" % number(line)
        return b"250 2.1.5 number %d\r\n" % number(line)

    def reads_behind_ehlo(self):
        reads = self.upstream.sessions[-1].reads
        return [read for read in reads if not read.startswith(b"EHLO")]

    def test_a_burst_is_one_write(self):
        burst = (b"MAIL FROM:<a@example.com>\r\nRCPT TO:<r1@b.example>\r\nRCPT TO:<r2@b.example>\r\n"
                 b"RCPT TO:<r3@b.example>\r\nDATA\r\n")
        self.refused = (2,)
        for _ in range(3):
            self.client.send(burst)
            self.assertEqual([self.client.reply().text for _ in range(5)],
                             ["250 2.1.0 Ok", "250 2.1.5 number 1", "550 5.1.1 <r2@b.example>: no",
                              "250 2.1.5 number 3", "354 Go on"])
            self.assertEqual(self.reads_behind_ehlo()[-1], burst)
            self.assertEqual(self.client.body(b"x").code, 250)

    def test_a_burst_with_a_chunk_is_two(self):
        burst = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<r1@b.example>\r\n"
        chunk = b"BDAT 7 LAST\r\nhello\r\n"
        self.client.send(burst + chunk)
        self.assertEqual([self.client.reply().text for _ in range(3)],
                         ["250 2.1.0 Ok", "250 2.1.5 number 1", "250 2.0.0 Message taken"])
        self.assertEqual(self.reads_behind_ehlo(), [burst, chunk])

    def test_a_thousand_recipients_in_one_burst(self):
        self.refused = range(0, RECIPIENTS, 70)  # fewer than errors = 20
        commands = [b"MAIL FROM:<a@example.com>\r\n",
                    *(b"RCPT TO:<r%d@b.example>\r\n" % i for i in range(RECIPIENTS)),
                    b"RCPT TO:<r%d@b.example>\r\n" % RECIPIENTS, b"DATA\r\n"]
        self.client.send(b"".join(commands))
        self.assertEqual(self.client.reply().text, "250 2.1.0 Ok")
        for i in range(RECIPIENTS):
            self.assertEqual(self.client.reply().text,
                             f"550 5.1.1 <r{i}@b.example>: no" if i in self.refused
                             else f"250 2.1.5 number {i}")
        self.assertIn(self.client.reply().code, (250, 452))  # some were refused meanwhile, or not
        self.assertEqual(self.client.reply().code, 354)
        # Not many more than the packets in which it came.
        self.assertLess(len(self.reads_behind_ehlo()), 20)
        self.assertEqual(self.client.body(b"x").code, 250)

    def test_none_is_left_when_the_upstream_refuses_all(self):
        self.refused = (1, 2)
        self.client.send(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<r1@b.example>\r\n"
                         b"RCPT TO:<r2@b.example>\r\nDATA\r\n")
        self.assertEqual([self.client.reply().code for _ in range(4)], [250, 550, 550, 554])
        self.assertEqual(self.client.say("NOOP").code, 250)
        self.assertEqual(self.upstream.messages, [])


if __name__ == "__main__":
    unittest.main()
