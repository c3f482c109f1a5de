"""protocol = "policy": what a daemon answers a mail server that asks for each client, over TCP, a
unix socket and a socket of systemd; and what becomes of those who ask when it is reloaded, stopped
or cannot read its rules."""

import collections
import contextlib
import json
import os
import re
import signal
import smtplib
import socket
import subprocess
import threading
import unittest

from mail_server import free_ports
from policy_client import ALWAYS, DEFERRED, PASSED, REJECTED, Gone, PolicyClient, text_of
from support import CLI, ENVIRONMENT, PATIENCE, TestCase, wait_until

BAD = "bad@example.com"


def listener(name="policy", listen='"127.0.0.1:0"', **keys):
    lines = [f'[[listener]]\nname = "{name}"\nprotocol = "policy"\nlisten = [{listen}]']
    return "\n".join([*lines, *(f"{key} = {json.dumps(value)}" for key, value in keys.items()), ""])


class Policy(TestCase):
    def client(self, where):
        client = PolicyClient(where)
        self.addCleanup(client.close)
        return client

    def test_each_moment_each_action(self):
        door = self.configured(listener())
        client = self.client(door.port)
        self.store.add(BAD)
        self.store.add("slow@example.com", "--action", "defer")
        self.store.add("ylmf-pc", "--type", "ehlo")
        for state in ("RCPT", "DATA", "END-OF-MESSAGE"):
            self.assertEqual(client.ask(protocol_state=state), PASSED)
            self.assertEqual(client.ask(protocol_state=state, sender=BAD), REJECTED)
            self.assertEqual(client.ask(protocol_state=state, sender="slow@example.com"), DEFERRED)
            self.assertEqual(client.ask(protocol_state=state, helo_name="YLMF-PC"), REJECTED)
        self.assertEqual(client.ask(protocol_state="MAIL", sender=BAD), PASSED)
        self.store.delete(BAD)
        self.assertEqual(client.ask(sender=BAD), PASSED)

    def test_the_log_has_the_rule_and_show_has_the_hits(self):
        door = self.configured(listener())
        client = self.client(door.port)
        self.store.add(BAD)
        for state, at in (("RCPT", "rcpt"), ("DATA", "data"), ("END-OF-MESSAGE", "end")):
            self.assertEqual(client.ask(protocol_state=state, sender=BAD, sasl_username="x@y.example"),
                             REJECTED)
            to = " to=<bob@example.org>" if at == "rcpt" else ""
            door.wait_log(rf"^block session=\w+ listener=policy at={at} rule=1 action=reject "
                          rf"field=sender client=192\.0\.2\.7 ehlo=mail\.example\.net "
                          rf"from=<{BAD}> user=x@y\.example{to}$")
        wait_until("the hits are counted", lambda: json.loads(
            self.store.run("show", "--json", BAD).stdout).get("hits") == 3)

    def test_the_log_has_no_sender_of_a_login(self):
        door = self.configured(listener())
        self.store.add(BAD)
        self.assertEqual(self.client(door.port).ask(protocol_state="AUTH", sender="", recipient="",
                                                    sasl_username=BAD), REJECTED)
        door.wait_log(rf"^block .* at=auth rule=1 .* ehlo=mail\.example\.net user={BAD}$")

    def test_a_state_that_nobody_knows_is_said_once(self):
        door = self.configured(listener())
        client = self.client(door.port)
        self.store.add(BAD)
        for state in ("MAIL", "RCTP", "rcpt"):
            self.assertEqual(client.ask(protocol_state=state, sender=BAD), PASSED)
        door.wait_log(r'^session session=\w+ listener=policy client=127\.0\.0\.1 '
                      r'event="unknown protocol_state" detail="RCTP: nothing is looked at; send ')
        self.assertEqual(client.ask(sender=BAD), REJECTED)
        door.wait_log("^block ")
        self.assertEqual(sum("protocol_state" in line for line in door.log), 1)

    def test_a_trial_warns_the_server_and_stops_nobody(self):
        door = self.configured(listener())
        self.store.add(BAD, "--action", "log")
        self.assertEqual(self.client(door.port).ask(sender=BAD),
                         "WARN smtpblock rule 1 (log) matches")
        door.wait_log("^trial .* at=rcpt rule=1 ")
        self.store.run("edit", BAD, "--action", "reject")
        self.store.add("ylmf-pc", "--type", "ehlo", "--action", "log")
        self.assertEqual(self.client(door.port).ask(sender=BAD, helo_name="ylmf-pc"), REJECTED)

    def test_a_pause_lets_everything_pass(self):
        door = self.configured(listener())
        client = self.client(door.port)
        self.store.add(BAD)
        self.store.run("pause")
        self.assertEqual(client.ask(sender=BAD), PASSED)
        self.store.run("resume")
        self.assertEqual(client.ask(sender=BAD), REJECTED)

    def test_who_has_logged_in_sends_out_and_so_does_who_is_trusted(self):
        door = self.configured(listener(trusted_networks=["192.0.2.0/24"],
                                        auth_domain="example.com") +
                               listener("out", direction="out"), listeners=2)
        client = self.client(door.ports[0])
        self.store.add(BAD, "--dir", "out")
        self.assertEqual(client.ask(sender=BAD, client_address="198.51.100.1"), PASSED)
        self.assertEqual(client.ask(sender=BAD), REJECTED)
        self.assertEqual(client.ask(sender=BAD, client_address="198.51.100.1",
                                    sasl_username="x@y.example"), REJECTED)
        self.assertEqual(client.ask(client_address="198.51.100.1", sasl_username="bad"), REJECTED)
        self.assertEqual(client.ask(sender=BAD, client_address="198.51.100.1",
                                    policy_context="out"), REJECTED)
        door.wait_log("^block .* listener=out ")
        self.assertEqual(client.ask(sender=BAD, client_address="198.51.100.1",
                                    policy_context="uot"), PASSED)
        door.wait_log(r'^session .* event="unknown policy_context" detail="uot: no listener has '
                      r'that name; taken for policy"')
        self.assertEqual(self.client(door.ports[1]).ask(sender=BAD), REJECTED)

    def test_one_connection_for_many(self):
        """More than the limit of connections from one address, and thousands of requests."""
        door = self.configured("limits.sessions_per_client = 2\n" + listener())
        clients = [self.client(door.port) for _ in range(8)]
        self.store.add(BAD)
        for client in clients:
            client.send(500 * (text_of({**ALWAYS, "sender": BAD}) + text_of(ALWAYS)))
        for client in clients:
            self.assertEqual([client.answer() for _ in range(1000)], 500 * [REJECTED, PASSED])
        self.assertEqual(clients[0].ask(sender=BAD), REJECTED)

    def test_what_cannot_be_read_has_no_answer(self):
        door = self.configured(listener())
        self.store.add(BAD)
        for text, why in (("EHLO mail.example.com\r\n", "a line without '='"),
                          (f"sender={BAD}\n\n", "no request=smtpd_access_policy"),
                          (f"request=smtpd_access_policy\nsender=x\nsender={BAD}\n\n",
                           "an attribute that is there twice"),
                          ("request=smtpd_access_policy\nsender=a\0b\n\n", "a NUL"),
                          ("x" * 20000, "a name or a value longer than 8192 octets"),
                          ("request=smtpd_access_policy\nsender=", "it ends in the middle")):
            with self.subTest(why=why):
                client = self.client(door.port)
                self.assertEqual(client.ask(sender=BAD), REJECTED)
                client.send(text)
                if why == "it ends in the middle":
                    client.socket.shutdown(socket.SHUT_WR)
                with self.assertRaises(Gone):
                    client.answer()
                line = door.wait_log(f'event="bad request" detail="{re.escape(why)}"')
                self.assertRegex(line, r"^session session=\w+ listener=policy client=127.0.0.1 ")

    def test_a_store_that_cannot_be_read(self):
        toml = self.folder / "smtpblock.toml"
        toml.write_text(listener())
        self.assertEqual(self.answers_without_a_store(),
                         ["451 4.3.0 Temporary lookup failure"] * 3)
        self.assertEqual(self.answers_without_a_store('on_store_error = "pass"\n'), [PASSED] * 3)

    def answers_without_a_store(self, first=""):
        door = self.configured(first + listener())
        client = self.client(door.port)
        rules = self.folder / "store/rules"
        away = self.folder / "away"
        self.store.run("add", "--if-absent", BAD)
        self.assertEqual(client.ask(sender=BAD), REJECTED)
        rules.rename(away)
        try:
            answers = [client.ask(sender=BAD, protocol_state=state)
                       for state in ("RCPT", "DATA", "END-OF-MESSAGE")]
            door.wait_log("^store ")
        finally:
            away.rename(rules)
        self.assertEqual(client.ask(sender=BAD), REJECTED)
        return answers

    def test_a_unix_socket(self):
        path = self.folder / "policy.sock"
        door = self.configured(listener(listen=f'"unix:{path}"'), listeners=0)
        door.wait_log(f"^listen listener=policy address=unix:{path} protocol=policy direction=in ")
        self.store.add(BAD)
        self.assertEqual(self.client(path).ask(sender=BAD), REJECTED)
        self.assertEqual(self.client(path).ask(), PASSED)
        door.stop()
        self.assertFalse(path.exists())

    def test_a_socket_of_systemd(self):
        (self.folder / "smtpblock.toml").write_text(listener(listen='"systemd:policy"'))
        self.store.add(BAD)
        with socket.create_server(("127.0.0.1", 0)) as opened:
            front = self.activated("policy", [opened])
            self.addCleanup(front.stop)
            front.wait_log("^listen listener=policy")
            self.assertEqual(self.client(opened.getsockname()[1]).ask(sender=BAD), REJECTED)

    def test_a_reload_holds_for_the_next_request(self):
        """Who asks comes again, as Postfix does, and is judged by the new settings."""
        listen = f'"127.0.0.1:{free_ports(1)[0]}"'
        door = self.configured(listener(listen=listen))
        client = self.client(door.port)
        self.store.add(BAD, "--dir", "out")
        self.assertEqual(client.ask(sender=BAD), PASSED)
        (self.folder / "smtpblock.toml").write_text(listener(listen=listen, direction="out"))
        os.kill(door.pid, signal.SIGHUP)
        door.wait_log("^signal name=SIGHUP .*read again")
        self.assertTrue(client.at_end())
        self.assertEqual(self.client(door.port).ask(sender=BAD), REJECTED)

    def test_a_reload_waits_for_a_request_that_has_begun(self):
        door = self.configured(listener())
        client = self.client(door.port)
        self.assertEqual(client.ask(), PASSED)
        request = text_of(ALWAYS)
        client.send(request[:20])
        self.assertEqual(self.client(door.port).ask(), PASSED)  # by now it was read
        os.kill(door.pid, signal.SIGHUP)
        door.wait_log("^signal name=SIGHUP .*read again")
        client.send(request[20:])
        self.assertEqual(client.answer(), PASSED)
        self.assertTrue(client.at_end())

    def test_no_question_is_lost_by_a_reload(self):
        """Exim does not ask again: each of its connections is for one question."""
        door = self.configured(listener())
        self.store.add(BAD)
        over = threading.Event()

        def reload():
            while not over.wait(0.003):
                os.kill(door.pid, signal.SIGHUP)
        reloading = threading.Thread(target=reload)
        reloading.start()
        answers = collections.Counter()
        try:
            for _ in range(3000):
                with PolicyClient(door.port) as client, contextlib.suppress(Gone, ConnectionError):
                    answers[client.ask(sender=BAD)] += 1
        finally:
            over.set()
            reloading.join()
        self.assertEqual(answers, {REJECTED: 3000})
        self.assertGreater(sum("HUP" in line for line in door.log), 20)

    def test_who_has_not_asked_yet_may_ask_once_after_a_reload(self):
        door = self.configured(listener())
        early, sign = self.client(door.port), self.client(door.port)
        self.assertEqual(sign.ask(), PASSED)
        os.kill(door.pid, signal.SIGHUP)
        door.wait_log("^signal name=SIGHUP .*read again")
        self.assertTrue(sign.at_end())
        self.assertEqual(early.ask(), PASSED)
        self.assertTrue(early.at_end())

    def test_the_end_waits_for_nobody_who_waits(self):
        door = self.configured('drain = "60s"\nthreads = 1\n' + listener())
        idle, busy = self.client(door.port), self.client(door.port)
        self.assertEqual((idle.ask(), busy.ask()), (PASSED, PASSED))
        request = text_of(ALWAYS)
        busy.send(request[:20])
        self.assertEqual(self.client(door.port).ask(), PASSED)
        door.process.terminate()
        self.assertTrue(idle.at_end())
        busy.send(request[20:])
        self.assertEqual(busy.answer(), PASSED)
        self.assertTrue(busy.at_end())
        self.assertEqual(door.wait_end(), 0)

    def test_clients_of_a_front_take_no_place_of_an_asker(self):
        door = self.configured(f'''
[limits]
sessions = 2
[[listener]]
name = "front"
listen = ["127.0.0.1:0"]
upstream = ["maildir:{self.folder / 'mail'}"]
''' + listener(), listeners=2)
        front, policy = door.ports
        self.store.add(BAD)
        with smtplib.SMTP("127.0.0.1", front), smtplib.SMTP("127.0.0.1", front):
            with self.assertRaises(smtplib.SMTPConnectError):
                smtplib.SMTP("127.0.0.1", front)
            first, second = self.client(policy), self.client(policy)
            self.assertEqual((first.ask(sender=BAD), second.ask(sender=BAD)), (REJECTED, REJECTED))
            self.assertTrue(self.client(policy).at_end())
            for name in ("front", "policy"):
                door.wait_log(f'^session listener={name} client=127.0.0.1 event="too many conn')

    def test_check_config_shows_it(self):
        done = self.check_config('hostname = "mail.example.com"\n' + listener(
            listen='"127.0.0.1:10040", "unix:/run/smtpblock/policy"'))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("listener policy: 127.0.0.1:10040 unix:/run/smtpblock/policy, protocol "
                      "policy, direction in, auth_domain example.com\n", done.stdout)

    def test_check_config_warns_of_a_door_that_anybody_may_reach(self):
        done = self.check_config(listener(listen='"0.0.0.0:10040", "10.1.2.3:10040"'))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"\Asmtpblockd: warning: listener policy: 0\.0\.0\.0:10040 .*"
                                      r"whoever reaches it can ask who is blocked; .*\n\Z")

    def test_check_completes_an_account_as_the_door_does(self):
        path = self.folder / "smtpblock.toml"
        path.write_text('hostname = "mail.other.example"\n' + listener(auth_domain="example.com"))
        self.store.add(BAD, "--dir", "out")
        check = ("--config", str(path), "check", "--dir", "out", "--user")
        self.store.run(*check, "bad", status=10)
        self.store.run(*check, "good")
        door = self.configured(path.read_text())
        client = self.client(door.port)
        self.assertEqual(client.ask(sasl_username="bad"), REJECTED)
        self.assertEqual(client.ask(sasl_username="good"), PASSED)

    def probe(self, *words, status=0):
        done = subprocess.run([CLI, "probe", "--policy", *words], capture_output=True, text=True,
                              timeout=PATIENCE, env=ENVIRONMENT)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def test_a_probe(self):
        path = self.folder / "policy.sock"
        door = self.configured(listener(listen=f'"127.0.0.1:0", "unix:{path}"'))
        server = f"127.0.0.1:{door.port}"
        self.store.add(BAD)
        out = self.probe(server).stdout
        self.assertIn("C: request=smtpd_access_policy\n", out)
        self.assertTrue(out.endswith("S: action=DUNNO\naccepted at RCPT: DUNNO\n"), out)
        for words in (("--from", BAD), ("--user", BAD)):
            self.assertTrue(self.probe(f"unix:{path}", *words, status=10).stdout.endswith(
                "refused at RCPT: 554 5.7.1 Access denied\n"))
        told = json.loads(self.probe(server, "--json", "--from", BAD, status=10).stdout)
        self.assertEqual((told["verdict"], told["at"], told["code"]), ("refused", "RCPT", 554))
        self.assertNotIn("code", json.loads(self.probe(server, "--json").stdout))
        self.assertIn("no port", self.probe("127.0.0.1", status=2).stderr)


if __name__ == "__main__":
    unittest.main()
