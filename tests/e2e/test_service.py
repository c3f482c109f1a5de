"""The daemon and its service manager: a restart that no client notices who waits at a socket that
systemd keeps, signs of life, and an environment that makes no sense."""

import os
import signal
import socket
import ssl
import unittest

from certificates import Authority
from client import Client
from comers import RECIPIENT, Comers
from fake_upstream import FakeUpstream
from service_manager import ServiceManager, passing
from support import LONG, Daemon, TestCase, wait_until
from tls_client import NAME, TlsClient

RESTARTS = 20 if LONG else 5
HEADER = b"PROXY TCP4 192.0.2.7 192.0.2.1 12345 25\r\n"


class Service(TestCase):
    def setUp(self):
        super().setUp()
        self.upstream = FakeUpstream()
        self.addCleanup(self.upstream.stop)
        self.path = self.folder / "smtpblock.toml"

    def listener(self, name, listen, more=""):
        return (f'[[listener]]\nname = "{name}"\nlisten = "{listen}"\n'
                f'upstream = "{self.upstream.spec}"\nclient_address = "none"\n{more}\n')

    def start(self, listeners=0, **options):
        front = Daemon("--store", self.store.path, "--config", str(self.path),
                       listeners=listeners, **options)
        self.addCleanup(front.stop)
        return front

    def manager(self, **options):
        manager = ServiceManager(self.folder, **options)
        self.addCleanup(manager.stop)
        return manager


class Restart(Service):
    """Sockets that outlive the daemon."""

    def setUp(self):
        super().setUp()
        self.names = ["smtp", "submissions", "proxied"]
        self.sockets = [socket.create_server(("127.0.0.1", 0), backlog=4096) for _ in self.names]
        for one in self.sockets:
            self.addCleanup(one.close)
        self.ports = [one.getsockname()[1] for one in self.sockets]
        authority = Authority(self.folder)
        chain, key = authority.issue(NAME)
        self.context = ssl.create_default_context(cafile=str(authority.ca))
        # An idle client is told to leave; one in a transaction may hold everybody up that long.
        self.path.write_text(
            'drain = "10s"\nlimits.sessions_per_client = 10000\n' +
            self.listener("smtp", "systemd:smtp") +
            self.listener("submissions", "systemd:submissions", "tls = true\ncertificates = "
                          f'[{{ chain = "{chain}", key = "{key}" }}]') +
            self.listener("proxied", "systemd:proxied", 'proxy_from = ["127.0.0.1"]'))

    def activated(self):
        front = self.start(**passing(":".join(self.names), self.sockets))
        front.wait_log("^listen ", skip=2)
        return front

    def test_nobody_is_lost(self):
        smtp, submissions, proxied = self.ports
        front = self.activated()
        comers = Comers({
            "smtp": lambda: Client(smtp),
            "submissions": lambda: TlsClient(submissions, self.context),
            "proxied": lambda: Client(proxied, first=HEADER)})
        try:
            for _ in range(RESTARTS):
                before = dict(comers.delivered)
                front.stop()
                front = self.activated()
                wait_until("all come through again", lambda: comers.have_delivered(before))
        finally:
            comers.stop()
        self.assertEqual(comers.lost, [])
        self.assertEqual(len(self.upstream.messages), sum(comers.delivered.values()))

    def test_who_comes_between_two_daemons_is_served_by_the_second(self):
        front = self.activated()
        front.stop()
        waiting = [socket.create_connection(("127.0.0.1", self.ports[0])) for _ in range(50)]
        for one in waiting:
            self.addCleanup(one.close)
            one.settimeout(60)
        self.activated()
        for one in waiting:
            self.assertTrue(one.recv(100).startswith(b"220 "))

    def test_who_has_not_been_greeted_yet_is_told(self):
        front = self.activated()
        gateway = socket.create_connection(("127.0.0.1", self.ports[2]))
        secret = socket.create_connection(("127.0.0.1", self.ports[1]))
        for one in (gateway, secret):
            self.addCleanup(one.close)
            one.settimeout(60)
        front.process.terminate()
        wait_until("the port is left", lambda: self.is_left(front))
        gateway.sendall(HEADER)
        stream = gateway.makefile("rb")
        self.assertTrue(stream.readline().startswith(b"220 "))
        self.assertTrue(stream.readline().startswith(b"421 4.3.2 "))
        self.assertEqual(stream.read(), b"")
        with self.context.wrap_socket(secret, server_hostname=NAME) as inside:
            stream = inside.makefile("rb")
            self.assertTrue(stream.readline().startswith(b"220 "))
            self.assertTrue(stream.readline().startswith(b"421 4.3.2 "))
        self.assertEqual(front.wait_end(), 0)

    def is_left(self, front):
        """Who comes now waits for the next daemon."""
        with socket.create_connection(("127.0.0.1", self.ports[0])) as trial:
            trial.settimeout(0.2)
            try:
                return not trial.recv(100)
            except TimeoutError:
                return True


