"""A fail2ban of our own with the jails and filters that it and smtpblockd are shipped with: whom it
would ban it writes into a file, and no firewall hears of it. Configuration, socket and log in a folder of the
test."""

import shutil
import subprocess

from support import TOP, WITH_US, as_root, need, wait_until

SHIPPED = "/etc/fail2ban"
OURS = TOP / "daemon/fail2ban"
SERVER = """\
[Definition]
loglevel = INFO
logtarget = {folder}/log
socket = {folder}/socket
pidfile = {folder}/pid
dbfile = None
"""
# Read after what the test has in jail.d.
JAILS = """\
[DEFAULT]
banaction = note
backend = polling
usedns = no

[{jail}]
backend = polling
logpath = {watched}
"""
NOTE = """\
[Definition]
actionban = echo <ip> >> {folder}/banned
"""


def configuration(folder):
    """Makes that folder: /etc/fail2ban as it is once smtpblockd is installed."""
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("jail.d", "*.local"))
    shutil.copytree(OURS, folder, dirs_exist_ok=True)


class Fail2ban:
    """One jail, which watches that log, with `files` by the names that they have on a machine;
    `environment` is for what bans."""

    def __init__(self, folder, jail, watched, files, **environment):
        need("fail2ban-server")
        self.folder = folder
        folder.mkdir()
        configuration(self._etc())
        ours = {"fail2ban.local": SERVER, "action.d/note.conf": NOTE, "jail.d/zz.local": JAILS}
        for name, text in {**files, **{f"{SHIPPED}/{name}": text for name, text in ours.items()}}.items():
            path = self._etc() / name.removeprefix(SHIPPED + "/")
            path.parent.mkdir(exist_ok=True)
            for key, value in {"folder": folder, "jail": jail, "watched": watched}.items():
                text = text.replace("{" + key + "}", str(value))
            path.write_text(text)
        (folder / "banned").touch()
        with open(folder / "output", "w") as output:
            self.process = subprocess.Popen(
                [*WITH_US, *as_root("env", *(f"{key}={value}" for key, value in environment.items()),
                                    need("fail2ban-server"), "-f", "-c", str(self._etc()), "start")],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_until("fail2ban watches", self._watches)
        except AssertionError as silent:
            said = (folder / "output").read_text() + self.log()
            self.stop()
            raise AssertionError(f"{silent}\n{said}")

    def _etc(self):
        return self.folder / "etc"

    def _watches(self):
        if self.process.poll() is not None:
            raise AssertionError("fail2ban has ended")
        return "' started" in self.log()

    def log(self):
        return subprocess.run(as_root("cat", str(self.folder / "log")), text=True,
                              capture_output=True).stdout

    def found(self, address):
        """How many failures it has counted of that address."""
        return self.log().count(f"Found {address} ")

    def wait_found(self, address, number):
        wait_until(f"fail2ban has found {address}", lambda: self.found(address) >= number)

    def banned(self):
        return (self.folder / "banned").read_text().split()

    def wait_banned(self, *addresses):
        """Until these are banned, and nobody else."""
        wait_until(f"{addresses} are banned", lambda: len(self.banned()) >= len(addresses))
        if sorted(self.banned()) != sorted(addresses):
            raise AssertionError(f"banned are {self.banned()}")

    def stop(self):
        if self.process.poll() is None:
            subprocess.run(as_root(need("fail2ban-client"), "-c", str(self._etc()), "stop"),
                           capture_output=True, timeout=60)
        self.process.wait(60)
        subprocess.run(as_root("rm", "-rf", str(self.folder)), check=True)
