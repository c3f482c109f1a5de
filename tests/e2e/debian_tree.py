"""A bare Debian 12 of a test's own: to install the package in, and to boot with systemd.

    tree = DebianTree.of(self)                  # of a unittest.TestCase: it goes with the test
    tree.copy(package, "root")                  # a file of ours, into its /root
    tree.download("./smtpblock_*.deb", "postfix")  # what apt will install later without a network
    with tree.boot() as machine:                # systemd is up when this goes on
        machine.run("apt install -y ./smtpblock_*.deb")  # by sh -e, as root, in /root
        said = machine.run("systemctl is-active smtpblockd", status=3)
        client = subprocess.Popen(machine.in_network("python3", "client.py"))

run() gives what was said on both outputs, and fails when the end is not `status`. The machine has a
network of its own, with nothing in it but loopback: a program of ours that is started in that
network reaches its ports, and two tests can both have a port 25. Files are kept when it is switched
off, so that the same tree can be booted again.

The tree is what mmdebstrap(1) makes of the packages that every Debian has, systemd and dbus, from
where apt looks for them (100 s); it is kept for other tests of this user under the temporary
folder, and so is what download() fetched. It needs root, or sudo without a password, and
systemd-nspawn(1): every mount is in a namespace of the machine's own and ends with it."""

import contextlib
import fcntl
import os
import pathlib
import re
import shlex
import socket
import subprocess
import tempfile

from support import PATIENCE, WITH_US, as_root, need

KEPT = pathlib.Path(tempfile.gettempdir()) / f"smtpblock-debian-12-{os.geteuid()}"
PACKAGES = "systemd,systemd-sysv,dbus"
ARCHIVES = "var/cache/apt/archives"
# What a person has after `su -`, less the questions.
SHELL = ["env", "-i", "HOME=/root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", "TERM=dumb",
         "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
         "sh", "-ec", 'cd /root; eval "$1"', "sh"]


def output(*command, status=0, seconds=300, **options):
    """Runs it, which must end with that status; what it said on both outputs."""
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=seconds, errors="replace",
                          **({"stdin": subprocess.DEVNULL} | options))
    if done.returncode != status:
        raise AssertionError(f"{shlex.join(map(str, command))}: exit {done.returncode}, not "
                             f"{status}\n{done.stdout}")
    return done.stdout


