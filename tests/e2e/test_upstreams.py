"""Several upstreams of a listener, and connections to them that outlive a session."""

import socket
import unittest

from client import Client
from fake_upstream import FakeUpstream
from support import TestCase, wait_until


class Upstreams(TestCase):
    def upstream(self, **options):
        started = FakeUpstream(**options)
        self.addCleanup(started.stop)
        return started

    def front(self, *specs, top="", **keys):
        settings = "".join(f"{key} = {value}\n" for key, value in keys.items())
        listed = ", ".join(f'"{spec}"' for spec in specs)
        return self.configured(f'threads = 1\n{top}[[listener]]\nname = "mx"\nlisten = "127.0.0.1:0"\n'
                               f'upstream = [{listed}]\nclient_address = "none"\n{settings}')

    def deliver(self, front, sender="a@example.com"):
        with Client(front.port) as client:
            client.ehlo()
            reply = client.message(sender, "bob@example.org")
            self.assertEqual(client.say("QUIT").code, 221)
            return reply.code

    def test_the_next_one_when_the_first_cannot_be_reached(self):
        first, second = self.upstream(), self.upstream()
        front = self.front(first.spec, second.spec, upstream_idle=0)
        front.wait_log(f"^listen .*upstream={first.spec},{second.spec}")
        self.assertEqual(self.deliver(front), 250)
        self.assertEqual(len(first.messages), 1)
        first.stop()
        for _ in range(3):
            self.assertEqual(self.deliver(front), 250)
        self.assertEqual(len(second.messages), 3)
        line = front.wait_log(f"^upstream .*upstream={first.spec} state=unreachable")
        self.assertIn("detail=\"Connection refused\"", line)
        self.assertEqual(sum("state=unreachable" in line for line in front.log), 1)

    def test_back_to_the_first_when_it_can_be_reached(self):
        second = self.upstream()
        with socket.socket() as reserved:
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reserved.bind(("127.0.0.1", 0))
            port = reserved.getsockname()[1]
        front = self.front(f"smtp://127.0.0.1:{port}", second.spec, upstream_idle=0)
        self.assertEqual(self.deliver(front), 250)
        first = self.upstream(port=port)
        wait_until("the first one has got a message",
                   lambda: self.deliver(front) == 250 and first.messages)
        front.wait_log(f"^upstream .*upstream={first.spec} state=reached")
        self.assertEqual(self.deliver(front), 250)
        self.assertGreater(len(first.messages), 1)

    def test_one_that_does_not_answer(self):
        """Its queue of connections is full, so that a connection is neither taken nor refused."""
        second = self.upstream()
        full = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.addCleanup(full.close)
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            fillers.append(filler)
            self.addCleanup(filler.close)
        front = self.front(f"smtp://127.0.0.1:{full.getsockname()[1]}", second.spec,
                           top='timeouts.upstream_connect = "2s"\n')
        self.assertEqual(self.deliver(front), 250)
        front.wait_log("^upstream .*state=unreachable detail=timeout")

    def test_what_all_offer_is_offered(self):
        rich = self.upstream(users={"bob@example.com": "secret"})
        plain = self.upstream()
        front = self.front(rich.spec, plain.spec)
        with Client(front.port) as client:
            self.assertNotIn("AUTH", client.ehlo().text)

    def test_a_connection_is_used_again(self):
        upstream = self.upstream()
        front = self.front(upstream.spec)
        learnt = len(upstream.sessions)
        for _ in range(5):
            self.assertEqual(self.deliver(front), 250)
        self.assertEqual(len(upstream.messages), 5)
        self.assertEqual(len(upstream.sessions), learnt + 1)

    def test_a_connection_that_has_died_costs_nobody_a_message(self):
        upstream = self.upstream()
        front = self.front(upstream.spec)
        self.assertEqual(self.deliver(front), 250)
        upstream.sessions[-1].close()
        self.assertEqual(self.deliver(front), 250)
        # It dies with the greeting of its next user.
        dead = upstream.sessions[-1]
        upstream.answer = lambda verb, line: (
            b"421 4.3.2 Too late\r\n" if verb == "EHLO" and upstream.sessions[-1] is dead else None)
        self.assertEqual(self.deliver(front), 250)
        self.assertIsNot(upstream.sessions[-1], dead)

    def test_none_that_saw_an_error_or_a_login_is_used_again(self):
        upstream = self.upstream(users={"bob@example.com": "secret"})
        front = self.front(upstream.spec)
        upstream.answer = lambda verb, line: (
            b"550 5.1.1 Unknown\r\n" if verb == "RCPT" and b"nobody" in line else None)
        with Client(front.port) as client:
            client.ehlo()
            client.say("MAIL FROM:<a@example.com>")
            self.assertEqual(client.say("RCPT TO:<nobody@example.org>").code, 550)
            client.say("QUIT")
        before = len(upstream.sessions)
        with Client(front.port) as client:
            client.ehlo()
            self.assertEqual(client.auth_plain("bob@example.com", "secret").code, 235)
            client.say("QUIT")
        self.assertEqual(len(upstream.sessions), before + 1)
        self.assertEqual(self.deliver(front), 250)
        self.assertEqual(len(upstream.sessions), before + 2)

    def test_no_more_are_kept_than_may_be(self):
        upstream = self.upstream()
        front = self.front(upstream.spec, upstream_idle=1)
        clients = [Client(front.port) for _ in range(3)]
        for client in clients:
            client.ehlo()
            self.assertEqual(client.message("a@example.com", "bob@example.org").code, 250)
        for client in clients:
            self.assertEqual(client.say("QUIT").code, 221)
            client.close()
        used = upstream.sessions[-3:]
        wait_until("two are over", lambda: sum(session.ended for session in used) == 2)
        front.stop()
        wait_until("the last one too", lambda: all(session.ended for session in used))

    def test_words_to_strangers_are_asked_for_again_after_a_failure(self):
        def refusing(words):
            return lambda verb, line: words if verb == "RCPT" and b"relay-test@" in line else None
        self.store.add("thief@example.com")
        first = self.upstream(answer=refusing(b"550 relay not permitted\r\n"))
        front = self.front(first.spec, direction='"out"')
        front.wait_log("^upstream .*state=learnt")

        def refusal():
            with Client(front.port) as client:
                client.ehlo()
                client.say("MAIL FROM:<thief@example.com>")
                return client.say("RCPT TO:<bob@example.org>").text
        self.assertEqual(refusal(), "550 relay not permitted")
        first.stop()
        self.assertEqual(self.deliver(front), 451)
        self.upstream(port=first.port, answer=refusing(b"554 5.7.1 Relaying denied\r\n"))
        wait_until("the new words are learnt", lambda: refusal() == "554 5.7.1 Relaying denied")


if __name__ == "__main__":
    unittest.main()
