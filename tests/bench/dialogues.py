"""What is said to a front to see whether it can be told what it is up to: dialogues of clients of
several classes, as pairs of a step and a reply."""

import time
from typing import NamedTuple

from record import AGAIN, EITHER
from stage import BARRED, BARRED_NAME, NAME, OPEN, OTHER, RIGHT, WRONG

from client import Reply
from sasl_client import log_in

ELSEWHERE = "someone@elsewhere.example"
BURST = 10  # recipients in one write
REFUSALS = 12  # past the soft error limit of Postfix, which is 10
GAVE_UP = 9  # seconds, from which on Postfix tells by chance that Dovecot has not answered


class Who(NamedTuple):
    user: str
    secret: str
    name: str = NAME


def with_again(classes):
    first = next(iter(classes))
    return {**classes, first + AGAIN: classes[first]}


LOGINS = with_again({
    "open, wrong": Who(OPEN, WRONG),
    "account blocked, right": Who(BARRED, RIGHT),
    "account blocked, wrong": Who(BARRED, WRONG),
    "name blocked, right": Who(OTHER, RIGHT, BARRED_NAME),
})
# Who has not logged in, and what the same would do whose rule is for the sender or for the name.
STRANGERS = with_again({
    "stranger": Who(OPEN, WRONG),
    "sender blocked": Who(BARRED, RIGHT),
    "name blocked": Who(OTHER, RIGHT, BARRED_NAME),
})


def logins(stage, mechanisms):
    """A login by each, one after the other on one connection; the time is that from the response
    with the secret to the answer."""
    def dialogue(whose, address):
        user, secret, name = LOGINS[whose]
        with stage.client(address) as client:
            client.ehlo(name)
            steps = []
            for place, mechanism in enumerate(mechanisms):
                step = f"AUTH {mechanism}" if place else f"AUTH {mechanism}, which connects"
                steps.append((step, log_in(client, mechanism, user, secret)[0][-1]))
            client.say("QUIT")
        return steps
    return dialogue


def of_strangers(stage, talk, starttls=False):
    """talk(client, who) has the dialogue, and returns its steps."""
    def dialogue(whose, address):
        with stage.client(address, starttls=starttls) as client:
            return talk(client, STRANGERS[whose])
    return dialogue


def envelope(client, who):
    """Recipients that are refused: the first of a connection, later ones, those of another
    transaction, and what is said between them."""
    client.ehlo(who.name)
    client.mail(who.user)
    steps = [("RCPT, first", client.rcpt(ELSEWHERE)),
             ("RCPT, second", client.rcpt(ELSEWHERE)),
             ("RCPT, third", client.rcpt("other." + ELSEWHERE)),
             ("NOOP after RCPT", client.say("NOOP")),
             ("RSET after RCPT", client.say("RSET")),
             ("MAIL after RCPT", client.mail(who.user)),
             ("RCPT, next transaction", client.rcpt(ELSEWHERE)),
             ("DATA", client.say("DATA")),
             ("QUIT after RCPT", client.say("QUIT"))]
    return [*steps, ("close after RCPT", end_of(client))]


def after_login(client, who):
    """The same behind a wrong password, which has connected the front."""
    client.ehlo(who.name)
    client.auth_plain(who.user, who.secret)
    return [("NOOP after AUTH", client.say("NOOP")),
            ("MAIL after AUTH", client.mail(who.user)),
            ("RCPT, after AUTH", client.rcpt(ELSEWHERE)),
            ("RCPT, second after AUTH", client.rcpt(ELSEWHERE)),
            ("QUIT after AUTH", client.say("QUIT"))]


def burst(client, who):
    """MAIL and many RCPT in one write."""
    client.ehlo(who.name)
    client.send((f"MAIL FROM:<{who.user}>\r\n" + f"RCPT TO:<{ELSEWHERE}>\r\n" * BURST).encode())
    replies = [client.reply() for _ in range(1 + BURST)]
    client.say("QUIT")
    return [("pipelined: MAIL", replies[0]), ("pipelined: first RCPT", replies[1]),
            ("pipelined: last RCPT", replies[-1])]