@contextlib.contextmanager
def kept():
    """The folder of what is kept between tests, for one of them at a time."""
    KEPT.mkdir(mode=0o700, exist_ok=True)
    found = KEPT.lstat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o77 or KEPT.is_symlink():
        raise AssertionError(f"{KEPT} is there, and not a folder that is ours alone")
    with open(KEPT / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield KEPT


def in_own_mounts(*command):
    """As root, where nothing that is mounted is seen outside nor outlives the command. What
    systemd-nspawn leaves under /run for each machine goes with it too."""
    own = 'mkdir -p /run/systemd/nspawn; mount -t tmpfs tmpfs /run/systemd/nspawn; exec "$@"'
    # A new user would forget with whom it is to end: that comes after sudo.
    return as_root(need("setpriv"), *WITH_US[1:], "unshare", "--mount", "sh", "-ec", own, "sh",
                   *command)


class DebianTree:
    """The tree `path`, a new one."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.mkdir()
        with kept() as folder:
            packed = folder / "tree.tar"
            if not packed.exists():
                part = packed.with_suffix(".part")
                output(*in_own_mounts(
                    need("mmdebstrap"), "--quiet", "--variant=minbase", f"--include={PACKAGES}",
                    "--skip=cleanup/apt/lists", "--dpkgopt=force-unsafe-io", "--format=tar",
                    "bookworm", str(part)), seconds=900)
                part.rename(packed)
        output(*as_root("tar", "-C", str(self.path), "--numeric-owner", "-xpf", str(packed)))

    @classmethod
    def of(cls, test):
        """A tree that goes when that test ends."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="smtpblock-debian-"))
        test.addCleanup(output, *as_root("rm", "-r", "--one-file-system", str(folder)))
        return cls(folder / "tree")

    def copy(self, file, folder):
        """Puts a file of ours there, as root's."""
        output(*as_root("install", "-D", "-m", "644", "-t", str(self.path / folder), str(file)))

    def write(self, name, text):
        """Makes or replaces a file, as root's."""
        path = self.path / name.lstrip("/")
        output(*as_root("mkdir", "-p", str(path.parent)))
        output(*as_root("tee", str(path)), stdin=None, input=text)

    def run(self, script, status=0, seconds=300):
        """What the script says: not booted, with the network of this machine."""
        return output(*in_own_mounts(*self._nspawn("--pipe"), *SHELL, script), status=status,
                      seconds=seconds)

    def download(self, *packages):
        """Fetches these and what they depend on, as apt-get takes them: names, or files in the
        tree's /root. apt will not ask for them again."""
        archives = self.path / ARCHIVES
        with kept() as folder:
            pool = folder / "archives"
            pool.mkdir(exist_ok=True)
            output(*as_root("cp", "-r", "--preserve=timestamps", f"{pool}/.", str(archives)))
            # Without a network the lists that are here may do. Globs are the shell's.
            self.run("apt-get -qq update || :\napt-get -qq -y --download-only install "
                     + " ".join(packages))
            for fetched in archives.glob("*.deb"):
                if not (pool / fetched.name).exists():
                    output(*as_root("cp", "--preserve=timestamps", str(fetched), str(pool)))

    @contextlib.contextmanager
    def boot(self):
        """The machine, once systemd has started what it starts; it is switched off at the end."""
        machine = Machine(self._nspawn("--boot", "--private-network", "--notify-ready=yes",
                                       "--console=pipe"), self.path.with_suffix(".console"))
        try:
            machine.wait_ready()
            yield machine
        finally:
            machine.stop()

    def _nspawn(self, *options):
        # Registered nowhere and in no unit of its own: this machine need not run systemd.
        return [need("systemd-nspawn"), "--quiet", f"--directory={self.path}",
                f"--machine=smtpblock-{os.getpid()}-{self.path.stat().st_ino}", "--register=no",
                "--keep-unit", *options]


class Machine:
    """A tree that systemd runs in. `console` is the file with what it says while it boots."""

    def __init__(self, command, console):
        self.console = console
        self.leader = None
        name = console.with_suffix(".told")
        name.unlink(missing_ok=True)
        self._told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._told.settimeout(PATIENCE)
        self._told.bind(str(name))
        with open(console, "w") as said:
            self.process = subprocess.Popen(
                in_own_mounts("env", f"NOTIFY_SOCKET={name}", *command),
                stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)

    def wait_ready(self):
        """Until its first process says so, by sd_notify(3); systemd-nspawn says which one it is."""
        while True:
            try:
                lines = self._told.recv(4096).decode().splitlines()
            except TimeoutError:
                raise AssertionError(f"it does not boot:\n{self.said()}") from None
            for line in lines:
                if found := re.fullmatch(r"X_NSPAWN_LEADER_PID=(\d+)", line):
                    self.leader = found[1]
            if "READY=1" in lines:
                # It goes on to tell how it is. Were that not read, it would wait for us in the end.
                self._told.close()
                return

    def said(self):
        return self.console.read_text(errors="replace")

    def run(self, script, status=0, seconds=300):
        """What the script says, run as root by sh -e, in /root."""
        return output(*self._enter("--all"), *SHELL, script, status=status, seconds=seconds)

    def in_network(self, *command):
        """The command that runs this one of our programs in the machine's network."""
        return [*self._enter("--net"), *command]

    def _enter(self, *namespaces):
        return as_root(need("nsenter"), f"--target={self.leader}", *namespaces, "--")

    def stop(self):
        """Switches it off, as a person does; it must end."""
        self._told.close()
        if self.leader and self.process.poll() is None:
            self.run("systemctl poweroff")
        try:
            self.process.wait(PATIENCE if self.leader else 0)
        except subprocess.TimeoutExpired:
            output(*as_root("kill", "-KILL", self.leader or str(self.process.pid)))
            self.process.wait(PATIENCE)
            raise AssertionError(f"it does not end:\n{self.said()}") from None
