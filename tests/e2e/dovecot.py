"""A Dovecot of our own that does nothing but check logins, for a Postfix of our own: configuration,
sockets, users and log in a folder of the test. Its master is ours and ends with us."""

import base64
import hashlib
import hmac
import json
import subprocess
import time

from support import WITH_US, as_root, need, wait_until

TOKEN_KEY = b"the key that signs the tokens of the tests"

# Without the delay, which would make each wrong password wait for seconds. The log has what each
# login was tried with, so that a test can see what reached Dovecot.
SETTINGS = """\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols =
ssl = no
auth_verbose = yes
auth_verbose_passwords = plain
auth_debug = yes
auth_debug_passwords = yes
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = scheme=plain username_format=%u {folder}/users
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
"""
MECHANISMS = "plain login cram-md5 scram-sha-1 scram-sha-256 xoauth2 oauthbearer"
# The penalty, which adds to the delay, is off too.
NO_PENALTY = """\
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
"""
# Where Postfix asks.
SOCKET = """\
auth_mechanisms = {mechanisms}
service auth {{
  unix_listener {socket} {{
    mode = 0666
  }}
}}
"""
AS_IT_COMES = "auth_failure_delay = 2 secs\n"
# What a user's fields say is forgotten with the failure of their lookup: PLAIN and LOGIN would wait
# for the next look at the failures, twice a second, if `nodelay` had not been set before.
AT_ONCE = """\
passdb {
  driver = static
  mechanisms = plain login
  args = nopassword=y nodelay=y
  result_success = continue-fail
}
"""
OAUTH2 = """\
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={folder}/keys/
"""


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def token(user, key=TOKEN_KEY):
    """A JSON Web Token (RFC 7519) that says who its bearer is, good for a day."""
    now = int(time.time())
    parts = ({"alg": "HS256", "typ": "JWT"},
             {"sub": user, "email": user, "iat": now - 60, "exp": now + 86400})
    signed = b".".join(base64url(json.dumps(part).encode()) for part in parts)
    return (signed + b"." + base64url(hmac.digest(key, signed, hashlib.sha256))).decode()


class Dovecot:
    """Knows `users`: passwords by name; and takes every token that `token` makes. `listener` are
    the settings of the mechanisms and of the socket; by default all of them, and `socket`. `fields`
    are the extra ones of each user. With `slow` a wrong password has the delay and the penalty that
    Dovecot comes with. `included`: texts by the names of files that its settings include."""

    def __init__(self, folder, users, listener=None, fields="nodelay=y", slow=False, included=None):
        need("dovecot")
        self.folder = folder
        self.socket = folder / "auth"
        (folder / "run").mkdir(parents=True)
        for name, text in (included or {}).items():
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(text)
        fields = "" if slow else fields
        (folder / "users").write_text(
            "".join(f"{user}:{password}::::::{fields}\n" for user, password in users.items()))
        (folder / "oauth2.conf").write_text(OAUTH2.format(folder=folder))
        key = folder / "keys/default/HS256/default"
        key.parent.mkdir(parents=True)
        key.write_bytes(base64.b64encode(TOKEN_KEY))
        listener = listener or (SOCKET.format(mechanisms=MECHANISMS, socket=self.socket)
                                + (AS_IT_COMES if slow else NO_PENALTY))
        (folder / "dovecot.conf").write_text(
            (AT_ONCE if fields else "") + SETTINGS.format(folder=folder) + listener)
        self._process = subprocess.Popen(
            [*WITH_US, *as_root(*self._command("-F"))], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            wait_until("Dovecot listens", self._listens)
        except AssertionError as silent:
            self.stop()
            raise AssertionError(f"{silent}\n{self._process.stdout.read()}{self.log()}")

    def _command(self, *words):
        return [need("dovecot"), "-c", str(self.folder / "dovecot.conf"), *words]

    def _listens(self):
        if self._process.poll() is not None:
            raise AssertionError("Dovecot has ended")
        return "Dovecot v" in self.log()

    def penalties(self):
        """The addresses that have to wait, as `doveadm penalty` shows them, each with how often its
        delay was doubled."""
        done = subprocess.run(as_root(need("doveadm"), "-c", str(self.folder / "dovecot.conf"),
                                      "penalty"), text=True, capture_output=True, check=True)
        listed = (line.split() for line in done.stdout.splitlines()[1:])
        return {address: int(penalty) for address, penalty, *_ in listed if penalty != "0"}

    def knows(self, user, password, service):
        """Whether `doveadm auth test` logs in."""
        done = subprocess.run(as_root(need("doveadm"), "-c", str(self.folder / "dovecot.conf"), "auth",
                                      "test", "-x", f"service={service}", user, password),
                              text=True, capture_output=True)
        return "auth succeeded" in done.stdout

    def log(self):
        """Everything said so far; each line has been written when the client was answered."""
        return subprocess.run(as_root("cat", str(self.folder / "log")), text=True, errors="replace",
                              capture_output=True).stdout

    def stop(self):
        # `dovecot stop` takes three seconds to see what it did.
        master = self.folder / "run/master.pid"
        if master.exists():
            subprocess.run(as_root("kill", master.read_text().strip()), capture_output=True)
        self._process.wait(60)
        # What root owns there is not ours to remove otherwise.
        subprocess.run(as_root("rm", "-r", str(self.folder / "run"), str(self.folder / "log")),
                       check=True)
