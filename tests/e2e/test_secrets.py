"""No password stays in the daemon's memory or gets into its log: the memory of the process is read
after logins of every kind, and searched for the secret as it is and inside base64."""

import base64
import re
import secrets
import string
import unittest

from client import Client
from fake_upstream import FakeUpstream, scram_keys
from support import TestCase, wait_until

BOB, ALICE = "bob@example.com", "alice@example.com"


def secret_text():
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(30))


def traces(text):
    """The text as it is, and what of it stands in base64 whatever stands before it."""
    octets = text.encode()
    yield octets
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + octets)
        # The first and last groups may hold bits of neighbours.
        yield encoded[4 if shift else 0:-4]


def memory_of(pid):
    """All that is readable and private, piece by piece."""
    most = 1 << 30  # only AddressSanitizer has more in one place: notes about memory, not memory
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) r..p \S+ \S+ \d+ *(.*)", line)
            if not found or found[3] in ("[vvar]", "[vvar_vclock]", "[vsyscall]"):
                continue
            begin, end = int(found[1], 16), int(found[2], 16)
            if end - begin > most:
                continue
            memory.seek(begin)
            yield begin, memory.read(end - begin)


def encoded(text):
    return base64.b64encode(text.encode()).decode()


class Secrets(TestCase):
    def search(self, front, *texts):
        wanted = [(text, trace) for text in texts for trace in traces(text)]
        found = []
        for begin, octets in memory_of(front.pid):
            for text, trace in wanted:
                at = octets.find(trace)
                if at >= 0:
                    found.append(f"{text} at {begin + at:x}: {octets[max(0, at - 60):at + 90]!r}")
        self.assertEqual(found, [])
        log = "\n".join(front.log)
        for text, trace in wanted:
            self.assertNotIn(trace.decode(), log)

    def test_the_search_finds_what_is_there(self):
        # An address stays, for the log: what is found so proves that the rest was looked at.
        upstream = FakeUpstream(users={BOB: "x"})
        self.addCleanup(upstream.stop)
        front = self.daemon("--listen", "out:127.0.0.1:0", upstream=upstream.spec)
        name = secret_text()
        with Client(front.port) as client:
            client.ehlo(name + ".example.net")
            with self.assertRaises(AssertionError):
                self.search(front, name)

    def test_before_a_server(self):
        password, wrong, token = secret_text(), secret_text(), secret_text()
        upstream = FakeUpstream(users={BOB: password, ALICE: password})
        self.addCleanup(upstream.stop)
        front = self.daemon("--listen", "out:127.0.0.1:0", upstream=upstream.spec)
        self.store.add(ALICE)
        for user, code in ((BOB, 235), (ALICE, 535)):
            for mechanism in self.logins(user, password):
                with self.subTest(user=user, login=mechanism[0]), Client(front.port) as client:
                    client.ehlo()
                    self.assertEqual(self.play(client, mechanism).code, code)
                    # While the session lives, and when it is gone.
                    self.search(front, password)
        proofs = []
        for user, code in ((BOB, 235), (ALICE, 535)):
            with Client(front.port) as client:
                client.ehlo()
                proof, reply = self.scram(client, user, password)
                self.assertEqual(reply.code, code)
                proofs.append(proof)
        with Client(front.port) as client:
            client.ehlo()
            self.assertEqual(client.auth_plain(BOB, wrong).code, 535)
            self.assertEqual(client.auth_login(BOB, wrong).code, 535)
            for mechanism in self.oauth(BOB, token) + self.oauth(ALICE, token):
                self.assertEqual(self.play(client, mechanism).code, 334)
                self.assertEqual(client.say("").code, 535)
            # Octet by octet, and a line without an end.
            for octet in f"AUTH PLAIN {encoded(chr(0) + BOB + chr(0) + wrong)}\r\n".encode():
                client.send(bytes([octet]))
            self.assertEqual(client.reply().code, 535)
            client.send(b"AUTH PLAIN " + encoded(f"\0{BOB}\0{wrong}").encode())
        wait_until("the sessions are over",
                   lambda: all(session.ended for session in upstream.sessions))
        self.search(front, password, wrong, token, *proofs)

    def test_before_the_maildir(self):
        password, wrong = secret_text(), secret_text()
        front = self.before_a_maildir(BOB, password)
        for initial in (True, False):
            with Client(front.port) as client:
                client.ehlo()
                self.assertEqual(client.auth_plain(BOB, wrong, initial).code, 535)
                self.assertEqual(client.auth_login(BOB, password, initial).code, 235)
                self.search(front, password, wrong)
        self.store.add(BOB)
        with Client(front.port) as client:
            client.ehlo()
            self.assertEqual(client.auth_login(BOB, password).code, 535)
        self.search(front, password, wrong)

    def logins(self, user, password):
        return [("PLAIN", encoded(f"\0{user}\0{password}")),
                ("PLAIN", None, encoded(f"\0{user}\0{password}")),
                ("LOGIN", None, encoded(user), encoded(password)),
                ("LOGIN", encoded(user), encoded(password))]

    def oauth(self, user, token):
        return [("XOAUTH2", encoded(f"user={user}\1auth=Bearer {token}\1\1")),
                ("XOAUTH2", None, encoded(f"user={user}\1auth=Bearer {token}\1\1"))]

    @staticmethod
    def scram(client, user, password):
        """The proof, and the last reply."""
        bare = f"n={user},r=client"
        asked = client.say(f"AUTH SCRAM-SHA-256 {encoded('n,,' + bare)}")
        challenge = base64.b64decode(asked.text[4:]).decode()
        without_proof = "c=biws," + challenge[:challenge.index(",")]
        key, signature = scram_keys(password, ",".join((bare, challenge, without_proof)))
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature))).decode()
        reply = client.say(encoded(f"{without_proof},p={proof}"))
        return proof, client.say("") if reply.code == 334 else reply

    @staticmethod
    def play(client, mechanism):
        name, initial, *responses = mechanism
        reply = client.say(f"AUTH {name}" + (f" {initial}" if initial is not None else ""))
        for response in responses:
            reply = client.say(response)
        return reply


if __name__ == "__main__":
    unittest.main()
