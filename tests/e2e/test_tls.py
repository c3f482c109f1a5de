"""TLS in front and behind: implicit and STARTTLS, certificates by name and read again at SIGHUP,
hostile ends of TLS, and an upstream that must be who it says."""

import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest

from certificates import Authority
from client import Client, Closed
from fake_upstream import FakeUpstream
from support import DAEMON, ENVIRONMENT, TestCase, wait_until

NAME = "mx.example.org"
PASSWORD = "correct horse battery staple"


class TlsClient(Client):
    """A client in TLS: from the beginning, or from starttls() on."""

    def __init__(self, port, context=None, name=NAME, implicit=True, session=None):
        self._context, self._name, self._session = context, name, session
        if implicit:
            self.asked = time.monotonic()
            raw = socket.create_connection(("127.0.0.1", port), timeout=60)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._secure(raw)
            self.greeting = self.reply()
        else:
            super().__init__(port)

    def _secure(self, raw):
        self._socket = self._context.wrap_socket(raw, server_hostname=self._name,
                                                 session=self._session)
        self._stream = self._socket.makefile("rb")

    def starttls(self):
        reply = self.say("STARTTLS")
        if reply.code != 220:
            raise AssertionError(reply.text)
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


class InFront(TlsTestCase):
    def setUp(self):
        super().setUp()
        self.behind = self.upstream(users={"bob@example.com": PASSWORD})
        self.pair = self.authority.issue(NAME)
        self.server = self.front(self.pair, upstream=self.behind.spec)

    def test_implicit_and_starttls(self):
        for implicit in (True, False):
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with self.subTest(implicit=implicit, version=version):
                    self.context.minimum_version = ssl.TLSVersion.TLSv1_2
                    self.context.maximum_version = version
                    client = self.client(self.server, implicit)
                    self.assertEqual(client.tls.version(),
                                     {ssl.TLSVersion.TLSv1_2: "TLSv1.2"}.get(version, "TLSv1.3"))
                    hello = client.ehlo()
                    self.assertEqual(hello.code, 250)
                    self.assertNotIn("STARTTLS", hello.text)
                    self.assertIn("AUTH PLAIN LOGIN", hello.text)
                    self.assertEqual(client.auth_plain("bob@example.com", PASSWORD).code, 235)
                    self.assertEqual(client.message("bob@example.com", "a@example.net").code, 250)
                    self.assertEqual(client.say("QUIT").code, 221)
                    self.assertTrue(client.at_end())

    def test_how_it_listens_is_in_the_log(self):
        self.server.wait_log(r"^listen listener=smtps .* tls=implicit ")
        self.server.wait_log(r"^listen listener=submission .* tls=required ")

    def test_a_large_message_both_ways(self):
        behind = self.upstream()
        pair = self.authority.issue("localhost")
        relay = self.front(pair, upstream=behind.spec)
        first = self.front_to_tls(relay)
        body = b"\r\n".join(b"%078d" % i for i in range(65536))  # 5 MiB
        client = self.client(first)
        client.ehlo()
        self.assertEqual(client.message("bob@example.com", "a@example.net", body).code, 250)
        self.assertEqual(behind.messages[0].body, body + b"\r\n")

    def front_to_tls(self, relay):
        """A daemon before another one, with TLS between them."""
        before = ENVIRONMENT.copy()
        ENVIRONMENT["SSL_CERT_FILE"] = str(self.authority.ca)
        try:
            return self.front(self.pair, upstream=f"smtps://localhost:{port_of(relay, 'smtps')}")
        finally:
            ENVIRONMENT.clear()
            ENVIRONMENT.update(before)

    def test_what_is_glued_behind_starttls_is_thrown_away(self):
        client = TlsClient(port_of(self.server, "submission"), self.context, implicit=False)
        self.addCleanup(client.close)
        client.ehlo()
        client.send(b"STARTTLS\r\nEHLO glued.example\r\nMAIL FROM:<glued@example.com>\r\n")
        self.assertEqual(client.reply().code, 220)
        client._stream.close()
        client._secure(client._socket)
        self.assertEqual(client.say("NOOP").code, 250, "the first answer in TLS is to this")
        self.assertEqual(client.ehlo().code, 250)
        self.assertEqual(client.message("bob@example.com", "a@example.net").code, 250)
        self.assertNotIn("glued", str([session.octets for session in self.behind.sessions]))

    def test_tls_is_required_before_mail(self):
        with Client(port_of(self.server, "submission")) as client:
            self.assertIn("STARTTLS", client.ehlo().text)
            self.assertEqual(client.mail("a@example.com").code, 530)
            self.assertNotIn("AUTH", client.ehlo().text)

    def streaming(self):
        client = self.client(self.server)
        client.ehlo()
        for line in ("MAIL FROM:<bob@example.com>", "RCPT TO:<a@example.net>"):
            self.assertEqual(client.say(line).code, 250)
        self.assertEqual(client.say("DATA").code, 354)
        client.send(b"Subject: half\r\n\r\n")
        session = wait_until("the upstream has it", lambda: next(
            (one for one in self.behind.sessions if b"half" in one.octets), None))
        return client, session

    def ends_without_a_message(self, session):
        wait_until("the upstream connection has ended", lambda: session.ended)
        self.assertFalse(session.messages)
        self.assertNotIn(b"\r\n.\r\n", session.octets)
        self.assertNotIn(b"smuggled", session.octets)
        self.assertFalse(self.behind.messages)

    def test_clear_text_behind_a_close_notify_in_mid_body(self):
        client, session = self.streaming()
        beside = client.beside()
        self.addCleanup(beside.close)
        client.tls.settimeout(0.0)
        with self.assertRaises((ssl.SSLWantReadError, ssl.SSLError, OSError)):
            client.tls.unwrap()  # sends the close_notify, and does not wait for the other one
        beside.sendall(b"smuggled\r\n.\r\n")
        self.ends_without_a_message(session)

    def test_clear_text_in_the_middle_of_tls(self):
        client, session = self.streaming()
        beside = client.beside()
        self.addCleanup(beside.close)
        beside.sendall(b"smuggled\r\n.\r\n")
        self.ends_without_a_message(session)

    def test_a_client_that_closes_without_a_close_notify(self):
        client, session = self.streaming()
        beside = client.beside()
        beside.shutdown(socket.SHUT_RDWR)
        beside.close()
        self.ends_without_a_message(session)

    def test_garbage_in_the_handshake(self):
        for garbage in (b"EHLO client.example.net\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 70000,
                        b"\0" * 100, b"\x15\x03\x01\x00\x02\x02\x28"):
            with self.subTest(garbage=garbage[:10]):
                with socket.create_connection(("127.0.0.1", port_of(self.server, "smtps")), 30) as raw:
                    try:
                        raw.sendall(garbage)
                        while octets := raw.recv(1000):
                            self.assertEqual(octets[:1], b"\x15", "an alert, and no word")
                    except ConnectionError:
                        pass
        self.assertEqual(self.client(self.server).greeting.code, 220)

    def test_a_client_that_says_nothing_is_closed(self):
        self.server.stop()
        quick = self.front(self.pair, upstream=self.behind.spec,
                           more='[timeouts]\ncommand = "1s"\n')
        for octets in (b"", b"\x16\x03\x01"):
            with socket.create_connection(("127.0.0.1", port_of(quick, "smtps")), 30) as raw:
                raw.sendall(octets)
                try:
                    self.assertNotIn(b"421", raw.recv(1000), "no clear text")
                except ConnectionError:
                    pass

    def test_last_words_arrive_in_tls(self):
        client = self.client(self.server)
        client.ehlo()
        client.send(b"nonsense\r\n" * 5000)
        replies = []
        with self.assertRaises(Closed):
            while True:
                replies.append(client.reply())
        self.assertEqual(replies[-1].code, 421)

    def test_sessions_are_resumed(self):
        first = self.client(self.server)
        first.ehlo()
        again = self.client(self.server, session=first.tls.session)
        self.assertTrue(again.tls.session_reused)
        os.kill(self.server.pid, signal.SIGHUP)
        self.server.wait_log(r"^signal name=SIGHUP certificates=2 ")
        again.ehlo()
        after = self.client(self.server, session=again.tls.session)
        self.assertTrue(after.tls.session_reused, "new certificates do not spoil tickets")


