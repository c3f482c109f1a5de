"""What every end-to-end test starts from: a store, the CLI, a running daemon, and waiting for what
must happen. Each test has a folder of its own; all that it started is stopped by its pid."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from service_manager import passing

TOP = pathlib.Path(__file__).resolve().parents[2]
CLI = os.environ.get("SMTPBLOCK_TEST_CLI", str(TOP / "build/cli/smtpblock"))
DAEMON = os.environ.get("SMTPBLOCK_TEST_DAEMON", str(TOP / "build/daemon/smtpblockd"))
LONG = "SMTPBLOCK_LONG" in os.environ
PATIENCE = 30  # seconds for what must happen; only a failure takes that long

# What would lead the programs to another store or to colours.
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if not name.startswith("SMTPBLOCK_") and name != "NO_COLOR"}
# The kernel ends what we start when this process ends, however it ends.
WITH_US = ["setpriv", "--pdeathsig", "KILL"]


def wait_until(what, holds, seconds=PATIENCE):
    """Returns what holds() returns once that is true; fails after the deadline."""
    deadline = time.monotonic() + seconds
    tick = threading.Event()
    while not (found := holds()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        tick.wait(0.01)
    return found


def need(program):
    """The path of a program without which the test cannot be run."""
    found = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not found:
        raise AssertionError(f"{program} is missing; `sh tests/run.sh` installs it")
    return found


def as_root(*command):
    """The command as root runs it: real mail servers are started by root alone."""
    return [*([] if os.geteuid() == 0 else ["sudo", "-n"]), *command]


def go_on_as_root():
    """A test that only root can run is begun again by root, where this is not root."""
    if os.geteuid() == 0:
        return
    told = [f"{name}={value}" for name, value in os.environ.items()
            if name.startswith("SMTPBLOCK_")]
    again = as_root("env", *told, sys.executable, "-B", *sys.argv)
    os.execvp(again[0], again)


class Store:
    """A store and the commands on it."""

    def __init__(self, path):
        self.path = str(path)

    def run(self, *arguments, status=0, stdin=""):
        """Runs `smtpblock ARGUMENTS`, which must end with that status."""
        done = subprocess.run([CLI, "--store", self.path, *arguments], input=stdin, text=True,
                              capture_output=True, timeout=60, env=ENVIRONMENT)
        if done.returncode != status:
            raise AssertionError(f"smtpblock {' '.join(arguments)}: exit {done.returncode}, not "
                                 f"{status}\n{done.stdout}{done.stderr}")
        return done

    def init(self):
        self.run("init")
        return self

    def add(self, pattern, *options):
        self.run("add", *options, "--", pattern)

    def delete(self, pattern, *options):
        self.run("delete", *options, "--", pattern)


class Daemon:
    """A smtpblockd: `ports` holds those it listens on, in the order in which it said so, and
    `log` the lines of its standard error. `within`: a command that ends as the one that it is
    given."""

    def __init__(self, *arguments, listeners=1, user=None, program=DAEMON, within=(), pass_fds=(),
                 environment=None):
        as_user = ["--reuid", user, "--regid", user, "--clear-groups"] if user else []
        self.log = []
        self.ports = []
        self.killed = False
        self._said = threading.Condition()
        self._ended = False
        self.process = subprocess.Popen([*WITH_US, *as_user, *within, program, *arguments],
                                        text=True, stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, errors="replace",
                                        env=ENVIRONMENT | (environment or {}), pass_fds=pass_fds)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        for _ in range(listeners):
            line = self.wait_log(r"^listen .*address=\S+:\d+", skip=len(self.ports))
            self.ports.append(int(re.search(r"address=\S+:(\d+)", line)[1]))

    @property
    def port(self):
        return self.ports[0]

    @property
    def pid(self):
        return self.process.pid

    def _read(self):
        for line in self.process.stderr:
            with self._said:
                self.log.append(line.rstrip("\n"))
                self._said.notify_all()
        with self._said:
            self._ended = True
            self._said.notify_all()

    def wait_log(self, pattern, skip=0, seconds=PATIENCE):
        """The first line, or after `skip` the next one, that the pattern is found in."""
        def matching():
            return [line for line in self.log if re.search(pattern, line)][skip:]
        with self._said:
            self._said.wait_for(lambda: matching() or self._ended, seconds)
            if found := matching():
                return found[0]
            raise AssertionError(f"the log never said {pattern}:\n" + "\n".join(self.log))

    def wait_end(self, seconds=PATIENCE):
        """The exit status, once it has ended by itself."""
        status = self.process.wait(seconds)
        self._reader.join(seconds)
        self.process.stderr.close()
        return status

    def kill(self):
        """SIGKILL: nobody is asked."""
        self.process.kill()
        self.wait_end()
        self.killed = True

    def stop(self):
        """Ends it as an administrator does; it must leave in peace."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("smtpblockd does not end on SIGTERM:\n" + "\n".join(self.log))
        status = self.wait_end()
        if (status != 0 and not self.killed) or any("Sanitizer" in line for line in self.log):
            raise AssertionError(f"smtpblockd ended with {status}:\n" + "\n".join(self.log))


def hash_of(password):
    """As `[users]` has it."""
    return subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=password, text=True,
                          capture_output=True, check=True).stdout.strip()


def new_folder(name):
    """Readable by others, for what runs as another user."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"smtpblock-{name}-"))
    folder.chmod(0o755)
    return folder


class TestCase(unittest.TestCase):
    """A test with a folder, a store in it, and daemons that end with it."""

    @classmethod
    def class_folder(cls, name):
        """One for all tests of the class, which goes with the last of them."""
        folder = new_folder(name)
        cls.addClassCleanup(shutil.rmtree, folder)
        return folder

    def setUp(self):
        self.folder = new_folder("test")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.store = Store(self.folder / "store").init()

    def daemon(self, *arguments, upstream=None, store=None, **options):
        """A daemon on this test's store, by default with one incoming listener."""
        if not arguments:
            arguments = ("--listen", "in:127.0.0.1:0")
        if upstream:
            arguments += ("--upstream", upstream)
        started = Daemon("--store", (store or self.store).path, *arguments, **options)
        self.addCleanup(started.stop)
        return started

    def configured(self, toml, **options):
        """A daemon with that configuration."""
        path = self.folder / "smtpblock.toml"
        path.write_text(toml)
        return self.daemon("--config", str(path), **options)

    def check_config(self, toml):
        """What --check-config says of that configuration."""
        path = self.folder / "smtpblock.toml"
        path.write_text(toml)
        return subprocess.run([DAEMON, "--store", self.store.path, "--config", str(path),
                               "--check-config"], text=True, capture_output=True, timeout=60,
                              env=ENVIRONMENT)

    def activated(self, names, sockets):
        """A daemon started as systemd does, with `sockets` as descriptors 3 and on."""
        return Daemon("--store", self.store.path, "--config", str(self.folder / "smtpblock.toml"),
                      listeners=0, **passing(names, sockets))

    def before_a_maildir(self, user, password):
        """A daemon whose listener `submission` lets that account in and has a mailbox behind it."""
        return self.configured(f'''
[users]
"{user}" = "{hash_of(password)}"
[[listener]]
name = "submission"
direction = "out"
listen = ["127.0.0.1:0"]
upstream = ["maildir:{self.folder / 'mail'}"]
''')
