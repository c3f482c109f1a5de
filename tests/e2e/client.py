"""An SMTP client that says what it is told to, octet by octet, and notes when."""

import base64
import socket
import time
from typing import NamedTuple


class Reply(NamedTuple):
    code: int
    text: str  # every line, as it came, without the last CRLF
    asked: float  # just before the last octet of the command was sent
    got: float


class Closed(Exception):
    """The daemon ended the connection where a reply was due."""


class Client:
    """A connection that said `first` and has been greeted. Times are those of time.monotonic()."""

    def __init__(self, port, seconds=60, host="127.0.0.1", source=None, first=b""):
        self.asked = time.monotonic()
        self._socket = socket.create_connection((host, port), seconds, source and (source, 0))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self._socket.makefile("rb")
        self._socket.sendall(first)
        self.greeting = self.reply()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._stream.close()
        self._socket.close()

    @property
    def local_port(self):
        return self._socket.getsockname()[1]

    def send(self, octets):
        self.asked = time.monotonic()
        try:
            self._socket.sendall(octets)
        except ConnectionError as gone:
            raise Closed(str(gone)) from gone

    def finish(self):
        """Says no more, as a client that closes its side."""
        self._socket.shutdown(socket.SHUT_WR)

    def reply(self):
        lines = []
        while not lines or lines[-1][3:4] == b"-":
            try:
                line = self._stream.readline()
            except ConnectionError as gone:
                raise Closed(str(gone)) from gone
            if not line.endswith(b"\r\n"):
                raise Closed(f"closed after {line!r}")
            lines.append(line)
        text = b"".join(lines)[:-2].decode("latin-1")
        return Reply(int(text[:3]), text, self.asked, time.monotonic())

    def at_end(self):
        """True when the daemon has closed the connection and said nothing more."""
        try:
            return self._stream.read(1) == b""
        except ConnectionError:
            return True

    def say(self, line):
        self.send(line.encode() + b"\r\n")
        return self.reply()

    def ehlo(self, name="client.example.net"):
        return self.say("EHLO " + name)

    def auth_plain(self, user, password, initial=True):
        words = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        if initial:
            return self.say("AUTH PLAIN " + words)
        asked = self.say("AUTH PLAIN")
        return self.say(words) if asked.code == 334 else asked

    def auth_login(self, user, password, initial=False):
        name = base64.b64encode(user.encode()).decode()
        asked = self.say("AUTH LOGIN " + name if initial else "AUTH LOGIN")
        if asked.code == 334 and not initial:
            asked = self.say(name)
        if asked.code != 334:
            return asked
        return self.say(base64.b64encode(password.encode()).decode())

    def mail(self, sender):
        return self.say(f"MAIL FROM:<{sender}>")

    def rcpt(self, recipient):
        return self.say(f"RCPT TO:<{recipient}>")

    def body(self, octets):
        """A message that needs no dots stuffed, and its end."""
        self.send(octets + b"\r\n.\r\n")
        return self.reply()

    def message(self, sender, recipient, octets=b"Subject: x\r\n\r\nHello."):
        """The first reply that is no success, else that of the end."""
        for line, code in ((f"MAIL FROM:<{sender}>", 250), (f"RCPT TO:<{recipient}>", 250),
                           ("DATA", 354)):
            reply = self.say(line)
            if reply.code != code:
                return reply
        return self.body(octets)
