"""Certificates in front: by the name that the client asks for, read again at SIGHUP, and what is
said of those that will not do."""

import os
import signal
import ssl
import subprocess
import unittest

from client import Client
from support import DAEMON, ENVIRONMENT
from tls_client import NAME, TlsClient, TlsTestCase, port_of


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
        front.wait_log("^signal name=SIGHUP .*refused, the old one stays: .*not the key of")
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


if __name__ == "__main__":
    unittest.main()
