#!/usr/bin/python3 -B
"""Whether a block can be told from a wrong password by the time that things take: real servers, and
a front before them that asks them for each login (auth_failure = "upstream", without a limit).

    wrong_password.py [--samples N] [--quick] [--minutes M] [PART...]

Parts, all by default; those of logins have four classes of clients: not blocked with a wrong
password, account blocked with the right one, and with a wrong one, and EHLO name blocked with the
right one.

    postfix      logins: Postfix (told by PROXY) and Dovecot, without its delays
    xclient      the same, told by XCLIENT
    penalty      Postfix and Dovecot with its delays and its penalty for an address
    exim         logins: Exim
    maildir      logins: the embedded Maildir
    local        logins: auth_failure = "local", behind it a delay that is constant
    repeated     four logins from one address: one password, several, by two mechanisms and with the
                 name in two spellings, at the delays and the penalty of Dovecot
    rcpt         Postfix: RCPT of a blocked sender, or name, against that of a stranger
    rcpt-exim    the same with Exim
    between      Postfix: EHLO, NOOP, MAIL, RSET, STARTTLS, QUIT of the same

Each client has an address of its own (by PROXY to the front), and the classes come in an order of
chance. For each step two samples are compared by the test of Kolmogorov and Smirnov, p being
Bonferroni's for all the pairs of the part: below 0.01 they are told apart. One class is sampled
twice; that must not be told apart, and it must be when 5 ms are added to it (where a server answers
at ticks: to the time behind the tick).

Exit status: 0 nothing is told apart; 1 something is, or is answered in other words; 3 nothing was,
but a planted difference was not found either; 2 wrong usage.

SMTPBLOCK_TEST_DAEMON and SMTPBLOCK_TEST_CLI name the programs: of a Release build, and on a machine
that does little else. It starts mail servers, for which it must be root or may sudo.
"""

import argparse
import sys

import dialogues
from record import Addresses, Record, take
from stage import Stage
from verdict import ALIKE, APART, told_apart

SAMPLES, QUICK = 250, 60
PLANTED = 0.005  # seconds
TICK = 0.5  # of Dovecot, between two looks at the failures whose delay is over
# A penalty is a matter of seconds: few samples show it. It grows by 4 s.
REPEATED_SAMPLES, PLANTED_IN_REPEATED = 20, 4
# Dialogues at once: where the server waits for seconds, for a part of one, and where it works.
SLEEPING, DOZING, AWAKE = 50, 10, 2
MECHANISMS = ("PLAIN", "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256")


class Run:
    """What the parts need to know."""

    def __init__(self, samples, seconds):
        self.samples, self.seconds = samples, seconds
        self.addresses = Addresses()

    def logins(self, title, behind, mechanisms, at_once=AWAKE, **options):
        record = Record()
        with Stage(behind, **options) as stage:
            self.take(record, dialogues.LOGINS, dialogues.logins(stage, mechanisms), at_once)
        return told_apart(title, record, PLANTED)

    def take(self, record, classes, dialogue, at_once, samples=None, **options):
        take(record, self.addresses, list(classes), dialogue, samples or self.samples, at_once,
             self.seconds, **options)

    def postfix(self):
        return self.logins("Postfix and Dovecot without delays: logins", "postfix", MECHANISMS)

    def xclient(self):
        return self.logins("Postfix told by XCLIENT, Dovecot without delays: logins", "xclient",
                           MECHANISMS)

    def exim(self):
        return self.logins("Exim: logins", "exim", ("PLAIN", "PLAIN", "LOGIN"))

    def maildir(self):
        return self.logins("Maildir: logins", "maildir", ("PLAIN",), SLEEPING)

    def local(self):
        return self.logins("Local answers, a constant delay behind: logins", "fake",
                           ("PLAIN", "PLAIN", "LOGIN"), DOZING, auth_failure="local")

    def penalty(self):
        record = Record()
        with Stage("slow postfix") as stage:
            self.take(record, dialogues.LOGINS, dialogues.logins(stage, ("PLAIN",)), SLEEPING)
        step, = record.seconds
        record.add_lags(step, lag := "lag behind Dovecot's tick")
        return told_apart("Postfix and Dovecot with its delay and penalty: logins", record,
                          {step: TICK, lag: PLANTED})

    def repeated(self):
        record = Record()
        with Stage("slow postfix") as stage:
            ways = [(what, whose) for what, classes in dialogues.REPEATED.items()
                    for whose in classes]
            tries = Record()
            # So that the first ones do not wait for so many processes to start.
            self.take(Record(), dialogues.LOGINS, dialogues.logins(stage, ("PLAIN",)), SLEEPING, 1)
            self.take(tries, ways, dialogues.repeated(stage), SLEEPING, REPEATED_SAMPLES, warm=0)
        for step, by_way in tries.seconds.items():
            record.seconds[step] = {whose: values for (_, whose), values in by_way.items()}
            record.words[step] = {whose: words for (_, whose), words in tries.words[step].items()}
        return told_apart("Four logins from one address, Postfix and Dovecot with its penalty",
                          record, PLANTED_IN_REPEATED)

    def recipients(self, title, behind):
        record = Record()
        with Stage(behind) as stage:
            for talk, at_once in ((dialogues.envelope, AWAKE), (dialogues.after_login, AWAKE),
                                  (dialogues.burst, AWAKE), (dialogues.past_the_limit, SLEEPING)):
                self.take(record, dialogues.STRANGERS, dialogues.of_strangers(stage, talk), at_once)
        return told_apart(title, record, PLANTED)

    def rcpt(self):
        return self.recipients("Postfix: recipients that are refused", "postfix")

    def rcpt_exim(self):
        return self.recipients("Exim: recipients that are refused", "exim")

    def between(self):
        record = Record()
        with Stage("postfix") as stage:
            talk = dialogues.of_strangers(stage, dialogues.between, starttls=True)
            self.take(record, dialogues.STRANGERS, talk, AWAKE)
        return told_apart("What is neither a login nor a recipient", record, PLANTED)


PARTS = ("postfix", "xclient", "penalty", "exim", "maildir", "local", "repeated", "rcpt",
         "rcpt-exim", "between")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=SAMPLES,
                        help=f"of each class ({SAMPLES})")
    parser.add_argument("--quick", action="store_const", const=QUICK, dest="samples",
                        help=f"{QUICK} of each class, which finds less")
    parser.add_argument("--minutes", type=float, default=5,
                        help="after which no new dialogue of one kind begins (5)")
    parser.add_argument("part", nargs="*", help="one of " + ", ".join(PARTS))
    options = parser.parse_args()
    if unknown := set(options.part) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    run = Run(options.samples, options.minutes * 60)
    statuses = [getattr(run, part.replace("-", "_"))() for part in options.part or PARTS]
    sys.exit(APART if APART in statuses else max(statuses, default=ALIKE))


if __name__ == "__main__":
    main()
