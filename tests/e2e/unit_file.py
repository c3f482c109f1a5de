"""What a systemd unit of ours says, and which system calls its SystemCallFilter= lets through."""

import pathlib
import subprocess

from support import TOP, need

UNITS = TOP / "daemon/service"


class UnitFile:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.lines = [tuple(line.split("=", 1)) for line in self.path.read_text().splitlines()
                      if "=" in line and line[0] not in "#;["]

    def values(self, key):
        """All that stands behind that key, in order."""
        return [value for name, value in self.lines if name == key]

    def value(self, key):
        value, = self.values(key)
        return value

    def is_on(self, key):
        return self.values(key) == ["yes"]

    def system_calls(self):
        """Those that are let through, by name: each line of the filter adds to the one before it,
        or with ~ takes away (systemd.exec(5))."""
        allowed = set()
        for line in self.values("SystemCallFilter"):
            names = expanded(line.removeprefix("~").split())
            allowed = allowed - names if line.startswith("~") else allowed | names
        # What it takes to start a program goes without saying, as systemd has it.
        return allowed | expanded(["@default"])


def expanded(names):
    """The names without groups, which are what this machine's systemd takes them for."""
    out = set()
    for name in names:
        if not name.startswith("@"):
            out.add(name)
            continue
        said = subprocess.run([need("systemd-analyze"), "--no-pager", "syscall-filter", name],
                              capture_output=True, text=True, check=True, timeout=60).stdout
        members = [line.strip() for line in said.splitlines()[1:]]
        out |= expanded([one for one in members if one and not one.startswith("#")])
    return out