class Certificates(TlsTestCase):
    def seen(self, front, name):
        context = ssl.create_default_context(cafile=self.authority.ca)
        context.check_hostname = False
        client = TlsClient(port_of(front, "smtps"), context, name=name)
        self.addCleanup(client.close)
        return client.names()

    def test_by_name(self):
        front = self.front(self.authority.issue(NAME), self.authority.issue("*.example.net"),
                           self.authority.issue("*.example.net", key="rsa"))
        self.assertEqual(self.seen(front, NAME), [NAME])
        self.assertEqual(self.seen(front, "any.example.net"), ["*.example.net"])
        self.assertEqual(self.seen(front, "unknown.example"), [NAME])
        self.assertEqual(self.seen(front, None), [NAME])

    def test_read_again_with_a_connection_that_lives_on(self):
        chain, key = self.authority.issue(NAME)
        front = self.front((chain, key))
        client = self.client(front)
        client.ehlo()
        new_chain, new_key = self.authority.issue(NAME, "new.example.org")
        chain.write_bytes(new_chain.read_bytes())
        os.kill(front.pid, signal.SIGHUP)
        front.wait_log("^signal name=SIGHUP .*refused, the old ones stay: .*not the key of")
        self.assertEqual(self.seen(front, NAME), [NAME])
        key.write_bytes(new_key.read_bytes())
        os.kill(front.pid, signal.SIGHUP)
        front.wait_log("^signal name=SIGHUP certificates=2 detail=\"read again")
        self.assertEqual(self.seen(front, NAME), [NAME, "new.example.org"])
        self.assertEqual(client.say("NOOP").code, 250)
        key.unlink()
        os.kill(front.pid, signal.SIGHUP)
        front.wait_log("^signal name=SIGHUP .*cannot read '.*No such file")
        self.assertEqual(self.seen(front, NAME), [NAME, "new.example.org"])

    def run_daemon(self, chain, key, *options):
        path = self.folder / "bad.toml"
        path.write_text(f'[[listener]]\nname = "mx"\nlisten = "127.0.0.1:0"\ncertificates = '
                        f'[{{ chain = "{chain}", key = "{key}" }}]\n')
        return subprocess.run([DAEMON, "--store", self.store.path, "--config", str(path), *options],
                              capture_output=True, text=True, timeout=60, env=ENVIRONMENT)

    def test_what_cannot_serve_is_refused_at_start(self):
        chain, key = self.authority.issue(NAME)
        other = self.authority.issue(NAME, key="rsa")
        missing = self.folder / "missing.pem"
        encrypted = self.folder / "encrypted.key"
        subprocess.run(["openssl", "pkey", "-in", key, "-aes128", "-passout", "pass:secret", "-out",
                        encrypted], check=True, timeout=60)
        for pair, why in (((missing, key), f"cannot read '{missing}': No such file or directory"),
                          ((chain, missing), f"cannot read '{missing}': No such file or directory"),
                          ((key, key), f"'{key}': holds no certificate in PEM form"),
                          ((chain, encrypted), f"'{encrypted}': the key is encrypted"),
                          ((chain, other[1]), f"'{other[1]}': not the key of the certificate in")):
            for options in ((), ("--check-config",)):
                with self.subTest(why=why, options=options):
                    ended = self.run_daemon(*pair, *options)
                    self.assertEqual(ended.returncode, 1)
                    self.assertTrue(ended.stderr.startswith("smtpblockd: " + why), ended.stderr)
                    self.assertEqual(ended.stderr.count("\n"), 1)

    def test_an_expired_one_serves_with_a_warning(self):
        chain, key = self.authority.issue(NAME, days=-1)
        ended = self.run_daemon(chain, key, "--check-config")
        self.assertEqual(ended.returncode, 1)
        self.assertIn(f"certificate of mx: {chain}, for {NAME}, until 2", ended.stdout)
        self.assertIn(f"smtpblockd: '{chain}': the certificate expired at 2", ended.stderr)
        front = self.front((chain, key))
        front.wait_log(r"^certificate listener=smtps detail=.*the certificate expired at")
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.assertEqual(self.client(front).greeting.code, 220)

    def test_check_config_shows_them(self):
        chain, key = self.authority.issue(NAME, "192.0.2.1")
        key.chmod(0o644)
        ended = self.run_daemon(chain, key, "--check-config")
        self.assertEqual(ended.returncode, 0)
        self.assertRegex(ended.stdout, r"listener mx: .*, direction in, tls optional, upstream ")
        self.assertIn(f"certificate of mx: {chain}, for {NAME} 192.0.2.1, until 2", ended.stdout)
        self.assertIn(f"'{key}': everybody on this host can read this key", ended.stderr)

    def test_on_the_command_line(self):
        chain, key = self.authority.issue(NAME)
        path = self.folder / "some.toml"
        path.write_text('[[listener]]\nlisten = "127.0.0.1:25"\ncertificates = '
                        f'[{{ chain = "{chain}", key = "{key}" }}]\n')
        front = self.daemon("--config", str(path), "--listen", "127.0.0.1:0,tls", "--listen",
                            "127.0.0.1:0", listeners=2)
        client = TlsClient(port_of(front, "in-tls"), self.context)
        self.addCleanup(client.close)
        self.assertEqual(client.greeting.code, 220)
        with Client(port_of(front, "in")) as plain:
            self.assertNotIn("STARTTLS", plain.ehlo().text)


