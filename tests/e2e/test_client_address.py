"""Whose session it is: PROXY and XCLIENT from those who are listed, and from nobody else; and the
same client at the end of a chain of two daemons."""

import re
import socket
import struct
import unittest

from client import Client
from fake_upstream import FakeUpstream
from support import TestCase, wait_until

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def proxy_v2(client, port=40000, command=0x21, tlvs=b""):
    addresses = socket.inet_aton(client) + socket.inet_aton("192.0.2.25")
    body = addresses + struct.pack("!HH", port, 25) + tlvs
    return SIGNATURE + bytes((command, 0x11)) + struct.pack("!H", len(body)) + body


HEADERS = {  # what the client is then; a header that says nobody leaves the proxy
    b"PROXY TCP4 192.0.2.7 192.0.2.25 40000 25\r\n": "192.0.2.7",
    b"PROXY TCP6 2001:db8::7 2001:db8::25 40000 25\r\n": "2001:db8::7",
    b"PROXY UNKNOWN\r\n": "127.0.0.1",
    proxy_v2("192.0.2.8"): "192.0.2.8",
    proxy_v2("192.0.2.9", tlvs=b"\x04\x00\x05noop."): "192.0.2.9",
    SIGNATURE + b"\x20\x00\x00\x00": "127.0.0.1",
}
MALFORMED = (
    b"EHLO client.example.net\r\n",
    b"PROXY TCP4 192.0.2.7 192.0.2.25 40000\r\n",
    b"PROXY TCP4 2001:db8::7 192.0.2.25 40000 25\r\n",
    b"PROXY TCP4 192.0.2.7 192.0.2.25 40000 25\n" + 107 * b"x",
    b"PROXY TCP4 192.0.2.7 192.0.2.25 65536 25\r\n",
    b"PROXY " + 107 * b"x" + b"\r\n",
    SIGNATURE + b"\x31\x11\x00\x0c" + 12 * b"\0",
    SIGNATURE + b"\x21\x11\x00\x0b" + 11 * b"\0",
    SIGNATURE + b"\x21\x11\x00\xff" + 255 * b"\0",
    SIGNATURE[:7] + b"x" + 20 * b"\0",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + 40 * b"\0",
)


def connect(port):
    made = socket.create_connection(("127.0.0.1", port), timeout=30)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def all_of(connection):
    octets = b""
    try:
        while part := connection.recv(65536):
            octets += part
    except ConnectionError:
        pass
    return octets


