"""SIGHUP: all of a new configuration or none of it, and the sessions that there are go on by the
one that they began with."""

import os
import signal
import socket
import unittest
import unittest.mock

from client import Client
from fake_upstream import FakeUpstream
from support import ENVIRONMENT, Daemon, TestCase, wait_until

RECIPIENT = "bob@example.org"


def free_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


class Reload(TestCase):
    def setUp(self):
        super().setUp()
        self.upstream = FakeUpstream()
        self.addCleanup(self.upstream.stop)
        self.store.add("bad@example.com")
        self.port = free_port()
        self.path = self.folder / "smtpblock.toml"
        self.hangups = 0

    def listener(self, name="mx", listen=None, reply="550 5.7.1 first", upstream=None, more=""):
        return (f'[[listener]]\nname = "{name}"\nlisten = "{listen or f"127.0.0.1:{self.port}"}"\n'
                f'upstream = "{(upstream or self.upstream).spec}"\nclient_address = "none"\n'
                f'rcpt_reply = "{reply}"\n{more}\n')

    def reload(self, toml):
        """What the log says of that configuration."""
        self.path.write_text(toml)
        os.kill(self.front.pid, signal.SIGHUP)
        self.hangups += 1
        return self.front.wait_log("^signal name=SIGHUP", skip=self.hangups - 1)

    def start(self, toml):
        self.front = self.configured(toml)

    def client(self, port=None):
        client = Client(port or self.port)
        self.addCleanup(client.close)
        client.ehlo()
        return client

    def refusal(self, client):
        client.say("RSET")
        client.say("MAIL FROM:<bad@example.com>")
        return client.say(f"RCPT TO:<{RECIPIENT}>").text

    def test_new_sessions_go_by_the_new_file_and_old_ones_by_the_old(self):
        self.start(self.listener())
        old = self.client()
        self.assertEqual(self.refusal(old), "550 5.7.1 first")
        other = FakeUpstream()
        self.addCleanup(other.stop)
        self.assertIn("read again", self.reload(
            'recipient_delimiter = ""\n' + self.listener(reply="550 5.7.1 second", upstream=other)))
        self.assertEqual(self.refusal(old), "550 5.7.1 first")
        self.assertEqual(old.say("RSET").code, 250)
        self.assertEqual(old.message("a@example.com", RECIPIENT).code, 250)
        self.assertEqual(len(self.upstream.messages), 1)
        new = self.client()
        self.assertEqual(self.refusal(new), "550 5.7.1 second")
        new.say("RSET")
        self.assertEqual(new.message("bad+plus@example.com", RECIPIENT).code, 250)
        self.assertEqual(len(other.messages), 1)
        old.say("RSET")
        self.assertEqual(old.message("bad+plus@example.com", RECIPIENT).code, 550)

    def test_a_bad_file_changes_nothing(self):
        self.start(self.listener())
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        there = f"127.0.0.1:{taken.getsockname()[1]}"
        for toml, why in (
                ("nonsense", "smtpblock.toml:1:9: "),
                (self.listener(reply="no reply"), "listener.rcpt_reply"),
                (self.listener() + self.listener("second", there),
                 f"cannot listen on {there}: Address already in use"),
                (self.listener(more='certificates = [{ chain = "/no/a", key = "/no/b" }]'),
                 "cannot read '/no/a'"),
                (self.listener("second", "systemd:none"), "systemd has passed no socket"),
                ('store = "/elsewhere"\n' + self.listener(), ""),
                ("threads = 3\n" + self.listener(), "threads: 3 instead of 0; restart")):
            with self.subTest(toml=toml):
                line = self.reload(toml)
                if "elsewhere" in toml:  # --store goes before the file
                    self.assertIn("read again", line)
                    continue
                self.assertIn("refused, the old one stays: ", line)
                self.assertIn(why, line)
                self.assertEqual(self.refusal(self.client()), "550 5.7.1 first")

    def test_the_store_cannot_be_another_one(self):
        self.path.write_text(f'store = "{self.store.path}"\n' + self.listener())
        self.front = Daemon("--config", str(self.path))
        self.addCleanup(self.front.stop)
        line = self.reload(f'store = "{self.folder}/other"\n' + self.listener())
        self.assertIn("refused, the old one stays: ", line)
        self.assertIn("restart to apply it", line)

    def test_sockets_come_stay_and_go(self):
        second = free_port()
        path = self.folder / "smtp.sock"
        self.start(self.listener() + self.listener("local", f"unix:{path}"))
        wait_until("the unix socket", path.exists)
        inode = path.stat().st_ino
        self.reload(self.listener() + self.listener("new", f"127.0.0.1:{second}") +
                    self.listener("local", f"unix:{path}", reply="550 5.7.1 local"))
        self.assertEqual(path.stat().st_ino, inode)
        self.assertEqual(self.refusal(self.client(second)), "550 5.7.1 first")
        kept = self.client()
        self.reload(self.listener("new", f"127.0.0.1:{second}"))
        self.assertFalse(path.exists())
        with self.assertRaises(ConnectionRefusedError):
            Client(self.port)
        self.assertEqual(kept.say("NOOP").code, 250)

    def test_nobody_is_turned_away_meanwhile(self):
        self.start(self.listener())
        for turn in range(10):
            reply = f"550 5.7.1 turn {turn}"
            self.path.write_text(self.listener(reply=reply))
            os.kill(self.front.pid, signal.SIGHUP)
            for _ in range(3):
                self.assertEqual(self.client().say("NOOP").code, 250)
            self.hangups += 1
            self.front.wait_log("^signal name=SIGHUP", skip=self.hangups - 1)
            self.assertEqual(self.refusal(self.client()), reply)

    def test_limits(self):
        self.start(self.listener())
        first = self.client()
        self.reload("limits.sessions_per_client = 1\n" + self.listener())
        with Client(self.port) as another:
            self.assertEqual(another.greeting.code, 421)
        self.assertEqual(first.say("NOOP").code, 250)
        self.reload("limits.sessions_per_client = 2\n" + self.listener())
        self.assertEqual(self.client().say("NOOP").code, 250)

    def test_the_service_manager_is_told(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(self.folder / "notify"))
            manager.settimeout(30)
            with unittest.mock.patch.dict(ENVIRONMENT, NOTIFY_SOCKET=str(self.folder / "notify")):
                self.start(self.listener())
            self.assertEqual(manager.recv(100), b"READY=1")
            for toml in (self.listener(), "nonsense"):
                self.reload(toml)
                self.assertRegex(manager.recv(100), rb"^RELOADING=1\nMONOTONIC_USEC=\d+$")
                self.assertEqual(manager.recv(100), b"READY=1")
            self.front.stop()
            self.assertEqual(manager.recv(100), b"STOPPING=1\nEXTEND_TIMEOUT_USEC=41000000")

    def test_idle_connections_are_dropped(self):
        self.start(self.listener())
        client = self.client()
        self.assertEqual(client.message("a@example.com", RECIPIENT).code, 250)
        client.say("QUIT")
        used = self.upstream.sessions[-1]
        self.assertFalse(used.ended)
        self.reload(self.listener())
        wait_until("it is closed", lambda: used.ended)


if __name__ == "__main__":
    unittest.main()
