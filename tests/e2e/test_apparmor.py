"""The AppArmor profile: the parser takes it, it is in complain mode, and it allows what strace(1) sees
a daemon open that does the main job."""

import pathlib
import re
import signal
import ssl
import subprocess
import unittest

from certificates import Authority
from support import DAEMON, TOP, Daemon, TestCase, hash_of, need, wait_until
from tls_client import TlsClient

PROFILE = TOP / "daemon/apparmor/usr.sbin.smtpblockd"
BOB, PASSWORD = "bob@example.com", "secret"
# What the sanitizers look for in a test's build.
OF_THE_SANITIZERS = re.compile(r"/proc/self/(maps|exe|cmdline|environ|task.*)|/usr/bin/.*symbolizer")
CALL = re.compile(r'^(?:\d+ +)?(\w+)\((?:AT_FDCWD, )?"([^"]+)"(.*)\) += (\d+)')


def parser(*words, text=None):
    return subprocess.run([need("apparmor_parser"), *map(str, words)], input=text, text=True,
                          capture_output=True, timeout=60)


def regex_of(glob):
    """A path of apparmor.d(5) as a regular expression."""
    tokens = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|"}
    parts = re.findall(r"\*\*|\[[^]]*\]|.", glob)
    return "".join(part if part.startswith("[") else tokens.get(part, re.escape(part))
                   for part in parts)


class Rules:
    """The rules for files of a profile with all that it includes."""

    def __init__(self, text):
        variables = {}
        for name, values in re.findall(r"^(@\{\w+\})\s*\+?=\s*(.*)$", text, re.M):
            variables.setdefault(name, []).extend(values.replace('"', "").split())
        self._allowed = []
        for path, letters in re.findall(r"^\s*(?:owner\s+)?((?:/|@\{)\S*)\s+([a-zA-Z]+),", text, re.M):
            while name := re.search(r"(@\{\w+\})(/?)", path):
                values = variables[name[1]]
                if name[2]:  # of two slashes AppArmor makes one
                    values = [value.rstrip("/") for value in values]
                path = path.replace(name[0], "{" + ",".join(values) + "}" + name[2])
            self._allowed.append((re.compile(regex_of(path)), letters))

    def allow(self, path, letter):
        return any(letter in letters and rule.fullmatch(path) for rule, letters in self._allowed)


def opened(trace):
    """Each path that a call got at, and whether for reading or writing."""
    seen = set()
    for line in trace.splitlines():
        if not (call := CALL.match(line)):
            continue
        name, path, rest, _ = call.groups()
        if name in ("open", "openat"):
            if "O_PATH" in rest or not path.startswith("/"):
                continue
            if pathlib.Path(path).is_dir():
                path = path.rstrip("/") + "/"
            if "O_WRONLY" not in rest:
                seen.add((path, "r"))
            if "O_WRONLY" in rest or "O_RDWR" in rest or "O_CREAT" in rest:
                seen.add((path, "w"))
        elif re.match(r"mkdir|rename|unlink|link|chmod|fchmodat|chown|rmdir|truncate|utime", name):
            seen.update((each, "w") for each in [path, *re.findall(r'"(/[^"]+)"', rest)])
    return seen


class AppArmor(TestCase):
    def test_the_parser_takes_it(self):
        done = parser("--skip-kernel-load", "--skip-cache", PROFILE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("rror", done.stderr.replace("interface file missing", ""))
        names = parser("--names", PROFILE).stdout.split()
        self.assertEqual(names, ["smtpblockd"])
        self.assertRegex(PROFILE.read_text(), r"(?m)^profile smtpblockd /usr/sbin/smtpblockd "
                                              r"flags=\(.*\bcomplain\b.*\) \{$")
        self.assertIn("include if exists <local/usr.sbin.smtpblockd>", PROFILE.read_text())

    def rules(self, text=None):
        """Of the profile as if this test's files were where they are in service."""
        text = text or PROFILE.read_text()
        here = {"/var/lib/smtpblock": self.store.path, "/etc/smtpblock": f"{self.folder}/etc",
                "/usr/sbin/smtpblockd": DAEMON}
        for place, ours in here.items():
            text = text.replace(place, ours)
        path = self.folder / "profile"
        path.write_text(text)
        done = parser("--preprocess", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        return Rules(done.stdout)

    def main_job(self, trace):
        """TLS, a login, mail into the Maildir, a block and what it counts, a reload, the end."""
        etc = self.folder / "etc"
        etc.mkdir()
        authority = Authority(self.folder)
        chain, key = authority.issue("mx.example.org")
        for source, name in ((chain, "chain.pem"), (key, "key.pem")):
            (etc / name).write_bytes(source.read_bytes())
        (etc / "smtpblock.toml").write_text(f"""
store = "{self.store.path}"
[users]
"{BOB}" = "{hash_of(PASSWORD)}"
[[listener]]
listen = "127.0.0.1:0"
direction = "out"
tls = true
certificates = [{{ chain = "{etc}/chain.pem", key = "{etc}/key.pem" }}]
[[listener]]
listen = "127.0.0.1:0"
upstream = "smtp://localhost:1"
client_address = "none"
""")
        front = Daemon("ASAN_OPTIONS=detect_leaks=0", need("strace"), "--daemonize", "-f", "-s", "512",
                       "-e", "trace=%file", "-o", str(trace), DAEMON, "--config",
                       str(etc / "smtpblock.toml"), program=need("env"), listeners=2)
        self.addCleanup(front.stop)
        with TlsClient(front.port, ssl.create_default_context(cafile=authority.ca)) as client:
            client.ehlo()
            self.assertEqual(client.auth_plain(BOB, PASSWORD).code, 235)
            self.assertEqual(client.message(BOB, "someone@example.org").code, 250)
            self.store.add(BOB)
            client.mail(BOB)
            self.assertEqual(client.rcpt("someone@example.org").code // 100, 5)
        front.process.send_signal(signal.SIGHUP)
        front.wait_log("^signal|SIGHUP")
        front.stop()
        wait_until("strace has written all", lambda: "+++ exited with 0 +++" in trace.read_text())

    def test_what_the_daemon_opens(self):
        trace = self.folder / "trace"
        self.main_job(trace)
        seen = {(path, letter) for path, letter in opened(trace.read_text())
                if not OF_THE_SANITIZERS.fullmatch(path)}
        rules = self.rules()
        self.assertEqual([f"{path} {letter}" for path, letter in sorted(seen)
                          if not rules.allow(path, letter)], [])
        # It has seen them, and would tell.
        for path, letter in ((f"{self.store.path}/rules/lock.mdb", "w"), (f"{self.folder}/etc/key.pem", "r"),
                             (f"{self.store.path}/seen/data.mdb", "w"), ("/etc/hosts", "r")):
            self.assertIn((path, letter), seen)
        self.assertFalse(any(path.endswith("rules/data.mdb") and letter == "w" for path, letter in seen))
        for path, letter in ((f"{self.store.path}/rules/data.mdb", "w"), ("/etc/shadow", "r"),
                             (f"{self.folder}/etc/key.pem", "w"), ("/root/x", "r")):
            self.assertFalse(rules.allow(path, letter), path)


if __name__ == "__main__":
    unittest.main()
