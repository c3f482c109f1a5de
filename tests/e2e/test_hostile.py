"""Hostile clients and hostile upstreams (tests/data/hostile.table): whatever they say, the other side
hears nothing of it, no message is taken that was not, and the next client is served as ever."""

import socket
import struct
import threading
import unittest

from client import Client, Closed
from fake_upstream import DROP
from hostile import HostileTestCase, octets, packets, rows
from support import PATIENCE, wait_until

OCTET_BY_OCTET = 400  # what is longer goes at once only


class HostileClient(HostileTestCase):
    def test_what_a_client_says(self):
        heard = len(self.upstream.sessions)
        for row in rows("client"):
            said, codes = octets(row.fields[0]), row.fields[1].split()
            pieces = [[said]]
            if len(said) <= OCTET_BY_OCTET:
                pieces.append([said[i:i + 1] for i in range(len(said))])
            for packets_ in pieces:
                with self.subTest(row.name[:80], packets=len(packets_)):
                    self.assert_answers(self.said(packets_, codes[-1] != "closed"), codes)
        self.assertEqual(len(self.upstream.sessions), heard, "the upstream heard of it")
        self.assert_as_before()

    def said(self, packets_, finished):
        """The codes of the answers until the daemon ends the connection, by itself or because the
        client has said all."""
        client = self.client()
        answers = []
        try:
            for packet in packets_:
                client.send(packet)
            if finished:
                client.finish()
        except (Closed, OSError):
            pass  # it has ended it before all was said
        try:
            while True:
                answers.append(client.reply().text[:3])
        except (Closed, OSError):
            client.close()
        return answers

    def assert_answers(self, answers, codes):
        codes = [code for code in codes if code != "closed"]
        if codes[:1] == [".."]:
            codes = codes[1:]
            answers = answers[len(answers) - len(codes):]
        self.assertEqual(answers, codes)


class HostileUpstream(HostileTestCase):
    def test_what_an_upstream_says(self):
        for row in rows("upstream"):
            moment, says, wanted = row.fields
            taken = wanted.split()[-1] == "taken"
            codes = [int(code) for code in wanted.split() if code != "taken"]
            with self.subTest(row.name[:80]):
                before = len(self.upstream.messages)
                self.says = {moment: packets(says)}
                self.assert_one_of(codes, moment)
                self.assertEqual(len(self.upstream.messages) - before,
                                 1 if taken and codes != [250, 451] else 0)
                self.says = {}
                self.deliver()
        self.assert_as_before()

    def assert_one_of(self, codes, moment):
        client = self.client()
        reply = (client.auth_plain("bob@example.com", "secret") if moment == "AUTH"
                 else client.message("a@example.com", "b@example.org"))
        self.assertIn(reply.code, codes, reply.text)
        try:
            client.send(b"NOOP\r\n")
            after = client.reply()
        except Closed:
            return
        self.assertIn(after.text[:9], ("250 2.0.0", "421 4.3.0", "421 4.4.2"), "no other answer is left")
        client.close()

    def test_an_answer_in_pieces_of_one_octet(self):
        taken = b"250 2.0.0 Message taken\r\n"
        self.says = {"end": tuple(bytes([octet]) for octet in taken)}
        self.assertEqual(self.client().message("a@example.com", "b@example.org").text,
                         taken.decode().strip())
        self.says = {}
        self.assert_as_before()


class Stalled(tuple):
    """An answer whose rest waits until the test lets it go."""

    def __new__(cls, *parts):
        answer = super().__new__(cls, parts)
        answer.go_on = threading.Event()
        return answer

    def __iter__(self):
        parts = list(super().__iter__())
        yield parts[0]
        self.go_on.wait(PATIENCE)
        yield from parts[1:]


class HostileTraffic(HostileTestCase):
    def stall(self, moment, *parts):
        """The next time alone."""
        stalled = Stalled(*parts)
        self.addCleanup(stalled.go_on.set)
        usual = self.upstream.answer

        def answer(verb, line):
            if verb != moment:
                return None
            self.upstream.answer = usual
            return stalled
        self.upstream.answer = answer
        return stalled.go_on

    def in_background(self, octets_, client):
        def send():
            try:
                for _ in range(octets_[1]):
                    client.send(octets_[0])
            except (Closed, OSError):
                pass
        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        self.addCleanup(thread.join, PATIENCE)
        return thread

    def assert_nothing_taken(self, session, messages):
        wait_until("the upstream connection ends", lambda: session.ended)
        self.assertNotIn(b"\r\n.\r\n", session.octets)
        self.assertEqual(len(self.upstream.messages), messages)

    def test_a_client_that_does_not_read(self):
        client = self.client()
        sender = self.in_background((b"NOOP\r\n" * 1000, 100), client)
        self.deliver()
        for _ in range(100_000):
            self.assertEqual(client.reply().code, 250)
        sender.join(PATIENCE)
        self.assert_as_before()

    def test_an_upstream_that_does_not_read(self):
        go_on = self.stall("DATA", b"354 Go on\r\n", DROP)
        client = self.begun()
        session = self.upstream.sessions[-1]
        sender = self.in_background((b"x" * 998 + b"\r\n", 50_000), client)
        messages = len(self.upstream.messages)
        self.deliver()
        self.assertTrue(sender.is_alive(), "50 MB are not kept for whoever takes them")
        reset(client)
        go_on.set()
        self.assert_nothing_taken(session, messages + 1)
        self.assert_as_before()

    def test_a_client_that_goes_in_its_message(self):
        for leave in (reset, Client.close, Client.finish):
            with self.subTest(leave=leave.__name__):
                client, messages = self.begun(), len(self.upstream.messages)
                session = self.upstream.sessions[-1]
                client.send(b"Subject: half\r\n\r\nhalf\r\n.")
                wait_until("half of it is there", lambda: b"half" in session.octets)
                leave(client)
                self.assert_nothing_taken(session, messages)
        self.assert_as_before()

    def test_an_upstream_that_answers_the_end_late(self):
        for leave in (reset, Client.close, Client.finish):
            with self.subTest(leave=leave.__name__):
                go_on = self.stall("end", b"250-2.0.0 It was\r\n", b"250 2.0.0 taken\r\n")
                client, messages = self.begun(), len(self.upstream.messages)
                session = self.upstream.sessions[-1]
                client.send(b"Subject: whole\r\n\r\n.\r\n")
                wait_until("it is taken", lambda: len(self.upstream.messages) > messages)
                leave(client)
                go_on.set()
                wait_until("the upstream connection ends", lambda: session.ended)
                self.assertEqual(len(self.upstream.messages), messages + 1)
        self.assert_as_before()


def reset(client):
    """Gone, and what was not read yet is lost."""
    client._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


if __name__ == "__main__":
    unittest.main()
