"""A dialogue with a mail server, written down as a list of steps, and what the server says in it,
octet by octet, without what differs from one session to the next.

A step is a line that is sent, or one of these:
    AUTH         a login by the mechanism that is played, with the secret that the sender has
    AUTH ~       with another one, which is wrong for everybody; `AUTH ~~` with a third one
    AUTH *       given up where the first response is asked for
    AUTH X       one of the above by that mechanism: `AUTH PLAIN ~`
    STARTTLS     and the handshake, if the server is ready for it
    CLOSE        the client says no more
    END          what comes until the server closes
    AGAIN        another connection
Steps parted by ` | ` go out together, and `20 * LINE` is that many of it. In a line {user}, {name},
{password}, {mechanism} and {n}, which counts, are filled in, and 64(X) is X in base64."""

import re
import ssl
from typing import NamedTuple

from client import Closed
from sasl_client import MECHANISMS, TOKENS, log_in
from submission import encoded, right_secret, shape
from tls_client import TlsClient

LOGIN = re.compile(rf"AUTH(?: ({'|'.join(MECHANISMS)}))?(?: ?(~+|\*))?")
WRONG = ("wrong horse", "wrong staple", "wrong monkey")


class Sender(NamedTuple):
    """Who speaks: his account and his EHLO name, and whether his secret is the right one."""
    user: str
    name: str
    right: bool = False

    def secret(self, mechanism, number=0):
        """The one that he has, or of another number one that is always wrong."""
        right = right_secret(mechanism, self.user)
        if self.right and number == 0:
            return right
        return right[:-4] + "ABC"[number] * 4 if mechanism in TOKENS else WRONG[number]


class Dialogue:
    """`said` is what the server said: for each answer to which verb, and its text, and when it
    closed. The rest are arguments of TlsClient."""

    def __init__(self, port, steps, sender, mechanism="PLAIN", context=None, **connection):
        self.said = []
        self._sender, self._mechanism = sender, mechanism
        self._connection = (port, context, False), connection
        self._connect()
        try:
            for step in steps:
                self._play(step)
        except (Closed, ssl.SSLError):
            self.said.append(("", "closed"))
        except TimeoutError:
            self.said.append(("", "silent"))
        finally:
            self._client.close()

    def _connect(self):
        (port, context, implicit), connection = self._connection
        self._client = TlsClient(port, context, implicit=implicit, **connection)
        self._hear("", self._client.greeting)

    def _hear(self, verb, reply):
        """Accounts and names read alike: all are equally long."""
        text = shape(reply).replace(self._sender.user, "USER").replace(self._sender.name, "NAME")
        self.said.append((verb, text))
        return reply

    def _play(self, step):
        login = LOGIN.fullmatch(step)
        if login:
            self._log_in(login[1] or self._mechanism, login[2] or "")
        elif step == "CLOSE":
            self._client.finish()
        elif step == "END":
            self._hear_the_end()
        elif step == "AGAIN":
            self._client.close()
            self._connect()
        else:
            self._say(step)

    def _say(self, step):
        lines = []
        for part in step.split(" | "):
            times, _, line = part.rpartition(" * ")
            lines += [(line, number) for number in range(int(times or 1))]
        self._client.send("".join(f"{self._filled(*line)}\r\n" for line in lines).encode())
        replies = [self._hear(line.partition(" ")[0], self._client.reply()) for line, _ in lines]
        if step == "STARTTLS" and replies[0].code == 220:
            self._client.secure()

    def _filled(self, line, number):
        line = line.format(user=self._sender.user, name=self._sender.name, n=number,
                           password=self._sender.secret("PLAIN"), mechanism=self._mechanism)
        return re.sub(r"64\((.*?)\)", lambda plain: encoded(plain[1]), line)

    def _log_in(self, mechanism, how):
        if how == "*":
            if self._hear("AUTH", self._client.say(f"AUTH {mechanism}")).code == 334:
                self._hear("AUTH", self._client.say("*"))
            return
        secret = self._sender.secret(mechanism, len(how))
        for reply in log_in(self._client, mechanism, self._sender.user, secret)[0]:
            self._hear("AUTH", reply)

    def _hear_the_end(self):
        # A line that was sent while the server said its last word may reach it too late: whether a
        # reset comes of that is chance.
        crossed = self.said[-1][1].startswith("421")
        while True:
            try:
                self._hear("END", self._client.reply())
            except Closed as closed:
                return self.said.append(("END", "closed" if crossed else str(closed)))
