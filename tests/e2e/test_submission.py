"""What people send their mail with, over TLS and with a login: through the front, and as a check of
these tests, to Postfix itself."""

import base64
import os
import re
import smtplib
import ssl
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from typing import NamedTuple

from submission import USERS, SubmissionTestCase, right_secret
from support import need, wait_until
from tls_client import TlsClient, port_of

BOB, TO = "bob@example.com", "someone@example.org"
PASSWORD = USERS[BOB]
SERVER_NAME = "mail.example.com"
# Postfix takes them; RFC 3461 4 does not, and the front keeps to it.
NOT_XTEXT = ("ENVID=a=b", "RCPT ORCPT=rfc822;", "RCPT ORCPT=rfc822;a=b")
THREADS = 6
PATIENCE = 60  # seconds; only a failure takes that long
MESSAGE = (f"From: <{BOB}>\r\nTo: <{TO}>\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n"
           "Message-Id: <1@example.com>\r\nSubject: test\r\n\r\n{text}\r\n")


class Server(NamedTuple):
    port: int
    implicit: bool
    ca: str


def run(*words, stdin=""):
    done = subprocess.run([need(words[0]), *map(str, words[1:])], input=stdin, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
    return done.returncode, done.stdout


# Each sends a message and gives its status and words; `refused` is its status for a failed login.

def swaks(server, mechanism, text):
    return run("swaks", "--server", f"127.0.0.1:{server.port}", "--helo", "pc.example.com",
               "--tls-on-connect" if server.implicit else "--tls", "--tls-verify",
               "--tls-ca-path", server.ca, "--tls-sni", SERVER_NAME, "--auth", mechanism,
               "--auth-user", BOB, "--auth-password", PASSWORD, "--from", BOB, "--to", TO,
               "--body", text)


def curl(server, mechanism, text):
    secret = ["--oauth2-bearer", right_secret(mechanism, BOB), "--user", f"{BOB}:"]
    if mechanism in ("PLAIN", "LOGIN"):
        secret = ["--user", f"{BOB}:{PASSWORD}"]
    return run("curl", "-sSv", "--ssl-reqd", "--connect-to", f"{SERVER_NAME}::127.0.0.1:",
               "--cacert", server.ca, "--login-options", f"AUTH={mechanism}", *secret,
               "--mail-from", BOB, "--mail-rcpt", TO, "--upload-file", "-",
               f"{'smtps' if server.implicit else 'smtp'}://{SERVER_NAME}:{server.port}/pc.example.com",
               stdin=MESSAGE.format(text=text))


def msmtp(server, mechanism, text):
    return run("msmtp", "--file=/dev/null", "--debug", "--host=127.0.0.1", f"--port={server.port}",
               "--tls", f"--tls-starttls={'off' if server.implicit else 'on'}",
               f"--tls-trust-file={server.ca}",
               f"--auth={mechanism.lower()}", f"--user={BOB}",
               f"--passwordeval=echo '{right_secret(mechanism, BOB)}'", f"--from={BOB}", TO,
               stdin=MESSAGE.format(text=text).replace("\r", ""))


def python(server, mechanism, text):
    context = ssl.create_default_context(cafile=server.ca)
    secure = {"context": context} if server.implicit else {}
    kind = smtplib.SMTP_SSL if server.implicit else smtplib.SMTP
    with kind("127.0.0.1", server.port, "pc.example.com", timeout=PATIENCE, **secure) as session:
        if not server.implicit:
            session.starttls(context=context)
        session.ehlo()
        session.user, session.password = BOB, PASSWORD
        ways = {"PLAIN": session.auth_plain, "LOGIN": session.auth_login,
                "CRAM-MD5": session.auth_cram_md5}
        try:
            session.auth(mechanism, ways[mechanism])
        except smtplib.SMTPAuthenticationError as refused:
            return refused.smtp_code, refused.smtp_error.decode()
        session.sendmail(BOB, [TO], MESSAGE.format(text=text).encode())
    return 0, ""


def openssl(server, _, text):
    """A dialogue by hand, each line typed when the reply to the one before is there."""
    process = subprocess.Popen(
        [need("openssl"), "s_client", "-connect", f"127.0.0.1:{server.port}", "-quiet", "-crlf",
         "-CAfile", server.ca, "-verify_return_error", "-servername", SERVER_NAME,
         *([] if server.implicit else ["-starttls", "smtp"])],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    said = ""

    def reply():
        nonlocal said
        while line := process.stdout.readline():
            said += line
            if line[3:4] == " ":
                return int(line[:3])
        return 0
    with process:
        if server.implicit:
            reply()
        for line in ("EHLO pc.example.com",
                     "AUTH PLAIN " + base64.b64encode(f"\0{BOB}\0{PASSWORD}".encode()).decode(),
                     f"MAIL FROM:<{BOB}>", f"RCPT TO:<{TO}>", "DATA", f"Subject: x\n\n{text}\n."):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            if (code := reply()) // 100 > 3:
                break
        process.stdin.write("QUIT\n")
        process.stdin.close()
        said += process.stdout.read()
    return (0 if code == 250 else code), said


PROGRAMS = {
    swaks: (28, ("PLAIN", "LOGIN", "CRAM-MD5")),
    curl: (67, ("PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER")),
    msmtp: (os.EX_NOPERM, ("plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256", "xoauth2",
                           "oauthbearer")),
    python: (535, ("PLAIN", "LOGIN", "CRAM-MD5")),
    openssl: (535, ("PLAIN",)),
}


class Submission(SubmissionTestCase):
    def setUp(self):
        super().setUp()
        settings = self.certificates() + "auth_upstream_max = 1000\n"
        front = self.front(settings + 'starttls = "required"\n', settings + "tls = true\n")
        self.servers = {
            "STARTTLS": Server(port_of(front, "submission0"), False, self.authority.ca),
            "TLS": Server(port_of(front, "submission1"), True, self.authority.ca)}
        self.direct_servers = {
            "STARTTLS": Server(self.direct_starttls, False, self.authority.ca),
            "TLS": Server(self.direct_implicit, True, self.authority.ca)}
        self.trusting = ssl.create_default_context(cafile=self.authority.ca)

    def client(self, server, name="[127.0.0.1]"):
        client = TlsClient(server.port, self.trusting, SERVER_NAME, implicit=server.implicit)
        self.addCleanup(client.close)
        client.ehlo(name)
        if not server.implicit:
            client.starttls()
            client.ehlo(name)
        return client

    def run_all(self, servers, text, programs):
        """What came of each program with each mechanism, both ways."""
        ways = [(program, mechanism.upper(), how) for program in programs
                for mechanism in PROGRAMS[program][1] for how in servers]
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(lambda way: (way, way[0](servers[way[2]], way[1], text)), ways))

    def assert_all_pass(self, servers, *programs):
        runs = self.run_all(servers, "passes", programs)
        for (program, mechanism, how), (status, said) in runs:
            with self.subTest(program.__name__, mechanism=mechanism, how=how):
                self.assertEqual(status, 0, said)
        self.arrived(len(runs))
        self.before += len(runs)

    def assert_all_refused(self, *programs):
        for (program, mechanism, how), (status, said) in self.run_all(
                self.servers, "blocked", programs):
            with self.subTest(program.__name__, mechanism=mechanism, how=how):
                self.assertEqual(status, PROGRAMS[program][0], said)
        self.assertFalse(any(b"blocked" in message for message in self.postfix.messages()))

    def test_the_programs_without_a_front(self):
        self.assert_all_pass({"TLS": self.direct_servers["TLS"]}, *PROGRAMS)

    def test_the_programs_pass_are_stopped_and_pass_again(self):
        self.assert_all_pass(self.servers, *PROGRAMS)
        self.store.add(BOB)
        self.assert_all_refused(*PROGRAMS)
        self.store.delete(BOB)
        self.assert_all_pass(self.servers, python)

    def test_the_greeting_of_a_program_stops_it_too(self):
        self.store.add("pc.example.com", "--type", "ehlo")
        self.assert_all_refused(swaks, curl, python)

    def test_a_dialogue_as_thunderbird_has_it(self):
        message = MESSAGE.format(text="Grüße\r\n.").encode()
        secret = base64.b64encode(f"\0{BOB}\0{PASSWORD}".encode()).decode()

        def dialogue(server):
            client = self.client(server)
            said = [client.say(line) for line in (
                "AUTH PLAIN " + secret, f"MAIL FROM:<{BOB}> BODY=8BITMIME SIZE={len(message)}",
                f"RCPT TO:<{TO}>", "DATA")]
            if said[-1].code == 354:
                said.append(client.body(message[:-2].replace(b"\r\n.", b"\r\n..")))
            said.append(client.say("QUIT"))
            self.assertTrue(client.at_end())
            return [re.sub(r"queued as \w+", "", reply.text) for reply in said]
        for how, server in self.servers.items():
            self.assertEqual(dialogue(server), dialogue(self.direct_servers[how]))
        for number in range(1, 5):
            stored = self.arrived(number)
            self.assertTrue(stored.endswith(message.replace(b"\r\n", b"\n")), stored)
        self.store.add(BOB)
        refused = dialogue(self.servers["TLS"])
        self.assertEqual([reply[:3] for reply in refused[:4]], ["535", "250", "554", "554"], refused)

    def test_the_extensions_are_those_of_postfix(self):
        def offered(server):
            lines = self.client(server).ehlo().text.split("\r\n")[1:]
            return {line[4:] for line in lines}
        hidden = {"VRFY", "ETRN", "STARTTLS"}
        self.assertEqual(offered(self.servers["TLS"]),
                         offered(self.direct_servers["TLS"]) - hidden)

    # SMTPUTF8 (RFC 6531) and DSN (RFC 3461)

    def python_session(self, server):
        session = smtplib.SMTP_SSL("127.0.0.1", server.port, "pc.example.com", timeout=PATIENCE,
                                   context=self.trusting)
        self.addCleanup(session.close)
        session.login(BOB, PASSWORD)
        return session

    def test_addresses_beyond_ascii(self):
        message = EmailMessage()
        message["From"], message["To"] = "jörg@bücher.example", "büro@example.org"
        message["Subject"] = "Grüße"
        message.set_content("Text")
        for number, server in enumerate((self.direct_servers["TLS"], self.servers["TLS"]), 1):
            self.python_session(server).send_message(message)
            stored = self.arrived(number).decode()
            self.assertIn("with UTF8SMTPSA id" if number == 1 else "with UTF8SMTPA id", stored)
            self.assertIn("Return-Path: <jörg@bücher.example>", stored)
            self.assertIn("Delivered-To: büro@example.org", stored)
        for pattern in ("jörg@bücher.example", "jörg@xn--bcher-kva.example", "*@bücher.example"):
            self.store.add(pattern)
            with self.assertRaises(smtplib.SMTPRecipientsRefused):
                self.python_session(self.servers["TLS"]).send_message(message)
            self.store.delete(pattern)

    def test_an_address_beyond_ascii_needs_the_parameter(self):
        """Postfix takes such addresses without it; the front keeps to RFC 6531 3.4."""
        client = self.client(self.servers["TLS"])
        client.auth_plain(BOB, PASSWORD)
        for line, code in (("MAIL FROM:<jörg@example.com>", 553), ("NOOP", 250),
                           ("MAIL FROM:<jörg@example.com> SMTPUTF8", 250),
                           ("RCPT TO:<büro@example.org>", 250), ("RSET", 250),
                           ("MAIL FROM:<bob@example.com>", 250),
                           ("RCPT TO:<büro@example.org>", 553)):
            self.assertEqual(client.say(line).code, code, line)

    def test_senders_are_notified_as_they_asked(self):
        for server in (self.direct_servers["TLS"], self.servers["TLS"]):
            self.assertIn("Action: delivered", self.notification(server, TO, "SUCCESS", "FULL"))
            for ret, whole in (("HDRS", False), ("FULL", True)):
                report = self.notification(server, "nobody@bounce.example", "FAILURE,DELAY", ret)
                self.assertIn("Action: failed", report)
                self.assertEqual("the body" in report, whole)

    def notification(self, server, recipient, notify, ret):
        """What a sender in the mailbox gets."""
        def reports():
            return [message.decode() for message in self.postfix.messages()
                    if b"multipart/report" in message]
        before = len(reports())
        client = self.client(server)
        client.auth_plain(BOB, PASSWORD)
        for line in (f"MAIL FROM:<sender@example.org> RET={ret} ENVID=QQ+2B314159",
                     f"RCPT TO:<{recipient}> NOTIFY={notify} ORCPT=rfc822;first+40example.org"):
            self.assertEqual(client.say(line).code, 250)
        self.assertEqual(client.say("DATA").code, 354)
        self.assertEqual(client.body(b"Subject: x\r\n\r\nthe body").code, 250)
        report, = wait_until("a report", lambda: reports()[before:])
        self.assertIn("Original-Envelope-Id: QQ+314159", report)
        self.assertIn("Original-Recipient: rfc822;first@example.org", report)
        return report

    def test_no_notification_where_none_was_asked(self):
        before = len(self.postfix.messages())
        client = self.client(self.servers["TLS"])
        client.auth_plain(BOB, PASSWORD)
        client.mail("sender@example.org")
        self.assertEqual(client.say("RCPT TO:<nobody@bounce.example> NOTIFY=NEVER").code, 250)
        self.assertEqual(client.rcpt(TO).code, 250)
        self.assertEqual(client.say("DATA").code, 354)
        queued = client.body(b"Subject: x\r\n\r\nno report").text.split()[-1]
        wait_until("the message is done with", lambda: f"{queued}: removed" in self.postfix.log())
        self.assertFalse(any(b"multipart/report" in message
                             for message in self.postfix.messages()[before:]))

    def test_parameters_of_dsn_that_are_wrong(self):
        mails = ("RET=NONE", "RET=", "RET=HDRS RET=FULL", "ENVID=", "ENVID=a=b", "ENVID=a+4",
                 "NOTIFY=NEVER", "ORCPT=rfc822;x", "RET", "envid=abc ret=full")
        recipients = ("NOTIFY=NEVER,SUCCESS", "NOTIFY=", "NOTIFY=NEVER", "NOTIFY=SUCCESS,SUCCESS",
                      "NOTIFY=FOO", "ORCPT=x", "ORCPT=rfc822;", "ORCPT=;x", "ORCPT=rfc822;a=b",
                      "ORCPT=rfc822;a+4", "RET=FULL", "SIZE=1", "notify=failure",
                      "NOTIFY=NEVER NOTIFY=NEVER")

        def replies(server):
            client = self.client(server)
            client.auth_plain(BOB, PASSWORD)
            said = {}
            for word in mails:
                said[word] = client.say(f"MAIL FROM:<{BOB}> {word}").text
                client.say("RSET")
            for word in recipients:
                client.mail(BOB)
                said["RCPT " + word] = client.say(f"RCPT TO:<{TO}> {word}").text
                client.say("RSET")
            return said
        front, direct = replies(self.servers["TLS"]), replies(self.direct_servers["TLS"])
        for word in direct:
            with self.subTest(word):
                if word in NOT_XTEXT:
                    self.assertEqual((front[word][:3], direct[word][:3]), ("501", "250"))
                else:
                    self.assertEqual(front[word], direct[word])


if __name__ == "__main__":
    unittest.main()
