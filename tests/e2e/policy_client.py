"""Postfix as a policy server sees it: requests of SMTPD_POLICY_README over TCP or a unix socket."""

import socket
import time

from support import PATIENCE

# What Postfix always says; a test says the rest.
ALWAYS = {"request": "smtpd_access_policy", "protocol_state": "RCPT", "protocol_name": "ESMTP",
          "client_address": "192.0.2.7", "client_name": "unknown", "helo_name": "mail.example.net",
          "queue_id": "", "sender": "stranger@example.net", "recipient": "bob@example.org",
          "recipient_count": "0", "instance": "123.456.7", "size": "0", "sasl_username": ""}

REJECTED = "554 5.7.1 Access denied"
DEFERRED = "450 4.7.1 Access denied"
PASSED = "DUNNO"


class Gone(Exception):
    """The connection ended without an answer."""


def text_of(attributes):
    return "".join(f"{name}={value}\n" for name, value in attributes.items()) + "\n"


class PolicyClient:
    """`where` is a port of 127.0.0.1 or the path of a unix socket."""

    def __init__(self, where):
        family = socket.AF_INET if isinstance(where, int) else socket.AF_UNIX
        self.socket = socket.socket(family)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", where) if isinstance(where, int) else str(where))
        self.asked = 0  # when the last request was sent
        self.got = 0
        self._unread = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, text):
        self.asked = time.monotonic()
        self.socket.sendall(text.encode())

    def answer(self):
        """The next action."""
        while b"\n\n" not in self._unread:
            try:
                part = self.socket.recv(65536)
            except ConnectionError:
                part = b""
            if not part:
                raise Gone(self._unread)
            self._unread += part
        self.got = time.monotonic()
        answer, _, self._unread = self._unread.partition(b"\n\n")
        name, _, action = answer.decode().partition("=")
        if name != "action":
            raise AssertionError(f"no action: {answer}")
        return action

    def ask(self, **attributes):
        """The action for a client who is like any other but for these attributes."""
        self.send(text_of({**ALWAYS, **attributes}))
        return self.answer()

    def at_end(self):
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True
