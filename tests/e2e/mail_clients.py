"""What people send mail with, and a client of ours that does what these do not: each sends one
message and says how that went."""

import os
import smtplib
import ssl
import subprocess
from typing import NamedTuple

from client import Client
from support import need

SOURCE = "127.0.0.2"  # where clients connect from: not the front's own address
HELO = "pc.example.com"
SECONDS = 120  # only a failure takes that long


class Message(NamedTuple):
    sender: str
    recipients: tuple
    octets: bytes  # with CRLF, also at the end


class Server(NamedTuple):
    """Where to send it, and how; `login` is a name and a password."""
    port: int
    ca: str
    host: str = "127.0.0.1"
    starttls: bool = False
    login: tuple = ()


class Outcome(NamedTuple):
    sent: bool
    said: str


def run(*words, stdin=b""):
    done = subprocess.run([need(words[0]), *map(str, words[1:])], input=stdin, timeout=SECONDS,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return Outcome(done.returncode == 0, f"{done.returncode}\n{done.stdout.decode(errors='replace')}")


def swaks(server, message, *more):
    tls = ["--tls", "--tls-verify", "--tls-ca-path", server.ca] if server.starttls else []
    login = []
    if server.login:
        login = ["--auth", "PLAIN", "--auth-user", server.login[0], "--auth-password",
                 server.login[1]]
    return run("swaks", "--server", f"{server.host}:{server.port}", "--local-interface", SOURCE,
               "--helo", HELO, *tls, *login, "--from", message.sender, "--to",
               ",".join(message.recipients), "--data", "-", "--suppress-data", *more,
               stdin=message.octets.removesuffix(b"\r\n"))  # it ends every message with a line end


def swaks_pipelined(server, message):
    return swaks(server, message, "--pipeline")


def curl(server, message):
    tls = ["--ssl-reqd", "--cacert", server.ca] if server.starttls else []
    login = ["--user", ":".join(server.login)] if server.login else []
    recipients = [word for one in message.recipients for word in ("--mail-rcpt", one)]
    return run("curl", "-sSv", "--interface", SOURCE, *tls, *login, "--mail-from", message.sender,
               *recipients, "--upload-file", "-", f"smtp://{server.host}:{server.port}/{HELO}",
               stdin=message.octets)


def msmtp(server, message):
    tls = ["--tls", f"--tls-trust-file={server.ca}"] if server.starttls else []
    login = []
    if server.login:
        login = ["--auth=plain", f"--user={server.login[0]}",
                 f"--passwordeval=echo '{server.login[1]}'"]
    return run("msmtp", "--file=/dev/null", f"--host={server.host}", f"--port={server.port}",
               f"--source-ip={SOURCE}", f"--domain={HELO}", "--undisclosed-recipients=off",
               "--set-from-header=off", "--set-date-header=off", "--set-msgid-header=off", *tls,
               *login, f"--from={message.sender}", *message.recipients,
               stdin=message.octets.replace(b"\r\n", b"\n"))


def python(server, message):
    is_ascii = all(address.isascii() for address in (message.sender, *message.recipients))
    options = ["SMTPUTF8", "BODY=8BITMIME"]
    if is_ascii:
        options = [] if message.octets.isascii() else ["BODY=8BITMIME"]
    with smtplib.SMTP(server.host, server.port, HELO, timeout=SECONDS,
                      source_address=(SOURCE, 0)) as session:
        try:
            if server.starttls:
                session.starttls(context=ssl.create_default_context(cafile=server.ca))
            session.ehlo()
            if server.login:
                session.login(*server.login)
            session.sendmail(message.sender, message.recipients, message.octets, options)
        except smtplib.SMTPException as refused:
            return Outcome(False, repr(refused))
    return Outcome(True, "")


def smtp_source(server, message):
    """Sends what it makes up itself, as long as the message, from the only address it has there:
    over IPv6 that is not the front's own either."""
    return run("smtp-source", "-M", HELO, "-f", message.sender, "-t", message.recipients[0], "-l",
               len(message.octets), f"[{server.host}]:{server.port}")


def raw(server, message):
    """Each command when the one before has been answered."""
    with Client(server.port, SECONDS, server.host, SOURCE) as client:
        client.ehlo(HELO)
        return finish(client, [client.say(line) for line in envelope(message)] + [
            client.say("DATA")], lambda: client.body(stuffed(message.octets)[:-2]))


def pipelined(server, message):
    """The whole envelope in one write (RFC 2920)."""
    with Client(server.port, SECONDS, server.host, SOURCE) as client:
        client.ehlo(HELO)
        lines = [*envelope(message), "DATA"]
        client.send("".join(line + "\r\n" for line in lines).encode())
        return finish(client, [client.reply() for _ in lines],
                      lambda: client.body(stuffed(message.octets)[:-2]))


CHUNK = 1_000_000


def chunked(server, message):
    """The envelope and all chunks in one go, which BDAT allows (RFC 3030 4.1)."""
    with Client(server.port, SECONDS, server.host, SOURCE) as client:
        client.ehlo(HELO)
        lines = envelope(message)
        client.send("".join(line + "\r\n" for line in lines).encode())
        chunks = [message.octets[at:at + CHUNK] for at in range(0, len(message.octets), CHUNK)]
        for chunk in chunks:
            client.send(b"BDAT %d\r\n" % len(chunk) + chunk)
        client.send(b"BDAT 0 LAST\r\n")
        replies = [client.reply() for _ in range(len(lines) + len(chunks))]
        return finish(client, replies, client.reply)


def envelope(message):
    words = "" if message.octets.isascii() else " BODY=8BITMIME"
    if not all(address.isascii() for address in (message.sender, *message.recipients)):
        words += " SMTPUTF8"
    return [f"MAIL FROM:<{message.sender}>{words} SIZE={len(message.octets)}",
            *(f"RCPT TO:<{recipient}>" for recipient in message.recipients)]


def stuffed(octets):
    """RFC 5321 4.5.2."""
    return octets.replace(b"\r\n.", b"\r\n..")


def finish(client, replies, end):
    """The rest of a dialogue after its last command but one."""
    if all(reply.code < 400 for reply in replies):
        replies.append(end())
    sent = replies[-1].code == 250
    replies.append(client.say("QUIT"))
    return Outcome(sent, "\n".join(reply.text for reply in replies))
