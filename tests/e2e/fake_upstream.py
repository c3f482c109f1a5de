"""A mail server that accepts everything, records it with its time, and can be told to misbehave."""

import base64
import hashlib
import hmac
import re
import socket
import struct
import threading
import time
from typing import NamedTuple

# What somebody somewhere takes for the end of a message.
GULLIBLE_END = re.compile(rb"(?:\A|[\r\n\0])\.\0?(?:\r\n|[\r\n])")

DROP = object()  # an answer: close the connection instead
RESET = object()  # an answer: close it with a TCP reset


class Heard(NamedTuple):
    at: float  # time.monotonic(), when the line was complete
    verb: str  # "EHLO", "RCPT", ..., "end" of a message
    line: bytes


class Message(NamedTuple):
    at: float
    sender: str
    recipients: tuple
    body: bytes  # dots unstuffed, without the end


class Login(NamedTuple):
    at: float
    user: str
    password: str
    accepted: bool


def scram_keys(password, messages):
    """ClientKey and ClientSignature of RFC 5802 3, by SHA-256, with the salt that is used here."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", 4096)
    key = hmac.digest(salted, b"Client Key", "sha256")
    stored = hashlib.sha256(key).digest()
    return key, hmac.digest(stored, messages.encode(), "sha256")


class Cancelled(Exception):
    """The client gave its login up."""


class Gone(Exception):
    """The connection has ended."""


class FakeUpstream:
    """`users`: passwords by name; with them AUTH is offered. `answer(verb, line)` may return other
    words than the usual ones (bytes with CRLF), DROP, RESET, both one after the other as a tuple, or
    None; verbs are those of Heard, and "greeting". It is gullible: a dot alone ends a message between
    line ends of whatever spelling. With `chunking` it offers CHUNKING. With `proxy` each connection
    must begin with a PROXY header, version 2; whom it names is `proxied` of the session, None for
    LOCAL."""

    def __init__(self, users=None, answer=None, chunking=False, proxy=False, port=0):
        self.proxy = proxy
        self.users = users or {}
        self.chunking = chunking
        self.answer = answer or (lambda verb, line: None)
        self.sessions = []
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.spec = f"smtp://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            session = Session(self, connection)
            self.sessions.append(session)
            threading.Thread(target=session.run, daemon=True).start()

    def stop(self):
        # A blocked accept() returns only when the socket is shut down.
        if self._listener.fileno() >= 0:
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for session in list(self.sessions):
            session.close()

    @property
    def messages(self):
        return [message for session in list(self.sessions) for message in list(session.messages)]

    @property
    def logins(self):
        return [login for session in list(self.sessions) for login in list(session.logins)]

    def heard(self, verb):
        return [heard for session in list(self.sessions) for heard in list(session.heard)
                if heard.verb == verb]


class Session:
    def __init__(self, server, connection):
        self.server = server
        self.heard = []
        self.messages = []
        self.logins = []
        self.octets = bytearray()
        self.reads = []  # their octets
        self.ended = False
        self.proxied = None
        self._connection = connection
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pending = bytearray()
        self._sender = None
        self._recipients = []
        self._chunks = b""

    def close(self, reset=False):
        try:
            if reset:
                self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                            struct.pack("ii", 1, 0))
            else:
                self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._connection.close()

    def run(self):
        try:
            if self.server.proxy:
                self._read_proxy_header()
            self._answer("greeting", b"", b"220 mx.fake.example ESMTP\r\n")
            while True:
                line = self._read_line()
                verb = line[:4].decode("latin-1").upper()
                self.heard.append(Heard(time.monotonic(), verb, line))
                getattr(self, "_on_" + verb.lower(), self._on_other)(line)
        except (Gone, OSError):
            self.close()
        finally:
            self.ended = True

    def _read_proxy_header(self):
        while len(self._pending) < 16 or len(self._pending) < 16 + self._pending[15]:
            self._read()
        header = self._taken(16 + self._pending[15])
        if header[:12] != b"\r\n\r\n\0\r\nQUIT\n":
            raise Gone
        if header[12] == 0x21:
            family, octets = ((socket.AF_INET, 4), (socket.AF_INET6, 16))[header[13] == 0x21]
            self.proxied = socket.inet_ntop(family, header[16:16 + octets])

    def _read_line(self):
        while b"\n" not in self._pending:
            self._read()
        return self._taken(self._pending.index(b"\n") + 1)

    def _taken(self, octets):
        """That many off the head of what was read."""
        taken = bytes(self._pending[:octets])
        del self._pending[:octets]
        return taken

    def _read(self):
        octets = self._connection.recv(65536)
        if not octets:
            raise Gone
        self.reads.append(octets)
        self.octets += octets
        self._pending += octets

    def _answer(self, verb, line, usual):
        """True when the usual answer was given."""
        words = self.server.answer(verb, line)
        for part in words if isinstance(words, tuple) else (words,):
            if part is DROP or part is RESET:
                self.close(reset=part is RESET)
                raise Gone
            self._connection.sendall(usual if part is None else part)
        return words is None

    def _on_ehlo(self, line):
        auth = b"250-AUTH PLAIN LOGIN SCRAM-SHA-256 XOAUTH2\r\n" if self.server.users else b""
        self._answer("EHLO", line, b"250-mx.fake.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
                     + auth + (b"250-CHUNKING\r\n" if self.server.chunking else b"")
                     + b"250-ENHANCEDSTATUSCODES\r\n250 SIZE 20000000\r\n")

    def _on_auth(self, line):
        try:
            self._log_in(line)
        except Cancelled:
            self._answer("AUTH", line, b"501 5.7.0 As you like\r\n")

    def _log_in(self, line):
        words = line.split()
        mechanism = words[1].upper()
        initial = words[2] if len(words) > 2 else None
        if mechanism == b"PLAIN":
            decoded = base64.b64decode(initial or self._challenge(b""))
            user, password = decoded.decode().split("\0")[1:]
        elif mechanism == b"SCRAM-SHA-256":
            user, password = self._scram(base64.b64decode(initial or self._challenge(b"")).decode())
        elif mechanism == b"XOAUTH2":
            decoded = base64.b64decode(initial or self._challenge(b"")).decode()
            user, password = decoded[len("user="):].split("\1")[:2]
            password = password[len("auth=Bearer "):]
            if self.server.users.get(user) != password:
                self._challenge(b'{"status":"401"}')
        else:
            user = base64.b64decode(initial or self._challenge(b"Username:")).decode()
            password = base64.b64decode(self._challenge(b"Password:")).decode()
        accepted = self.server.users.get(user) == password
        usual = b"235 2.7.0 Welcome\r\n" if accepted else b"535 5.7.8 No such luck\r\n"
        self.logins.append(Login(time.monotonic(), user, password, accepted))
        self._answer("AUTH", line, usual)

    def _scram(self, first):
        """RFC 7677; the password is None when the proof is wrong."""
        bare = first.split(",", 2)[2]
        user = bare[len("n="):bare.index(",")]
        challenge = bare[bare.index("r="):] + "server,s=c2FsdA==,i=4096"
        final = base64.b64decode(self._challenge(challenge.encode())).decode()
        without_proof, _, proof = final.rpartition(",p=")
        password = self.server.users.get(user, "")
        key, signature = scram_keys(password, ",".join((bare, challenge, without_proof)))
        right = bytes(a ^ b for a, b in zip(key, signature))
        if base64.b64decode(proof) != right:
            return user, None
        self._challenge(b"v=unverified")
        return user, password

    def _challenge(self, words):
        self._connection.sendall(b"334 " + base64.b64encode(words) + b"\r\n")
        line = self._read_line()
        if line == b"*\r\n":
            raise Cancelled
        return line

    def _on_mail(self, line):
        self._sender = self._path(line)
        self._recipients = []
        self._answer("MAIL", line, b"250 2.1.0 Sender taken\r\n")

    def _on_rcpt(self, line):
        if self._answer("RCPT", line, b"250 2.1.5 Recipient taken\r\n"):
            self._recipients.append(self._path(line))

    def _on_data(self, line):
        if not self._answer("DATA", line, b"354 Go on\r\n"):
            return
        searched = 0
        while not (end := GULLIBLE_END.search(self._pending, searched)):
            searched = max(0, len(self._pending) - 4)
            self._read()
        while end[0].endswith(b"\r") and end.end() == len(self._pending):
            self._read()  # the LF of it may be on its way
        end = GULLIBLE_END.match(self._pending, end.start())
        body = self._taken(self._pending.index(b".", end.start()))
        self._taken(end.end() - len(body))
        self._take(re.sub(rb"(?m)^\.", b"", body), b".\r\n")

    def _on_bdat(self, line):
        words = line.split()
        octets = int(words[1])
        while len(self._pending) < octets:
            self._read()
        self._chunks += self._taken(octets)
        if len(words) == 2:
            self._answer("BDAT", line, b"250 2.0.0 Chunk taken\r\n")
        else:
            body, self._chunks = self._chunks, b""
            self._take(body, line)

    def _take(self, body, line):
        now = time.monotonic()
        self.heard.append(Heard(now, "end", line))
        self.messages.append(Message(now, self._sender, tuple(self._recipients), body))
        self._answer("end", line, b"250 2.0.0 Message taken\r\n")

    def _on_rset(self, line):
        self._recipients = []
        self._chunks = b""
        self._answer("RSET", line, b"250 2.0.0 Forgotten\r\n")

    def _on_noop(self, line):
        self._answer("NOOP", line, b"250 2.0.0 Yes\r\n")

    def _on_quit(self, line):
        self._answer("QUIT", line, b"221 2.0.0 Bye\r\n")
        raise Gone

    def _on_other(self, line):
        self._answer(line[:4].decode("latin-1"), line, b"502 5.5.2 What?\r\n")

    @staticmethod
    def _path(line):
        return line[line.index(b"<") + 1:line.index(b">")].decode("latin-1")
