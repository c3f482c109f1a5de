"""Where the daemon listens: IPv4 and IPv6, unix sockets, sockets of systemd; several listeners, each
with what it says of itself."""

import socket
import stat
import subprocess
import unittest

from client import Client
from fake_upstream import FakeUpstream
from support import DAEMON, ENVIRONMENT, TestCase

SENDER = "bad@example.com"
RECIPIENT = "bob@example.org"


class SocketClient(Client):
    """Over a socket that is connected already."""

    def __init__(self, connected):
        self._socket = connected
        self._socket.settimeout(60)
        self._stream = self._socket.makefile("rb")
        self.asked = 0
        self.greeting = self.reply()


class Listeners(TestCase):
    def setUp(self):
        super().setUp()
        self.upstream = FakeUpstream()
        self.addCleanup(self.upstream.stop)
        self.path = self.folder / "smtp.sock"

    def over(self, family, address):
        connected = socket.socket(family)
        connected.connect(address)
        client = SocketClient(connected)
        self.addCleanup(client.close)
        self.assertEqual(client.ehlo().code, 250)
        return client

    def over_unix(self, path=None):
        return self.over(socket.AF_UNIX, str(path or self.path))

    def listener(self, name, listen, **keys):
        lines = [f'[[listener]]\nname = "{name}"\nlisten = "{listen}"\n'
                 f'upstream = "{self.upstream.spec}"\nclient_address = "none"']
        return "\n".join([*lines, *(f"{key} = {value}" for key, value in keys.items()), ""])

    def test_ipv6(self):
        front = self.daemon("--listen", "[::1]:0", upstream=self.upstream.spec)
        front.wait_log(rf"^listen .*address=\[::1\]:{front.port} ")
        client = self.over(socket.AF_INET6, ("::1", front.port))
        self.assertEqual(client.message("a@example.com", RECIPIENT).code, 250)
        front.wait_log("^pass .*client=::1 ")

    def test_a_unix_socket(self):
        self.store.add(SENDER, "--dir", "out")
        front = self.configured(
            'drain = "0s"\n' +
            self.listener("local", f"unix:{self.path}", trusted_networks='["127.0.0.1/32"]'),
            listeners=0)
        front.wait_log(f"^listen .*address=unix:{self.path} ")
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o666)
        self.assertEqual(self.over_unix().message("a@example.com", RECIPIENT).code, 250)
        front.wait_log("^pass .*client=127.0.0.1 ")
        self.assertEqual(self.over_unix().message(SENDER, RECIPIENT).code, 554)
        front.stop()
        self.assertFalse(self.path.exists())

    def test_a_unix_socket_has_no_limit_of_one_client(self):
        front = self.configured("limits.sessions_per_client = 1\n" +
                                self.listener("local", f"unix:{self.path}"), listeners=0)
        front.wait_log("^listen ")
        for client in [self.over_unix() for _ in range(3)]:
            self.assertEqual(client.say("NOOP").code, 250)

    def test_the_file_of_a_dead_daemon_is_replaced(self):
        arguments = ("--listen", f"unix:{self.path}")
        first = self.daemon(*arguments, upstream=self.upstream.spec, listeners=0)
        first.wait_log("^listen ")
        first.kill()
        self.assertTrue(self.path.exists())
        self.daemon(*arguments, upstream=self.upstream.spec, listeners=0).wait_log("^listen ")
        self.assertEqual(self.over_unix().say("NOOP").code, 250)

    def refused(self, *arguments):
        """What a daemon says that does not start."""
        ended = subprocess.run([DAEMON, "--store", self.store.path, *arguments], timeout=60,
                               capture_output=True, text=True, env=ENVIRONMENT)
        self.assertEqual(ended.returncode, 1)
        self.assertEqual(ended.stderr.count("\n"), 1, ended.stderr)
        return ended.stderr

    def test_a_unix_socket_that_is_used_stays(self):
        front = self.daemon("--listen", f"unix:{self.path}", upstream=self.upstream.spec,
                            listeners=0)
        front.wait_log("^listen ")
        self.assertIn(f"cannot listen on unix:{self.path}: Address already in use",
                      self.refused("--listen", f"unix:{self.path}"))
        self.assertEqual(self.over_unix().say("NOOP").code, 250)
        other = self.folder / "mail.txt"
        other.write_text("not a socket")
        self.assertIn("Address already in use; another process listens there, or the file is no "
                      "socket", self.refused("--listen", f"unix:{other}"))
        self.assertEqual(other.read_text(), "not a socket")

    def test_sockets_of_systemd(self):
        (self.folder / "smtpblock.toml").write_text(
            self.listener("mx", "systemd:mx") + self.listener("local", "systemd:local"))
        one, two = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
        local = socket.socket(socket.AF_UNIX)
        local.bind(str(self.path))
        local.listen()
        for opened in (one, two, local):
            self.addCleanup(opened.close)
        front = self.activated("mx:local:mx", sockets=[one, local, two])
        self.addCleanup(front.stop)
        front.wait_log("^listen ", skip=2)
        for opened in (one, two):
            port = opened.getsockname()[1]
            front.wait_log(f"^listen listener=mx address=127.0.0.1:{port} ")
            self.assertEqual(self.over(socket.AF_INET, ("127.0.0.1", port)).say("NOOP").code, 250)
        self.assertEqual(self.over_unix().say("NOOP").code, 250)
        self.assertIsNone(front.process.poll())

    def test_a_socket_that_no_listener_takes(self):
        (self.folder / "smtpblock.toml").write_text(self.listener("mx", "systemd:mx"))
        with socket.create_server(("127.0.0.1", 0)) as one, \
                socket.create_server(("127.0.0.1", 0)) as two:
            front = self.activated("mx:submission", sockets=[one, two])
            self.addCleanup(front.stop)
            front.wait_log("^listen ")
            self.assertEqual([line for line in front.log if line.startswith("config ")],
                             ['config detail="systemd has passed the socket \'submission\', but no '
                              'listener has systemd:submission: its clients wait for nobody"'])

    def test_what_cannot_be_listened_on(self):
        (self.folder / "smtpblock.toml").write_text(self.listener("mx", "systemd:mx"))
        with socket.socket() as deaf, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams, \
                open("/dev/null", "rb") as file:
            for passed in (deaf, datagrams, file):
                front = self.activated("mx", sockets=[passed])
                self.addCleanup(front.process.kill)
                self.assertEqual(front.wait_end(), 1)
                self.assertEqual(front.log, [
                    "smtpblockd: systemd:mx: not a listening stream socket; write ListenStream= "
                    "and Accept=no into its socket unit"])

    def test_a_name_that_systemd_has_not_passed(self):
        (self.folder / "smtpblock.toml").write_text(self.listener("mx", "systemd:mx"))
        toml = str(self.folder / "smtpblock.toml")
        self.assertIn("systemd:mx: systemd has passed no socket; start the socket unit that has "
                      "FileDescriptorName=mx", self.refused("--config", toml))
        with socket.create_server(("127.0.0.1", 0)) as other, \
                socket.create_server(("127.0.0.1", 0)) as third:
            front = self.activated("smtp:submission", sockets=[other, third])
            self.addCleanup(front.process.kill)
            self.assertEqual(front.wait_end(), 1)
            self.assertEqual(front.log,
                             ["smtpblockd: systemd:mx: systemd has passed no socket of that name, "
                              "but 'smtp', 'submission'"])

    def test_each_listener_is_its_own(self):
        self.store.add(SENDER, "--dir", "in")
        self.store.add("other@example.com", "--dir", "out")
        front = self.configured(
            self.listener("mx", "127.0.0.1:0", rcpt_reply='"550 5.7.1 <{rcpt}>: not here"') +
            self.listener("relay", "127.0.0.1:0", direction='"out"', banner='"relay"',
                          rcpt_reply='"550 5.7.1 <{rcpt}>: not there"'), listeners=2)
        names = [line.split()[1] for line in front.log if line.startswith("listen ")]
        self.assertEqual(names, ["listener=mx", "listener=relay"])
        mx, relay = front.ports
        with Client(mx) as client:
            self.assertNotIn("relay", client.greeting.text)
            client.ehlo()
            self.assertEqual(client.message(SENDER, RECIPIENT).text,
                             f"550 5.7.1 <{RECIPIENT}>: not here")
            self.assertEqual(client.say("RSET").code, 250)
            self.assertEqual(client.message("other@example.com", RECIPIENT).code, 250)
        with Client(relay) as client:
            self.assertIn(" relay", client.greeting.text)
            client.ehlo()
            self.assertEqual(client.message("other@example.com", RECIPIENT).text,
                             f"550 5.7.1 <{RECIPIENT}>: not there")

    def test_a_gateway_has_no_limit_of_one_client(self):
        front = self.configured(
            "limits.sessions_per_client = 1\n" + self.listener("mx", "127.0.0.1:0") +
            self.listener("gateway", "127.0.0.1:0", xclient_from='["127.0.0.0/8"]'), listeners=2)
        mx, gateway = front.ports
        with Client(mx) as first, Client(gateway) as second, Client(gateway) as third:
            for client in (first, second, third):
                self.assertEqual(client.greeting.code, 220)
            with Client(mx) as another:
                self.assertEqual(another.greeting.code, 421)


if __name__ == "__main__":
    unittest.main()
