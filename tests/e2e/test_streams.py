"""What reads and prints many rules does so piece by piece: in little memory, whoever is slow, and
holding up nobody meanwhile."""

import fcntl
import json
import os
import pathlib
import signal
import struct
import subprocess
import termios
import unittest

from support import CLI, ENVIRONMENT, PATIENCE, TestCase, wait_until

RULES = 100_000
PIPE_OCTETS = 65536
# Where AddressSanitizer is built in, it must not keep what was freed.
FRUGAL = {"ASAN_OPTIONS": "quarantine_size_mb=0:thread_local_quarantine_size_kb=0"}


def anonymous_octets(pid):
    """What a process has in memory of its own, without the pages of files that it maps."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) * 1024


def waiting_octets(pipe):
    """How many octets nobody has read yet."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]


class Streams(TestCase):
    def setUp(self):
        super().setUp()
        self.file = self.file_of(RULES)

    def file_of(self, rules):
        path = os.path.join(self.folder, f"{rules}.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write("pattern,description\n")
            file.writelines(f"user{i}@example.com,ticket {i}\n" for i in range(rules))
        return path

    def start(self, *words, stdin=subprocess.DEVNULL):
        command = subprocess.Popen([CLI, "--store", self.store.path, *words], stdin=stdin,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=ENVIRONMENT | FRUGAL)
        self.addCleanup(command.stderr.close)
        self.addCleanup(command.stdout.close)
        self.addCleanup(command.wait)
        self.addCleanup(command.kill)
        return command

    def start_unread(self, *words):
        """A command that cannot go on: its pipe is full."""
        command = self.start(*words)
        wait_until("a full pipe", lambda: waiting_octets(command.stdout) == PIPE_OCTETS)
        return command

    def lines_of(self, command):
        out, err = command.communicate(timeout=PATIENCE)
        self.assertEqual(command.returncode, 0, err)
        return out.count(b"\n")

    def test_printing_takes_little_memory_however_much_there_is(self):
        commands = (["list"], ["list", "--json"], ["export"], ["export", "--format", "csv"])
        used = []
        for rules in (RULES // 10, RULES):
            self.store.run("apply", "--quiet", self.file_of(rules))
            for words in commands:
                command = self.start_unread(*words)
                used.append(anonymous_octets(command.pid))
                self.assertIn(self.lines_of(command), (rules, rules + 1))
        for words, few, many in zip(commands, used, used[len(commands):]):
            with self.subTest(command=words):
                self.assertLess(many - few, 4 << 20)

    def test_an_edit_need_not_wait_for_who_reads_slowly(self):
        self.store.run("import", self.file)
        reader = self.start_unread("list")
        writer = self.start_unread("apply", "--prune", "--yes", self.file_of(0))
        self.store.add("late@example.com")
        self.assertEqual(self.lines_of(writer), RULES)
        reader.stdout.close()  # as `head` does when it has seen enough
        reader.stdout = None
        _, err = reader.communicate(timeout=PATIENCE)
        self.assertEqual((reader.returncode, err), (0, b""))
        self.assertEqual(self.store.run("list", "--quiet").stdout, f"{RULES + 1}\n")

    def test_an_import_that_is_interrupted_while_it_reads_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with self.subTest(signal=number):
                command = self.start("import", "--format", "csv", "-", stdin=subprocess.PIPE)
                command.stdin.write(pathlib.Path(self.file).read_bytes())
                command.stdin.flush()
                command.send_signal(number)
                command.communicate(timeout=PATIENCE)
                self.assertEqual(command.returncode, -9 if number == signal.SIGKILL else 130)
                state = json.loads(self.store.run("status", "--json").stdout)
                self.assertEqual((state["rules"], state["revision"]), (0, 0))
        self.store.run("import", self.file)

    def test_what_is_exported_is_imported_as_it_was(self):
        awkward = [
            {"pattern": '"a, \\"b\\""@example.com', "description": 'x,"y"\r\nz\t\u001b[2J\u202e'},
            {"type": "ehlo", "pattern": "#bot", "dir": "in", "action": "defer"},
            {"type": "ehlo", "pattern": "", "action": "log", "expires": "2999-01-01T00:00:00Z"},
            {"type": "ehlo", "pattern": "2001:db8::/32", "description": " \U0001f600 "},
            {"type": "email", "pattern": "b\u00fccher.example", "action": "allow"},
            {"pattern": "*sp?m*@example.*", "dir": "out"},
        ]
        self.store.run("import", "--format", "json", "-", stdin=json.dumps(awkward))
        wanted = self.exported("csv")
        for kind in ("json", "csv"):
            path = os.path.join(self.folder, "rules." + kind)
            pathlib.Path(path).write_bytes(self.exported(kind))
            self.assertEqual(self.store.run("apply", "--prune", "--dry-run", path).stdout, "")
            self.store.run("delete", *self.store.run("list", "--quiet").stdout.split())
            self.store.run("import", path)
            self.assertEqual(self.exported("csv"), wanted)

    def exported(self, kind):
        return subprocess.run([CLI, "--store", self.store.path, "export", "--format", kind],
                              check=True, capture_output=True, timeout=PATIENCE,
                              env=ENVIRONMENT).stdout


if __name__ == "__main__":
    unittest.main()
