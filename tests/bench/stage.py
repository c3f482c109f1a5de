"""A front, and a real server behind it or what stands for one: for clients from many addresses, and
for an AUTH that is always asked upstream."""

import contextlib
import multiprocessing
import pathlib
import shutil
import ssl
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from certificates import Authority  # noqa: E402
from client import Client, Closed  # noqa: E402
from fake_upstream import FakeUpstream  # noqa: E402
from postfix import free_ports  # noqa: E402
from servers import MAIN, EximColumn, PostfixColumn, XclientColumn  # noqa: E402
from support import DAEMON, ENVIRONMENT, WITH_US, Store, hash_of, new_folder  # noqa: E402
from support import wait_until  # noqa: E402
from tls_client import TlsClient  # noqa: E402

# All of one length. BARRED has a rule, and so has BARRED_NAME.
OPEN, OTHER, BARRED = "anna@example.com", "ella@example.com", "otto@example.com"
RIGHT, WRONG = "correct horse", "mistook horse"
USERS = dict.fromkeys((OPEN, OTHER, BARRED), RIGHT)
NAME, BARRED_NAME = "client.example.net", "barred.example.net"
FIXED_DELAY = 0.15  # seconds, of what stands for a server

# No address of a client is asked the DNS about; each session may have a process.
QUIET = """\
smtpd_peername_lookup = no
default_process_limit = 300
"""
FRONT = """\
{users}
[limits]
sessions_per_client = 10000
[[listener]]
listen = ["127.0.0.1:{port}"]
direction = "out"
auth_domain = "example.com"
upstream = "{upstream}"
{client_address}
proxy_from = ["127.0.0.1"]
auth_without_tls = true
auth_failure = "{auth_failure}"
auth_upstream_max = 0
starttls = "optional"
certificates = [{{ chain = "{chain}", key = "{key}" }}]
"""


class QuietPostfix(PostfixColumn):
    main = MAIN + QUIET


class QuietXclient(XclientColumn):
    main = MAIN + QUIET


def serve_with_delay(ready):
    """In a process of its own, for ever: a server that takes FIXED_DELAY to refuse a login."""
    def answer(verb, _):
        if verb == "AUTH":
            time.sleep(FIXED_DELAY)
    ready.send(FakeUpstream(USERS, answer).spec)
    ready.recv()


class Stage:
    """`behind` is "postfix", "slow postfix" (with the delay and the penalty of Dovecot), "xclient",
    "exim", "maildir" or "fake" (a wrong password takes FIXED_DELAY). To be used by `with`."""

    def __init__(self, behind, auth_failure="upstream"):
        self._stack = contextlib.ExitStack()
        try:
            self._start(behind, auth_failure)
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _start(self, behind, auth_failure):
        folder = new_folder("bench")
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        authority = Authority(folder)
        chain, key = authority.issue("127.0.0.1")
        self.context = ssl.create_default_context(cafile=authority.ca)
        upstream, way = self._start_behind(behind, folder, chain, key)
        users = ""
        if behind == "maildir":
            users = "[users]\n" + "".join(f'"{user}" = "{hash_of(password)}"\n'
                                          for user, password in USERS.items())
        self.port, = free_ports(1)
        configuration = folder / "smtpblock.toml"
        configuration.write_text(FRONT.format(
            port=self.port, users=users, upstream=upstream, auth_failure=auth_failure,
            client_address=way and f'client_address = "{way}"', chain=chain, key=key))
        store = Store(folder / "store").init()
        store.add(BARRED)
        store.add(BARRED_NAME, "--type", "ehlo")
        # Not to a pipe: whoever reads that beside the clients would be one more that they wait for.
        self.log = folder / "front.log"
        with self.log.open("w") as log:
            process = subprocess.Popen(
                [*WITH_US, DAEMON, "--store", store.path, "--config", str(configuration)],
                stdin=subprocess.DEVNULL, stderr=log, env=ENVIRONMENT)
        self._stack.callback(process.wait, 60)
        self._stack.callback(process.terminate)

        def greets():
            if process.poll() is not None:
                raise AssertionError(self.log.read_text())
            try:
                self.client("192.0.2.1").close()
                return True
            except (OSError, Closed):
                return False
        wait_until("the front greets", greets)

    def _start_behind(self, behind, folder, chain, key):
        """As `upstream` and `client_address` have it."""
        if behind == "maildir":
            return f"maildir:{folder / 'mail'}", ""
        if behind == "fake":
            ready, theirs = multiprocessing.Pipe()
            process = multiprocessing.Process(target=serve_with_delay, args=(theirs,), daemon=True)
            process.start()
            self._stack.callback(process.join, 60)
            self._stack.callback(ready.send, None)
            return ready.recv(), "none"
        column, options = {
            "postfix": (QuietPostfix, {}), "slow postfix": (QuietPostfix, {"slow": True}),
            "xclient": (QuietXclient, {}), "exim": (EximColumn, {})}[behind]
        server = column(folder, chain, key, self._stack.callback, users=USERS, **options)
        return f"smtp://127.0.0.1:{server.behind}", server.client_address

    def client(self, address, starttls=False):
        """One that comes from there; with `starttls` it can say so, and mean it."""
        header = f"PROXY TCP4 {address} 127.0.0.1 40000 587\r\n".encode()
        if starttls:
            return TlsClient(self.port, self.context, "127.0.0.1", implicit=False, first=header)
        return Client(self.port, first=header)
