"""Plays systemd for a daemon: keeps listening sockets and passes them on (sd_listen_fds(3)), hears what
the daemon says of itself (sd_notify(3)), and waits for its signs of life.

As a program it is what stands between: `service_manager.py NAMES FD[,FD...] PROGRAM [ARGUMENT...]`
runs the program with these descriptors as 3 and on, under these names."""

import fcntl
import os
import socket
import sys
import time


def passing(names, sockets):
    """What to start a daemon with, so that it gets the sockets: options for support.Daemon."""
    numbers = [one.fileno() for one in sockets]
    return {"within": ["/usr/bin/python3", "-B", __file__, names, ",".join(map(str, numbers))],
            "pass_fds": numbers}


class ServiceManager:
    """What it is told lies in `heard`, in order. `environment` is what the daemon needs to know."""

    def __init__(self, folder, watchdog=None):
        path = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        self.heard = []
        self.environment = {"NOTIFY_SOCKET": path}
        if watchdog:
            self.environment["WATCHDOG_USEC"] = str(round(watchdog * 1e6))

    def stop(self):
        self._socket.close()

    def next(self, seconds=30):
        """The next thing that it is told; None when nothing comes in that time."""
        self._socket.settimeout(seconds)
        try:
            self.heard.append(self._socket.recv(4096).decode())
        except TimeoutError:
            return None
        return self.heard[-1]

    def wait_for(self, state, seconds=30):
        """Until it is told that."""
        deadline = time.monotonic() + seconds
        while (heard := self.next(max(deadline - time.monotonic(), 0.001))) is not None:
            if state in heard.splitlines():
                return heard
        raise AssertionError(f"{state} was never told, but {self.heard}")


def run(names, numbers, *command):
    spare = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 100) for number in numbers.split(",")]
    for number, one in enumerate(spare):
        os.dup2(one, 3 + number)
        os.close(one)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(spare)),
                      LISTEN_FDNAMES=names)
    os.execv(command[0], command)


if __name__ == "__main__":
    run(*sys.argv[1:])
