"""^C, SIGTERM and SIGHUP in the middle of a command: 130, and the store is as it was. An edit that
was made is never denied."""

import itertools
import os
import pty
import random
import re
import select
import signal
import subprocess
import time
import unittest

from support import CLI, ENVIRONMENT, LONG, PATIENCE, TestCase, wait_until

WAS_MADE = "interrupted: the change was made"


class Terminal:
    """A command on a terminal of its own, where ^C can be typed."""

    def __init__(self, *words):
        self.said = b""
        self.pid, self._screen = pty.fork()
        if self.pid == 0:
            os.execvpe(words[0], words, ENVIRONMENT | {"TERM": "xterm", "PAGER": "cat"})

    def wait_said(self, pattern):
        while not re.search(pattern, self.said):
            if not (piece := self._read()):
                raise AssertionError(f"never said {pattern}: {self.said}")
            self.said += piece

    def take_what_is_there(self):
        while select.select([self._screen], [], [], 0)[0]:
            self.said += self._read()

    def type(self, octets):
        os.write(self._screen, octets)

    def end(self):
        """The exit status, once it has ended."""
        while piece := self._read():
            self.said += piece
        os.close(self._screen)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self):
        try:
            return os.read(self._screen, 65536)
        except OSError:  # EIO: nobody has the terminal any more
            return b""


class Interrupt(TestCase):
    def revision(self):
        return re.search(r"revision: +(\d+)", self.store.run("status").stdout)[1]

    def start(self, *words, **options):
        return subprocess.Popen([CLI, "--store", self.store.path, *words], env=ENVIRONMENT,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, **options)

    def test_each_signal_ends_a_command_that_waits(self):
        before = self.revision()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number):
                command = self.start("add", "-")
                self.let_read(command)
                command.send_signal(number)
                out, err = command.communicate(timeout=PATIENCE)
                self.assertEqual((command.returncode, out, err), (130, "", ""))
        self.assertEqual(self.revision(), before)

    @staticmethod
    def let_read(command):
        """Gives it more than a pipe holds: once all is written it has begun to read."""
        command.stdin.write("a@example.com\n" * 10000)
        command.stdin.flush()

    def test_ctrl_c_on_a_terminal(self):
        terminal = Terminal(CLI, "--store", self.store.path, "add")
        terminal.wait_said(rb"Block which")
        terminal.type(b"\x03")
        self.assertEqual(terminal.end(), 130)
        self.assertEqual(self.store.run("list").stdout, "")

    def test_a_shell_sees_130(self):
        terminal = Terminal("sh", "-c", f"trap : INT; {CLI} --store {self.store.path} add; "
                                        "echo status $?")
        terminal.wait_said(rb"Block which")
        terminal.type(b"\x03")
        terminal.wait_said(rb"status 130\r\n")
        self.assertEqual(terminal.end(), 0)

    def test_a_command_in_the_background_of_a_script_ignores_it(self):
        command = self.start("add", "-", preexec_fn=lambda: signal.signal(signal.SIGINT,
                                                                          signal.SIG_IGN))
        self.let_read(command)
        command.send_signal(signal.SIGINT)
        out, _ = command.communicate(timeout=PATIENCE)
        self.assertEqual((command.returncode, out), (0, "1\temail\tboth\ta@example.com\n"))

    def test_ctrl_c_takes_the_progress_bar_away(self):
        before = self.revision()
        names = f"{self.folder}/names"
        os.mkfifo(names)
        terminal = Terminal("sh", "-c", f"trap : INT; {CLI} --store {self.store.path} import "
                                        f"--type email --format text {names}; echo status $?")
        with open(names, "w", encoding="ascii") as fifo:
            numbers = itertools.count()
            while b"reading" not in terminal.said:  # from the first second on
                for _ in range(1000):
                    fifo.write(f"u{next(numbers)}@example.com\n")
                fifo.flush()
                terminal.take_what_is_there()
            self.assertRegex(terminal.said, rb"^\r\x1b\[Kreading [^\n]*")
            terminal.type(b"\x03")
            terminal.wait_said(rb"status 130\r\n")
        self.assertRegex(terminal.said, rb"\r\x1b\[Kstatus 130\r\n$")
        self.assertEqual(terminal.end(), 0)
        self.assertEqual(self.revision(), before)

    def test_interrupted_anywhere(self):
        luck = random.Random(5)
        whole = None  # as long as the last command took that was let be
        statuses = {0: 0, 130: 0}
        for number in itertools.count():
            if number >= (300 if LONG else 30) and min(statuses[0], statuses[130]) > 3:
                break
            self.assertLess(number, 1000, statuses)
            patterns = [f"u{number}-{i}@example.com" for i in range(luck.choice((1, 500)))]
            before = self.revision()
            command = self.start("add", "--quiet", "-")
            command.stdin.write("\n".join(patterns))
            command.stdin.close()
            command.stdin = None
            begun = time.monotonic()
            try:
                # Every other one may end, however slow the machine is.
                out, err = command.communicate(timeout=luck.uniform(0, whole) if number % 2
                                               else PATIENCE)
                if not number % 2:
                    whole = time.monotonic() - begun
            except subprocess.TimeoutExpired:
                command.send_signal(luck.choice((signal.SIGINT, signal.SIGTERM)))
                out, err = command.communicate(timeout=PATIENCE)
            if command.returncode in statuses:
                statuses[command.returncode] += 1
            there = self.store.run("list", "--match", f"u{number}-").stdout.count("\n")
            if command.returncode in (130, -signal.SIGINT, -signal.SIGTERM):  # before main()
                self.assertEqual((self.revision(), there, out, err), (before, 0, "", ""))
            elif command.returncode == 1:
                self.assertIn(WAS_MADE, err)
                self.assertEqual(there, len(patterns))
            else:
                self.assertEqual((command.returncode, there), (0, len(patterns)))
                self.assertEqual(out.count("\n"), len(patterns))

    def test_nothing_denies_what_was_made(self):
        # Standard output is a pipe that nobody reads: it waits there with the edit made.
        patterns = "\n".join(f"{'u' * 50}{i}@example.com" for i in range(2000))
        command = self.start("add", "-")
        command.stdin.write(patterns)
        command.stdin.close()
        command.stdin = None
        wait_until("the edit is made", lambda: self.store.run("list", "--quiet").stdout)
        command.send_signal(signal.SIGINT)
        _, err = command.communicate(timeout=PATIENCE)
        self.assertEqual(command.returncode, 1)
        self.assertIn(WAS_MADE, err)
        self.assertEqual(self.store.run("list", "--quiet").stdout.count("\n"), 2000)


if __name__ == "__main__":
    unittest.main()