def past_the_limit(client, who):
    """Refusals until the server is slow to refuse."""
    client.ehlo(who.name)
    client.mail(who.user)
    replies = [client.rcpt(ELSEWHERE) for _ in range(REFUSALS)]
    client.say("QUIT")
    return [(f"RCPT, refusal {place}", reply) for place, reply in enumerate(replies, 1)
            if place >= REFUSALS - 3]


def between(client, who):
    """What is neither a login nor a recipient."""
    steps = [("EHLO", client.ehlo(who.name)), ("NOOP", client.say("NOOP")),
             ("MAIL", client.mail(who.user)), ("RSET", client.say("RSET")),
             ("STARTTLS", client.say("STARTTLS"))]
    begun = time.monotonic()
    client.secure()
    steps += [("handshake", Reply(0, "done", begun, time.monotonic())),
              ("EHLO in TLS", client.ehlo(who.name)), ("NOOP in TLS", client.say("NOOP")),
              ("MAIL in TLS", client.mail(who.user)), ("QUIT", client.say("QUIT"))]
    return [*steps, ("close", end_of(client))]


def end_of(client):
    begun = time.monotonic()
    ended = client.at_end()
    return Reply(0, "closed" if ended else "said more", begun, time.monotonic())


class Scenario(NamedTuple):
    """Tries of one client, each on a new connection: a mechanism, a name and a password."""
    name: str
    tries: tuple


def same(who, *mechanisms):
    return Scenario(who.name, tuple((mechanism, who.user, who.secret)
                                    for mechanism in mechanisms or ("PLAIN",) * 4))


def guesses(who, last):
    """Different wrong ones, and the last of four."""
    secrets = (*(f"guess {letter} horse" for letter in "abc"), last)
    return Scenario(who.name, tuple(("PLAIN", who.user, secret) for secret in secrets))


def spelt_in_two_ways(who):
    return Scenario(who.name, tuple(("PLAIN", user, who.secret)
                                    for user in (who.user, who.user.title()) * 2))


# {what: {class: scenario}}; to be compared within each.
REPEATED = {
    "one password": {whose: same(who) for whose, who in LOGINS.items()},
    "four passwords": {
        "open": guesses(Who(OPEN, WRONG), WRONG),
        "account blocked": guesses(Who(BARRED, WRONG), WRONG),
        "account blocked, last one right": guesses(Who(BARRED, RIGHT), RIGHT),
        "name blocked, last one right": guesses(Who(OTHER, RIGHT, BARRED_NAME), RIGHT),
        "open" + AGAIN: guesses(Who(OPEN, WRONG), WRONG)},
    "one password, PLAIN and LOGIN": {
        whose: same(LOGINS[whose], *("PLAIN", "LOGIN") * 2) for whose in LOGINS
        if whose != "account blocked, wrong"},
    "one password, name in two spellings": {
        whose: spelt_in_two_ways(LOGINS[whose]) for whose in LOGINS
        if whose != "account blocked, wrong"},
}


def repeated(stage):
    def dialogue(what_and_whose, address):
        what, whose = what_and_whose
        scenario, steps = REPEATED[what][whose], []
        for place, (mechanism, user, secret) in enumerate(scenario.tries, 1):
            with stage.client(address) as client:
                client.ehlo(scenario.name)
                replies = log_in(client, mechanism, user, secret)[0]
                # Dovecot makes who is to be punished wait for its first answer.
                reply = replies[-1]._replace(asked=replies[0].asked)
                if reply.got - reply.asked > GAVE_UP and reply.code in (454, 535):
                    reply = reply._replace(text=EITHER)
                steps.append((f"{what}: try {place}", reply))
                client.say("QUIT")
        return steps
    return dialogue