class InFront(TestCase):
    def front(self, line, behind=None):
        behind = behind or FakeUpstream()
        self.addCleanup(behind.stop)
        return self.configured(f'[[listener]]\nlisten = "127.0.0.1:0"\nupstream = "{behind.spec}"\n'
                               f'client_address = "none"\n{line}\n')

    def session(self, front, header, pieces=None):
        """The address that the log gives to who sends that header and a blocked recipient."""
        talk = (b"EHLO ylmf-pc\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\n"
                b"QUIT\r\n")
        seen = len([line for line in front.log if line.startswith("block ")])
        with connect(front.port) as connection:
            for piece in pieces or (header + talk,):
                connection.sendall(piece)
            if pieces:
                connection.sendall(talk)
            said = all_of(connection)
        self.assertTrue(said.startswith(b"220 "), said)
        self.assertIn(b"554 5.7.1 <b@example.org>", said)
        return re.search(r"client=(\S+)", front.wait_log("^block ", skip=seen))[1]

    def test_a_header_of_a_listed_proxy_counts(self):
        self.store.add("ylmf-pc", "--type", "ehlo")
        front = self.front('proxy_from = ["127.0.0.0/8"]')
        for header, client in HEADERS.items():
            with self.subTest(header=header):
                self.assertEqual(self.session(front, header), client)
                one_by_one = [bytes((octet,)) for octet in header]
                self.assertEqual(self.session(front, header, one_by_one), client)

    def test_a_malformed_header_closes_without_a_banner(self):
        front = self.front('proxy_from = ["127.0.0.1"]')
        for header in MALFORMED:
            with self.subTest(header=header), connect(front.port) as connection:
                connection.sendall(header)
                self.assertEqual(all_of(connection), b"")
        for header in list(HEADERS)[:4]:
            with self.subTest(cut=header), connect(front.port) as connection:
                connection.sendall(header[:-1])
                connection.shutdown(socket.SHUT_WR)
                self.assertEqual(all_of(connection), b"")
        front.wait_log("event=.*PROXY")

    def test_a_header_that_never_comes(self):
        front = self.front('proxy_from = ["127.0.0.1"]')
        with connect(front.port) as silent, connect(front.port) as slow:
            slow.sendall(b"PROXY TCP4 192.0.2.7 ")
            for connection in (silent, slow):
                self.assertEqual(all_of(connection), b"")
        self.assertIn("none came within 5 s", front.wait_log("event=.*PROXY"))

    def test_a_header_from_anybody_else_is_an_error(self):
        front = self.front('proxy_from = ["192.0.2.0/24"]')
        for header in list(HEADERS):
            with self.subTest(header=header), connect(front.port) as connection:
                connection.sendall(header + b"EHLO client.example.net\r\n")
                said = all_of(connection)
                self.assertTrue(said.startswith(b"220 "), said)
                self.assertNotIn(b"\r\n250", said)
                self.assertIn(b"\r\n421 ", said)

    def test_limits_are_the_clients_own(self):
        front = self.configured('[limits]\nsessions_per_client = 2\n[[listener]]\n'
                                'listen = "127.0.0.1:0"\nproxy_from = "127.0.0.1"\n')
        held = []
        for client, welcome in (("192.0.2.1", b"220 "), ("192.0.2.1", b"220 "),
                                ("192.0.2.1", b"421 "), ("192.0.2.2", b"220 ")):
            connection = connect(front.port)
            self.addCleanup(connection.close)
            held.append(connection)
            connection.sendall(proxy_v2(client))
            self.assertTrue(connection.recv(100).startswith(welcome), client)

    def test_xclient(self):
        self.store.add("bob@example.com", "--dir", "out")
        front = self.front('direction = "in"\nxclient_from = ["127.0.0.1"]\n'
                           'trusted_networks = ["192.0.2.0/24"]')
        with Client(front.port) as client:
            self.assertIn("XCLIENT NAME ADDR PORT PROTO HELO", client.ehlo().text)
            self.assertEqual(client.say("XCLIENT ADDR=192.0.2.7 HELO=a.example").code, 220)
            client.ehlo()
            client.say("MAIL FROM:<bob@example.com>")
            self.assertEqual(client.say("RCPT TO:<x@example.org>").code, 554)
            self.assertIn("client=192.0.2.7", front.wait_log("^block "))
            client.say("RSET")
            self.assertEqual(client.say("XCLIENT ADDR=198.51.100.7").code, 220)
            client.ehlo()
            client.say("MAIL FROM:<bob@example.com>")
            self.assertEqual(client.say("RCPT TO:<x@example.org>").code, 250)


class Behind(TestCase):
    def chain(self, way, listed):
        last = self.configured(f'[[listener]]\nlisten = "127.0.0.1:0"\n{listed} = "127.0.0.1"\n'
                               f'upstream = "maildir:{self.folder / "mail"}"\n')
        first = self.configured(f'[[listener]]\nlisten = "127.0.0.1:0"\n'
                                f'upstream = "127.0.0.1:{last.port}"\nclient_address = "{way}"\n')
        first.wait_log("^upstream .*state=learnt")
        return first, last

    def test_the_last_of_a_chain_sees_the_client(self):
        for way, listed in (("proxy", "proxy_from"), ("xclient", "xclient_from")):
            with self.subTest(way=way):
                first, last = self.chain(way, listed)
                with socket.create_connection(("127.0.0.1", first.port), timeout=30,
                                              source_address=("127.0.0.77", 0)) as connection:
                    connection.sendall(b"EHLO client.example.net\r\nMAIL FROM:<a@example.com>\r\n"
                                       b"RCPT TO:<b@example.org>\r\nDATA\r\n")
                    stream = connection.makefile("rb")
                    while not stream.readline().startswith(b"354 "):
                        pass
                    connection.sendall(b"Subject: x\r\n\r\nx\r\n.\r\nQUIT\r\n")
                    self.assertTrue(stream.readline().startswith(b"250 "))
                line = last.wait_log("^pass ")
                self.assertIn("client=127.0.0.77 ehlo=client.example.net", line)
                mail = wait_until("the message", lambda: list(self.folder.glob("mail/new/*")))
                self.assertIn("client.example.net", mail[0].read_text())
                self.assertIn("127.0.0.77", mail[0].read_text())

    def test_an_upstream_that_is_not_told_gets_no_mail(self):
        behind = FakeUpstream()
        self.addCleanup(behind.stop)
        front = self.configured('[[listener]]\nlisten = "127.0.0.1:0"\n'
                                f'upstream = "{behind.spec}"\nclient_address = "xclient"\n')
        with Client(front.port) as client:
            client.ehlo()
            reply = client.message("a@example.com", "bob@example.org")
            self.assertEqual(reply.code, 451)
        front.wait_log("it does not take XCLIENT from this host")
        self.assertFalse(behind.heard("MAIL"))


if __name__ == "__main__":
    unittest.main()