class Behind(TlsTestCase):
    """The upstream is another smtpblockd, whose TLS is that of this one in front."""

    def setUp(self):
        super().setUp()
        self.last = self.upstream()

    def relay(self, *names, **wishes):
        pair = self.authority.issue(*names, **wishes)
        return self.front(pair, upstream=self.last.spec)

    def before(self, upstream, trusted=True, lines=""):
        old = ENVIRONMENT.copy()
        ENVIRONMENT["SSL_CERT_FILE"] = str(self.authority.ca if trusted else self.folder / "none")
        try:
            return self.configured(
                f'[[listener]]\nlisten = "127.0.0.1:0"\nupstream = "{upstream}"\n'
                f'client_address = "none"\n{lines}\n')
        finally:
            ENVIRONMENT.clear()
            ENVIRONMENT.update(old)

    def outcome(self, front):
        with Client(front.port) as client:
            client.ehlo()
            return client.message("a@example.com", "bob@example.org")

    def test_smtps(self):
        for names in (("localhost",), ("127.0.0.1",)):
            with self.subTest(names=names):
                relay = self.relay(*names)
                front = self.before(f"smtps://{names[0]}:{port_of(relay, 'smtps')}")
                front.wait_log(r"^upstream .*state=learnt")
                for _ in range(3):  # with a resumed session too
                    self.assertEqual(self.outcome(front).code, 250)

    def test_who_is_not_verified_gets_no_mail(self):
        relay = self.relay("mx.example.net")
        spec = f"smtps://localhost:{port_of(relay, 'smtps')}"
        front = self.before(spec)
        reply = self.outcome(front)
        self.assertEqual(reply.code, 451, reply.text)
        self.assertNotIn("certificate", reply.text)
        front.wait_log(r"certificate verify failed: hostname mismatch \(localhost\)")
        self.assertFalse(self.last.messages)
        anyone = self.before(spec, lines="tls_verify = false")
        self.assertEqual(self.outcome(anyone).code, 250)

    def test_a_stranger_and_an_expired_one(self):
        relay = self.relay("localhost")
        stranger = self.before(f"smtps://localhost:{port_of(relay, 'smtps')}", trusted=False)
        self.assertEqual(self.outcome(stranger).code, 451)
        stranger.wait_log(r"certificate verify failed: .*\(localhost\)")
        expired = self.relay("localhost", days=-1)
        front = self.before(f"smtps://localhost:{port_of(expired, 'smtps')}")
        self.assertEqual(self.outcome(front).code, 451)
        front.wait_log(r"certificate verify failed: certificate has expired \(localhost\)")

    def test_no_tls_where_it_is_due(self):
        front = self.before(f"smtps://127.0.0.1:{self.last.port}")
        self.assertEqual(self.outcome(front).code, 451)
        self.assertFalse(self.last.messages)


