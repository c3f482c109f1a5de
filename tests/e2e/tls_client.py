"""A client in TLS, and what tests of TLS start from."""

import os
import re
import socket
import ssl
import time

from certificates import Authority
from client import Client
from fake_upstream import FakeUpstream
from support import TestCase

NAME = "mx.example.org"
PASSWORD = "correct horse battery staple"


class TlsClient(Client):
    """A client in TLS: from the beginning, or from starttls() on."""

    def __init__(self, port, context=None, name=NAME, implicit=True, session=None, **connection):
        self._context, self._name, self._session = context, name, session
        if implicit:
            self.asked = time.monotonic()
            raw = socket.create_connection(("127.0.0.1", port), timeout=60)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._secure(raw)
            self.greeting = self.reply()
        else:
            super().__init__(port, **connection)

    def _secure(self, raw):
        self._socket = self._context.wrap_socket(raw, server_hostname=self._name,
                                                 session=self._session)
        self._stream = self._socket.makefile("rb")

    def starttls(self):
        reply = self.say("STARTTLS")
        if reply.code != 220:
            raise AssertionError(reply.text)
        self.secure()

    def secure(self):
        """The handshake that STARTTLS was answered with."""
        self._stream.close()
        self._secure(self._socket)

    @property
    def tls(self):
        return self._socket

    def names(self):
        """Those in the certificate of the server."""
        return [value for _, value in self._socket.getpeercert()["subjectAltName"]]

    def beside(self):
        """The TCP connection that TLS runs on; what is sent there is not in TLS."""
        return socket.socket(fileno=os.dup(self._socket.fileno()))


def port_of(daemon, listener):
    return int(re.search(r"address=\S+:(\d+)", daemon.wait_log(f"^listen listener={listener} "))[1])


class TlsTestCase(TestCase):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder)
        self.context = ssl.create_default_context(cafile=self.authority.ca)

    def upstream(self, **options):
        upstream = FakeUpstream(**options)
        self.addCleanup(upstream.stop)
        return upstream

    def front(self, *certificates, upstream=None, lines="", more="", **options):
        """Two listeners on the same certificates: implicit TLS, and STARTTLS."""
        pairs = ", ".join(f'{{ chain = "{chain}", key = "{key}" }}' for chain, key in certificates)
        to = f'upstream = "{upstream}"\nclient_address = "none"\n' if upstream else ""
        return self.configured("".join(
            f'[[listener]]\nname = "{name}"\nlisten = "127.0.0.1:0"\ndirection = "out"\n'
            f'certificates = [{pairs}]\n{tls}\n{to}{lines}\n'
            for name, tls in (("smtps", "tls = true"), ("submission", 'starttls = "required"')))
            + more, listeners=2, **options)

    def client(self, front, implicit=True, **options):
        port = port_of(front, "smtps" if implicit else "submission")
        client = TlsClient(port, self.context, implicit=implicit, **options)
        self.addCleanup(client.close)
        if not implicit:
            self.assertEqual(client.ehlo().code, 250)
            client.starttls()
        return client
