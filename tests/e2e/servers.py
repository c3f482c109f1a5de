"""Real mail servers, each with what it takes to put a front before it and to compare a session that
comes through the front with one that comes directly. Every one takes mail for example.org from
everybody, and for others from those who have logged in, if it takes logins."""

import re

from dovecot import Dovecot
from exim import Exim
from mail_server import free_ports
from opensmtpd import OpenSmtpd
from postfix import Postfix
from submission import USERS

# What differs from one session to the next, wherever it came from.
CHANGING = (
    (r"\([^()]*TLS[\w.]+[^()]*\)|\btls TLS\w+", "TLS"),  # Exim's
    (r"\b(id|ID|queued as|msgid=|evpid=) ?[\w-]+", r"\1 ID"),
    (r"\w{3}, +\d+ \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}( \(\w+\))?", "DATE"),
    (r"port=\d+", "port=PORT"),
    (r"\]:\d+", "]:PORT"),
    (r"[\w.]+@(mx.real|pc).example(.com)?\b", "MESSAGE"),  # of the server, of smtp-source
)

LISTENER = """\
[[listener]]
name = "{name}"
listen = ["{address}:0"]
direction = "out"
auth_domain = "example.com"
starttls = "optional"
certificates = [{{ chain = "{chain}", key = "{key}" }}]
{settings}
"""


def listener(name, certificate, settings, address="127.0.0.1"):
    """One for submission; `settings` say what is behind it."""
    chain, key = certificate
    return LISTENER.format(name=name, address=address, chain=chain, key=key, settings=settings)


def without(patterns, text):
    for pattern, instead in patterns:
        text = re.sub(pattern, instead, text)
    return text


class Column:
    """A server, started in a folder with that certificate, to be stopped by what is given to
    `cleanup`. `direct` and `behind` are its ports
    for clients and for a front that says whose the session is in the way that
    `client_address` names; to who comes there by STARTTLS too, if it has that. `login` is a name
    and password that it takes, or nothing."""

    client_address = "proxy"
    direct = behind = server = None
    login = ()
    lines_of_session = ()  # patterns, of which the log has one each when a message is done with
    logs_ports = True
    changing = ()  # what else of a line of its log differs from one session to the next

    def log_of(self, text):
        """The lines of a session and of its message without what changes, in an order of ours."""
        lines = (without((*self.changing, *CHANGING), line) for line in text.splitlines())
        return sorted(line for line in lines if line)


MAIN = """\
inet_protocols = all
inet_interfaces = 127.0.0.1, ::1
message_size_limit = 104857600
smtpd_client_port_logging = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {socket}
smtpd_sasl_auth_enable = yes
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
smtpd_tls_cert_file = {chain}
smtpd_tls_key_file = {key}
mynetworks =
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_client_event_limit_exceptions = 127.0.0.0/8
transport_maps = inline:{{elsewhere.example=virtual:}}
"""
SERVICE = """\
127.0.0.1:{proxy} inet n - n - - smtpd
  -o smtpd_upstream_proxy_protocol=haproxy
[::1]:{direct} inet n - n - - smtpd
127.0.0.1:{direct} inet n - n - - smtpd
127.0.0.1:{xclient} inet n - n - - smtpd
  -o smtpd_authorized_xclient_hosts=127.0.0.1
  -o local_header_rewrite_clients=
"""


class PostfixColumn(Column):
    """With the logins of Dovecot."""

    name = "Postfix"
    main, service = MAIN, SERVICE
    login = tuple(USERS.items())[0]
    lines_of_session = (r"smtpd\[\d+\]: disconnect from", r": removed$")
    changing = (
        (r"^\w+ +\d+ [\d:]+ \S+ postfix/(anvil|master|postlog|scache|tlsmgr).*", ""),
        (r"^\w+ +\d+ [\d:]+ \S+ (postfix/\w+)\[\d+\]", r"\1"),
        (r": [0-9A-F]{6,}: ", ": ID: "),
        (r"(delays?|size)=[\d./]+", r"\1=N"),
        (r"bdat=\d+", "bdat=N"), (r" commands=.*", ""),  # the front makes chunks of its own
        (r"(TLS connection established).*", r"\1"),  # how is for the two ends of it to choose
    )

    def __init__(self, folder, chain, key, cleanup, users=USERS, slow=False):
        """`slow` as Dovecot has it."""
        self.dovecot = Dovecot(folder / "dovecot", users, slow=slow)
        cleanup(self.dovecot.stop)
        self.direct, self.behind, self.xclient = free_ports(3)
        self.server = Postfix(
            folder / "postfix", self.main.format(socket=self.dovecot.socket, chain=chain, key=key),
            self.service.format(direct=self.direct, proxy=self.behind, xclient=self.xclient))
        cleanup(self.server.stop)


class XclientColumn(PostfixColumn):
    """The same server told by XCLIENT. Its log has who connects, and that he said XCLIENT."""

    client_address = "xclient"
    changing = (
        *PostfixColumn.changing,
        (r".*: connect from.*", ""),
        (r"ehlo=3 xclient=0/1", "ehlo=2"),
        (r"ehlo=2 xclient=0/1", "ehlo=1"), (r"helo=1 ehlo=1 xclient=0/1", "helo=1"),
    )

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.behind = self.xclient


class EximColumn(Column):
    name = "Exim"
    login = tuple(USERS.items())[0]
    lines_of_session = (r"closed by QUIT", r"Completed")
    changing = (
        (r"^\S+ \S+ \[\d+\] ", ""),
        (r"\b\w{6}-\w{6}-\w{2}\b", "ID"),
        (r"^.*TCP/IP connection count.*", ""),
        (r"(DT|QT|RT|D|S)=[\d.]+s?", r"\1=N"),
        (r"\bX=\S+|SNI=\S+ ", ""),  # how is for the two ends of it to choose
        # The connection as it is, and that MAIL and RCPT come in one write (the dash: they do not).
        (r" PRX=\S+| I=\[[^]]*\]:\d+", ""), (r" L\.-?", ""),
    )

    def __init__(self, folder, chain, key, cleanup, users=USERS):
        self.server = Exim(folder / "exim", users, (chain, key))
        cleanup(self.server.stop)
        self.direct = self.behind = self.server.port


class OpenSmtpdColumn(Column):
    name = "OpenSMTPD"
    logs_ports = False
    lines_of_session = (r"smtp disconnected", r"mda delivery .* stat=Delivered")
    changing = ((r"^[0-9a-f]{16} ", ""), (r"size=\d+", "size=N"), (r"delay=\w+", "delay=N"),
                (r"^smtp event=proxy address=127.0.0.1", ""))

    def __init__(self, folder, _chain, _key, cleanup):
        self.server = OpenSmtpd(folder / "opensmtpd")
        cleanup(self.server.stop)
        self.direct, self.behind = self.server.direct, self.server.port