class UnixSocket(TestCase):
    def test_an_upstream_on_a_unix_socket(self):
        upstream = FakeUpstream(users={"bob@example.com": PASSWORD})
        self.addCleanup(upstream.stop)
        path = self.folder / "smtp"
        bridge = Bridge(path, upstream.port)
        self.addCleanup(bridge.stop)
        front = self.daemon("--listen", "out:127.0.0.1:0", upstream=f"smtp+unix:{path}")
        front.wait_log(r"^upstream .*state=learnt")
        with Client(front.port) as client:
            self.assertIn("AUTH PLAIN LOGIN", client.ehlo().text)
            self.assertEqual(client.auth_plain("bob@example.com", PASSWORD).code, 235)
            self.assertEqual(client.message("bob@example.com", "a@example.net").code, 250)
        bridge.stop()
        path.unlink()
        with Client(front.port) as client:
            client.ehlo()
            self.assertEqual(client.message("bob@example.com", "a@example.net").code, 451)
        front.wait_log("No such file or directory")


class Bridge:
    """Passes what comes to a unix socket on to a port."""

    def __init__(self, path, port):
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(16)
        self._port = port
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near):
        with near, socket.create_connection(("127.0.0.1", self._port)) as far:
            back = threading.Thread(target=self._pump, args=(far, near), daemon=True)
            back.start()
            self._pump(near, far)
            back.join()

    @staticmethod
    def _pump(source, sink):
        try:
            while octets := source.recv(65536):
                sink.sendall(octets)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()


if __name__ == "__main__":
    unittest.main()
