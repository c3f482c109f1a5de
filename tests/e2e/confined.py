"""Starts a program under the restrictions of a systemd unit, as far as they can be had without
systemd: `unshare --mount confined.py enter UNIT STORE USER GROUP PROGRAM [ARGUMENT...]`, by root.

In the mounts of its own everything is read-only but the unit's ReadWritePaths=, at which STORE
stands; it has the unit's capabilities and no others, no way to new privileges, and the filters of
SystemCallFilter=, RestrictAddressFamilies=, MemoryDenyWriteExecute= and RestrictSUIDSGID=."""

import ctypes
import errno
import mmap
import os
import pathlib
import resource
import socket
import stat
import subprocess
import sys

import seccomp

from support import need
from unit_file import UnitFile

MOUNT_SETATTR = 442  # the same number on every machine, and not in the C library of Debian 12
AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = -100, 0x8000, 1
SHM_EXEC = 0o100000
MOST_FAMILIES = 64  # AF_MAX is below

libc = ctypes.CDLL(None, use_errno=True)


class MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def mount(*words):
    subprocess.run([need("mount"), *map(str, words)], check=True, timeout=60)


def change_mounts(path, **attributes):
    """Those at and below that path."""
    change = MountAttributes(**attributes)
    if libc.syscall(MOUNT_SETATTR, AT_FDCWD, os.fsencode(path), AT_RECURSIVE,
                    ctypes.byref(change), ctypes.sizeof(change)) != 0:
        raise OSError(ctypes.get_errno(), "mount_setattr", str(path))


def hide(path, options="size=1m"):
    """Something empty in its place."""
    if pathlib.Path(path).is_dir():
        mount("-t", "tmpfs", "-o", options, "tmpfs", path)


def set_mounts(unit, store):
    """ProtectSystem=, ReadWritePaths=, ProtectHome=, PrivateDevices=, ProtectProc=, ProcSubset=."""
    assert unit.value("ProtectSystem") == "strict"
    writable = pathlib.Path(unit.value("ReadWritePaths").removeprefix("-"))
    hide(writable.parent)
    writable.mkdir()
    mount("--bind", store, writable)
    if unit.is_on("ProtectHome"):
        for path in ("/home", "/root", "/run/user"):
            hide(path)
    if unit.is_on("PrivateDevices"):
        # The files of another system than /dev's would be no devices there (nodev).
        devices = [(f"/dev/{name}", os.open(f"/dev/{name}", os.O_PATH))
                   for name in ("null", "zero", "full", "random", "urandom")]
        hide("/dev", "mode=755,size=1m")
        for path, old in devices:
            pathlib.Path(path).touch()
            mount("--bind", f"/proc/{os.getpid()}/fd/{old}", path)
            os.close(old)
    change_mounts("/", set=MOUNT_ATTR_RDONLY)
    change_mounts(writable, clear=MOUNT_ATTR_RDONLY)
    hidden = {"invisible": "hidepid=invisible", "pid": "subset=pid"}
    options = [hidden[unit.value(key)] for key in ("ProtectProc", "ProcSubset")]
    mount("-t", "proc", "-o", ",".join(["ro", *options]), "proc", "/proc")


def set_limits(unit):
    for key, number in (("LimitNOFILE", resource.RLIMIT_NOFILE),
                        ("LimitCORE", resource.RLIMIT_CORE)):
        # Root of a container may not raise what it has.
        value = int(unit.value(key))
        most = resource.getrlimit(number)[1]
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(number, (value, value))
    os.umask(int(unit.value("UMask"), 8))


def become(unit, user, group):
    """The command that goes on as that user, with the unit's capabilities and no others."""
    def only(key):
        names = unit.value(key).split()
        return ",".join(["-all", *("+" + one.removeprefix("CAP_").lower() for one in names)])
    assert unit.is_on("NoNewPrivileges")
    return [need("setpriv"), "--pdeathsig", "KILL", "--reuid", user, "--regid", group,
            "--clear-groups", "--no-new-privs", "--bounding-set", only("CapabilityBoundingSet"),
            "--inh-caps", only("AmbientCapabilities"),
            "--ambient-caps", only("AmbientCapabilities")]


def refuse(error, *rules):
    """A filter of its own, as systemd has it: whatever one refuses is refused."""
    filter_ = seccomp.SyscallFilter(seccomp.ALLOW)
    for call, *arguments in rules:
        filter_.add_rule(seccomp.ERRNO(error), call, *arguments)
    filter_.load()


def has(place, bits):
    """The argument there has all these bits set."""
    return seccomp.Arg(place, seccomp.MASKED_EQ, bits, bits)


def set_filters(unit, system_calls):
    families = {getattr(socket, one) for one in unit.value("RestrictAddressFamilies").split()}
    refuse(errno.EAFNOSUPPORT, ("socket", seccomp.Arg(0, seccomp.GE, MOST_FAMILIES)),
           *(("socket", seccomp.Arg(0, seccomp.EQ, family))
             for family in range(MOST_FAMILIES) if family not in families))
    if unit.is_on("MemoryDenyWriteExecute"):
        refuse(errno.EPERM, ("mmap", has(2, mmap.PROT_WRITE | mmap.PROT_EXEC)),
               ("mprotect", has(2, mmap.PROT_EXEC)), ("pkey_mprotect", has(2, mmap.PROT_EXEC)),
               ("shmat", has(2, SHM_EXEC)))
    if unit.is_on("RestrictSUIDSGID"):
        refuse(errno.EPERM, *((call, has(place, bit)) for bit in (stat.S_ISUID, stat.S_ISGID)
                              for call, place in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2),
                                                  ("mkdir", 1), ("mkdirat", 2), ("creat", 1))))
    assert unit.value("SystemCallErrorNumber") == "EPERM"
    allow = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for name in system_calls:
        try:
            allow.add_rule(seccomp.ALLOW, name)
        except RuntimeError:  # not of this machine's kind
            pass
    allow.load()


def enter(unit, store, user, group, *command):
    """By root, in new mounts."""
    unit = UnitFile(unit)
    set_limits(unit)
    system_calls = ",".join(sorted(unit.system_calls()))  # while this system can be asked
    set_mounts(unit, store)
    again = become(unit, user, group) + [sys.executable, "-B", __file__, "filter", unit.path,
                                         system_calls, *command]
    os.execv(again[0], [str(one) for one in again])


def filtered(unit, system_calls, *command):
    """As who it is to be."""
    set_filters(UnitFile(unit), system_calls.split(","))
    os.execv(command[0], command)


if __name__ == "__main__":
    {"enter": enter, "filter": filtered}[sys.argv[1]](*sys.argv[2:])
