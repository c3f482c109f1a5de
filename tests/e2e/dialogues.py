"""What a client may say to find out whether it is blocked, as steps of dialogue.py by name. Postfix
answers LOGINS, LIMITS and RECIPIENTS alike with a front and without it; to the others it is the
front that says much, in words of its own. Where END stands, the server has to close by itself, and
nothing is sent to it meanwhile."""

EHLO = "EHLO {name}"
MAIL = "MAIL FROM:<{user}>"
RCPT = "RCPT TO:<r{n}@elsewhere.example>"
LOCAL = "RCPT TO:<bob@example.org>"
PLAIN = "AUTH PLAIN 64(\0{user}\0{password})"
MOST = 20  # errors, of the front and of Postfix
QUIT = ("QUIT", "END")

# Each by every mechanism.
LOGINS = {
    "one try": [EHLO, "AUTH", MAIL, RCPT, RCPT, LOCAL, "DATA", "RSET", "NOOP", *QUIT],
    "several secrets": [EHLO, "AUTH", "AUTH", "AUTH ~", "AUTH ~~", "AUTH", *QUIT],
    "several mechanisms": [EHLO, "AUTH", "AUTH PLAIN", "AUTH LOGIN ~", "AUTH CRAM-MD5", "AUTH",
                           *QUIT],
    "cancelled": [EHLO, "AUTH *", "AUTH", "AUTH *", MAIL, RCPT, "RSET", "AUTH", *QUIT],
    "no base64": [EHLO, "AUTH {mechanism} !!!", "AUTH", "AUTH {mechanism} YQ", "AUTH", *QUIT],
    "in a transaction": [EHLO, MAIL, "AUTH", RCPT, "AUTH", "RSET", "AUTH", *QUIT],
    "says no more": [EHLO, "AUTH", "CLOSE", "END"],
    "in TLS": [EHLO, "AUTH", "STARTTLS", EHLO, "AUTH", "STARTTLS", MAIL, RCPT, *QUIT],
}
LIMITS = {
    "logins": [EHLO, *["AUTH"] * MOST, "END", "AGAIN", EHLO, "AUTH", *QUIT],
    "logins, on": [EHLO, *["AUTH"] * (MOST + 1), "NOOP"],
    "both": [EHLO, *["AUTH", MAIL, RCPT, RCPT, "RSET"] * 6, "AUTH", MAIL, RCPT, "END"],
}
# Without a login, or with a single one.
RECIPIENTS = {
    "refused": [EHLO, MAIL, RCPT, RCPT, LOCAL, "DATA", "NOOP", "RSET", MAIL, RCPT, *QUIT],
    "to the limit": [EHLO, MAIL, *[RCPT] * MOST, "END", "AGAIN", EHLO, MAIL, RCPT, *QUIT],
    "to the limit, on": [EHLO, MAIL, *[RCPT] * (MOST + 1), "NOOP"],
    "burst": [EHLO, f"{MAIL} | 3 * {RCPT} | DATA | RSET | {MAIL} | {RCPT} | DATA | QUIT", "END"],
    "burst to the limit": [EHLO, f"{MAIL} | {MOST} * {RCPT}", "END"],
    "burst over the limit": [EHLO, f"{MAIL} | {MOST + 5} * {RCPT} | DATA | QUIT"],
    "burst over the limit, after a login": [
        EHLO, "AUTH", f"{MAIL} | {MOST + 5} * {RCPT} | DATA | QUIT"],
    "burst with a login": [EHLO, f"{PLAIN} | {MAIL} | {RCPT} | DATA | RSET | {PLAIN} | "
                           "QUIT", "END"],
    "burst of logins": [EHLO, f"{MOST + 5} * {PLAIN} | QUIT"],
    "two transactions": [EHLO, *[MAIL, RCPT, "RSET"] * 3, MAIL, RCPT, EHLO, MAIL, RCPT, "DATA",
                         *QUIT],
    "in HELO": ["HELO {name}", MAIL, RCPT, "DATA", *QUIT],
}
# The front answers these for everybody, for servers in the words of Postfix or stricter than it.
OURS = {
    "before EHLO": ["AUTH", MAIL, RCPT, "RSET", EHLO, "AUTH", MAIL, RCPT, *QUIT],
    "unknown commands": [EHLO, *["FOO", "AUTH"] * (MOST // 2), "END"],
    "burst with a bad command": [
        EHLO, "AUTH", f"{MAIL} | {MOST - 3} * {RCPT} | FOO | {MOST} * {RCPT} | QUIT"],
    "chatter": ["NOOP", "HELO {name}", "EHLO x", EHLO, "FOO", "VRFY x", "AUTH", "EHLO y.example",
                "AUTH ~", "HELO {name}", "RSET", "FOO", "VRFY bob@example.org", "VRFY", "NOOP x",
                "AUTH", "ETRN x", "EXPN x", "HELP", "RSET x", "QUIT x", "", EHLO, *QUIT],
    "chunks": [EHLO, MAIL, RCPT, "BDAT 3 LAST\r\na", "RSET",
               f"{MAIL} | {RCPT} | BDAT 3 LAST\r\na | NOOP", *QUIT],
    "TLS at once": [EHLO, "STARTTLS", "AUTH", EHLO, "AUTH", "AUTH ~", MAIL, RCPT, LOCAL, *QUIT],
    "half in TLS": [EHLO, *["AUTH"] * (MOST // 2), "STARTTLS", EHLO, *["AUTH"] * (MOST // 2),
                    "END"],
    "nine names": [EHLO, "AUTH", *(f"EHLO {letter}.example" for letter in "abcdefgh"), "END"],
    "much NOOP": [EHLO, "AUTH", *["NOOP"] * 110, "AUTH", MAIL, RCPT, *QUIT],
    "a long line": [EHLO, "AUTH", "NOOP " + "x" * 3000, "AUTH PLAIN " + "x" * 13000, "AUTH", *QUIT],
}
ADDRESSES = (
    "BOB@Elsewhere.Example", '"bob"@elsewhere.example', '"b b"@elsewhere.example',
    r'"b\"b"@elsewhere.example', r'"b\ob"@elsewhere.example', '"b@b"@elsewhere.example',
    '"b..b"@elsewhere.example', '"b>b"@elsewhere.example', '""@elsewhere.example',
    "@a.example,@b.example:bob@elsewhere.example", "bob", "bob@[192.0.2.7]",
    "bob@[IPv6:2001:db8::1]", "bob@[x]", "bob%a.example@elsewhere.example",
    "bob@elsewhere.example.", "bob@elsewhere", "a!b@elsewhere.example",
    "b..b@elsewhere.example", ".b.@elsewhere.example",
    "", "bob@", "@elsewhere.example", "bob@@elsewhere.example", "bob @elsewhere.example",
    "b<>b@elsewhere.example", "l" * 64 + "@elsewhere.example", "l" * 65 + "@elsewhere.example",
    "l" * 350 + "@elsewhere.example", f"bob@{'d' * 63}.example", f"bob@{'d' * 64}.example",
    f"bob@{'d.' * 126}example", f"bob@{'d.' * 140}example", "bob@-a.example", "bob@a-.example",
    "bob@a_b.example", "bob@a..example", "bob@.a.example", "bob@a+b.example", "bob@192.0.2.7",
    "bob@1.2", "bob@12", "bob@1.example", "bob@xn--bcher-kva.example", "bob@b.example@c.example",
)
ARGUMENTS = (
    "TO:bob@elsewhere.example", "TO: <bob@elsewhere.example>", "TO:<bob@elsewhere.example> x",
    "TO:<bob@elsewhere.example> NOTIFY=NEVER", "to:<bob@elsewhere.example> ORCPT=rfc822;x",
    "TO:<bob@elsewhere.example>x", "<bob@elsewhere.example>", "TO:Bob <bob@elsewhere.example>")
PARAMETERS = ("SIZE=10", "SIZE=99999999999", "SIZE=x", "BODY=8BITMIME", "BODY=x", "AUTH=<>",
              "RET=HDRS ENVID=x", "SMTPUTF8", "FOO")


def in_sessions(name, parts, first=(EHLO,), at_once=9):
    """Dialogues with so many of the parts, of which each is a list of steps and has two errors at
    most."""
    return {f"{name} from {begin}": [*first, *sum(parts[begin:begin + at_once], []), *QUIT]
            for begin in range(0, len(parts), at_once)}


SPELLINGS = {
    **in_sessions("recipients", [[f"RCPT TO:<{address}>"] for address in ADDRESSES] +
                  [[f"RCPT {argument}"] for argument in ARGUMENTS], (EHLO, MAIL), at_once=18),
    **in_sessions("senders", [[f"MAIL FROM:<{address}>", RCPT, "RSET"] for address in ADDRESSES] +
                  [[f"MAIL FROM:<{{user}}> {word}", RCPT, "RSET"] for word in PARAMETERS]),
}
# Secrets that are none, or odd.
BEARER = "\1auth=Bearer {password}\1\1"
PLAIN_SECRETS = [
    *([f"AUTH PLAIN 64({message})"] for message in (
        "\0{user}\0", "\0{user}", "\0{user}\0" + "x" * 200, "\0{user}\0" + "x" * 2000,
        "\0{user}\0" + "x" * 3000, "\0{user}\0" + "x" * 6000, "\0{user}\0é", "\0{user}\0\t\1",
        "\0{user}\0{password}\0x", "{user}\0{user}\0{password}", "x\0{user}\0{password}",
        "\0{user} \0{password}", "\0\0{password}", "\0{user}\0 ")),
    *([f"AUTH LOGIN 64({name})", secret] for name, secret in (
        ("{user}", ""), ("{user}", "="), ("{user}", "64(x)"), ("{user}", "64({password}\0)"),
        ("{user} ", "64({password})"), ("{user}", "!!!"), ("{user}", "*"))),
]
SECRETS = PLAIN_SECRETS + [
    *(["AUTH CRAM-MD5", f"64({message})"] for message in (
        "{user}", "{user} ", "{user} abc", "{user} " + "0" * 32, "{user} " + "g" * 32,
        "{user} " + "0" * 33)),
    *([f"AUTH {mechanism} 64({message})"] for mechanism in ("SCRAM-SHA-1", "SCRAM-SHA-256")
      for message in ("n,,n={user}", "n,,n={user},r=", "y,,n={user},r=abc,x=y",
                      "n,a={user},n={user}", "p=tls-unique,,n={user},r=a")),
    *([f"AUTH SCRAM-SHA-1 64(n,,n={{user}},r=abc)", f"64({message})"] for message in (
        "", "c=biws,r=abc,p=AAAA", "c=biws", "x")),
    *([f"AUTH XOAUTH2 64({message})", "64()"] for message in (
        "user={user}" + BEARER, "user={user}\1\1", "user={user}\1auth=Basic x\1\1",
        "user={user}\1auth=Bearer \1\1", "user={user}\1auth=Bearer a.b.c\1\1")),
    *([f"AUTH OAUTHBEARER 64({message})", "64(\1)"] for message in (
        "n,a={user}," + BEARER, "n,a={user},\1\1", "n,a={user},\1auth=Basic x\1\1",
        "n,a={user},\1auth=Bearer a.b.c\1\1", "y,a={user},\1host=x\1auth=Bearer x\1\1")),
]
