"""Mail servers whose packages apt would put in the place of Postfix's: fetched by apt-get, and
unpacked into a root of their own in a folder of the test. There they are run by chroot(8), so that
they find their configuration, users, spool and log where they were built to look for them, and
nothing of the machine's own is touched. Their network is the machine's."""

import fcntl
import pathlib
import re
import shutil
import subprocess

from support import TOP, WITH_US, as_root, need, wait_until

FETCHED = TOP / "build/packages"


def output(*command, **options):
    done = subprocess.run(command, text=True, capture_output=True, timeout=600, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}")
    return done.stdout


def installed(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", package], text=True,
                          capture_output=True)
    return done.stdout.startswith("installed")


def fetch(package):
    """The files of the package and of the libraries that it needs and this machine has not."""
    FETCHED.mkdir(parents=True, exist_ok=True)
    with open(FETCHED / "lock", "w") as lock:  # tests run side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        listed = FETCHED / f"{package}.list"
        if not listed.exists():
            wanted = [package]
            for one in wanted:  # which grows meanwhile
                depends = output("apt-cache", "depends", one)
                wanted += [name for name in re.findall(r"Depends: (lib\S+)", depends)
                           if name not in wanted and not installed(name)]
            output("apt-get", "-qq", "download", *wanted, cwd=FETCHED)
            listed.write_text("\n".join(wanted))
        return [next(FETCHED.glob(f"{name}_*.deb")) for name in listed.read_text().split()]


class Root:
    """The root directory `folder` with these packages in it, and with all the libraries of the
    programs named. `users` are the lines of its passwd; each has a group of its own."""

    def __init__(self, folder, packages, programs, users):
        self.folder = pathlib.Path(folder)
        self.output = self.folder.with_suffix(".output")
        for name in ("dev", "etc", "run", "tmp", "var", "usr/lib", "usr/bin", "usr/sbin"):
            (self.folder / name).mkdir(parents=True)
        for package in packages:
            for file in fetch(package):
                output("dpkg-deb", "-x", file, self.folder)
        # Without the right to make a device: what reads it gets nothing, as from the true one.
        self.write("dev/null", "").chmod(0o666)
        self.write("etc/passwd", "root:x:0:0::/:/bin/sh\n" + users)
        self.write("etc/group", "root:x:0:\n" + re.sub(r"^(\w[\w-]*):x:\d+:(\d+):.*$", r"\1:x:\2:",
                                                      users, flags=re.M))
        self.write("etc/services", "smtp 25/tcp\n")
        shutil.copy("/etc/hosts", self.folder / "etc")
        (self.folder / "tmp").chmod(0o1777)
        for program in ("/bin/sh", need("setpriv")):
            self._copy(program)
        for program in (*programs, "/bin/sh", need("setpriv")):
            self._copy_libraries(self.folder / program.lstrip("/"))

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def give(self, owner, *names):
        """Gives files and directories, which are made when missing, to that user and group."""
        for name in names:
            if not (self.folder / name).exists():
                (self.folder / name).mkdir(parents=True)
        subprocess.run(as_root("chown", "-R", owner, *(str(self.folder / name) for name in names)),
                       check=True)

    def _copy(self, name):
        path = self.folder / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            shutil.copy(name, path)

    def _copy_libraries(self, program):
        inside = {str(path.parent) for path in self.folder.rglob("*.so.*")}
        needed = output("ldd", program, env={"LD_LIBRARY_PATH": ":".join(inside)})
        if missing := re.findall(r"^\s*(\S+) => not found", needed, re.M):
            raise AssertionError(f"{program}: no package brings {', '.join(missing)}")
        for library in re.findall(r"(/\S+) \(0x", needed):
            if not library.startswith(str(self.folder)):
                self._copy(library)

    def start(self, *command, user=None):
        """Runs it inside, by default as root; it ends with us. What it says goes to `output`."""
        as_user = ["--reuid", str(user), "--regid", str(user), "--clear-groups"] if user else []
        with open(self.output, "w") as output:
            # A new user would forget with whom it is to end: that comes last.
            return subprocess.Popen(
                as_root("chroot", str(self.folder), need("setpriv"), *as_user, *WITH_US[1:],
                        *command),
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)

    def remove(self):
        """What others than us own there is not ours to remove otherwise."""
        subprocess.run(as_root("rm", "-r", str(self.folder)), check=True)
