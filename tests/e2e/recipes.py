"""The recipes of smtpblockd(8), taken as they stand there."""

import re

from support import TOP

MAN = TOP / "man/smtpblockd.8"
# What a Postfix needs to ask a Dovecot about logins.
LOGIN = """\
smtpd_sasl_type = dovecot
smtpd_sasl_path = {socket}
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
"""


def files_of(recipe):
    """The texts that stand in the page, by the file that was named last before each."""
    section = re.search(rf'^\.Ss {recipe}\n(.*?)^\.S[hs] ', MAN.read_text(), re.M | re.S)[1]
    found, name = {}, None
    for part in re.finditer(r"^\.Pa (\S+)|^\.Bd -literal.*?\n(.*?)^\.Ed$", section, re.M | re.S):
        if part[1]:
            name = part[1]
        else:
            found.setdefault(name, part[2].replace(r"\-", "-").replace(r"\e", "\\"))
    return found


def replace(files, replaced):
    """The same files with other ports and paths: each text must be there to be replaced."""
    for old, new in replaced.items():
        if not any(old in text for text in files.values()):
            raise AssertionError(f"the page has no {old}")
        files = {name: text.replace(old, new) for name, text in files.items()}
    return files


def postfix_that_asks(policy, submission):
    """The files of that recipe; all that is not as in the page: ports, and no TLS."""
    return replace(files_of("Postfix that asks"), {
        "127.0.0.1:10040": f"127.0.0.1:{policy}",
        "submission inet n - y - - smtpd": f"127.0.0.1:{submission} inet n - n - - smtpd",
        "smtpd_tls_security_level=encrypt": "smtpd_tls_security_level=none",
        "smtpd_tls_auth_only=yes": "smtpd_tls_auth_only=no",
    })
