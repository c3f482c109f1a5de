"""TLS behind: an upstream must be who its certificate says. And one on a unix socket, which needs
none."""

import socket
import threading
import unittest

from client import Client
from fake_upstream import FakeUpstream
from support import ENVIRONMENT, TestCase
from tls_client import PASSWORD, TlsTestCase, port_of


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