class SignsOfLife(Service):
    def test_a_daemon_that_hangs_gives_none(self):
        manager = self.manager(watchdog=1)
        self.path.write_text("threads = 3\n" + self.listener("mx", "127.0.0.1:0"))
        front = self.start(listeners=1, environment=manager.environment)
        manager.wait_for("READY=1")
        for _ in range(3):
            manager.wait_for("WATCHDOG=1")
        os.kill(front.pid, signal.SIGSTOP)
        try:
            for heard in iter(lambda: manager.next(1.5), None):  # what it had said before
                self.assertEqual(heard, "WATCHDOG=1")
        finally:
            os.kill(front.pid, signal.SIGCONT)
        manager.wait_for("WATCHDOG=1")
        # It is no less alive while it waits for a client to end.
        with Client(front.port) as client:
            client.ehlo()
            client.mail("a@example.com")
            client.rcpt(RECIPIENT)
            front.process.terminate()
            manager.wait_for("STOPPING=1")
            for _ in range(2):
                manager.wait_for("WATCHDOG=1")
            self.assertEqual(client.message("", RECIPIENT).code, 503)
            client.say("RSET")
        self.assertEqual(front.wait_end(), 0)

    def test_nobody_waits_for_them(self):
        manager = self.manager()
        self.path.write_text(self.listener("mx", "127.0.0.1:0"))
        for environment in ({}, {"WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"}):
            front = self.start(listeners=1, environment=manager.environment | environment)
            self.assertEqual(manager.next(), "READY=1")
            self.assertIsNone(manager.next(1))
            front.stop()
            manager.wait_for("STOPPING=1")

    def test_an_end_that_takes_long_is_announced(self):
        manager = self.manager()
        self.path.write_text('drain = "5m"\n' + self.listener("mx", "127.0.0.1:0"))
        front = self.start(listeners=1, environment=manager.environment)
        front.stop()
        self.assertEqual(manager.wait_for("STOPPING=1"),
                         f"STOPPING=1\nEXTEND_TIMEOUT_USEC={311 * 10**6}")


class Environment(Service):
    def test_what_makes_no_sense_is_said_and_stops_nothing(self):
        self.path.write_text(self.listener("mx", "127.0.0.1:0"))
        for variables, said in (
                ({"NOTIFY_SOCKET": "here"}, "NOTIFY_SOCKET: 'here': neither a path nor @ and a "
                 "name; the service manager hears nothing of us"),
                ({"NOTIFY_SOCKET": f"{self.folder}/none"}, f"NOTIFY_SOCKET: '{self.folder}/none': "
                 "No such file or directory; the service manager hears nothing of us"),
                ({"WATCHDOG_USEC": "soon"}, "WATCHDOG_USEC: 'soon': no time in microseconds; the "
                 "service manager gets no sign of life"),
                ({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "me"}, "WATCHDOG_PID: 'me': no "
                 "process; the service manager gets no sign of life")):
            with self.subTest(variables=variables):
                front = self.start(listeners=1, environment=variables)
                with Client(front.port) as client:
                    self.assertEqual(client.ehlo().code, 250)
                os.kill(front.pid, signal.SIGHUP)
                front.wait_log("^signal name=SIGHUP")
                self.assertEqual([line for line in front.log if line.startswith("config ")],
                                 [f'config detail="{said}"'])

    def test_sockets_that_nobody_has_passed(self):
        self.path.write_text(self.listener("mx", "systemd:smtp"))
        numbers = ("1", "-1", "4097", "one", "", "99999999999")
        for process, number in [("$$", one) for one in numbers] + [("1", "1"), ("me", "1")]:
            front = Daemon("--store", self.store.path, "--config", str(self.path), listeners=0,
                           within=["sh", "-c", f'LISTEN_PID={process} exec "$@"', "sh"],
                           environment={"LISTEN_FDS": number, "LISTEN_FDNAMES": "smtp"})
            self.addCleanup(front.process.kill)
            self.assertEqual(front.wait_end(), 1)
            self.assertEqual(front.log, [
                "smtpblockd: systemd:smtp: systemd has passed no socket; start the socket unit "
                "that has FileDescriptorName=smtp"])

    def test_too_few_descriptors_for_its_clients(self):
        self.path.write_text("limits.sessions = 501\n" + self.listener("mx", "127.0.0.1:0"))
        front = self.start(listeners=1, within=["prlimit", "--nofile=1000:1000"])
        front.wait_log(r'^config detail="limits.sessions: 501 need up to 1002 descriptors, and '
                       r'this process may have 1000; write LimitNOFILE= into a drop-in')
        self.path.write_text("limits.sessions = 500\n" + self.listener("mx", "127.0.0.1:0"))
        front = self.start(listeners=1, within=["prlimit", "--nofile=1000:1000"])
        self.assertNotIn("config", {line.split()[0] for line in front.log})


if __name__ == "__main__":
    unittest.main()
