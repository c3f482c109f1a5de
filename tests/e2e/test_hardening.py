"""Both programs are built with what makes a mistake in them hard to use: position-independent, with
relocations and stacks that are no way in, checked stacks, checked returns and jumps where the
processor can (CET), checked library calls and containers, and no automatic variable that holds what
was there before.

The programs under test are sanitized: those have no zeroed automatics, which would hide from the
sanitizers what was never written, and no fortified C library, which the sanitizers replace. With
SMTPBLOCK_LONG the programs of the package are looked at, which have all. Debian's own start files
are not marked for CET, so no program linked with them is; that ours would be is read from what its
units were compiled with."""

import pathlib
import subprocess
import tempfile
import unittest

from debian_package import BUILD, debian_package
from hardening import Program
from support import CLI, DAEMON, LONG, need

# The smallest program that has something to protect.
SOURCE = """
#include <cstring>
#include <vector>
namespace smtpblock {
struct Thing { int value; };
__attribute__((noinline)) int thing(const std::vector<Thing>& things, std::size_t at) {
    return things[at].value;
}
__attribute__((noinline)) int copied(const char* from, std::size_t size) {
    char room[9000];
    std::memcpy(room, from, size);
    return room[size / 2];
}
}
int main(int count, char** words) {
    return smtpblock::copied(words[0], std::strlen(words[0])) +
           smtpblock::thing(std::vector<smtpblock::Thing>(3), count);
}
"""
OPTIONS = {
    "PIE": "-pie",
    "full RELRO": "-Wl,-z,relro,-z,now",
    "stack that is no code": "-Wl,-z,noexecstack",
    "libraries of the system": "",
    "stack protector": "-fstack-protector-strong",
    "stack clash": "-fstack-clash-protection",
    "CET": "-fcf-protection",
    "zeroed automatics": "-ftrivial-auto-var-init=zero",
    "assertions of the library": "-D_GLIBCXX_ASSERTIONS",
    "fortified C library": "-D_FORTIFY_SOURCE=2",
}
UNDONE = {"PIE": "-no-pie", "full RELRO": "-Wl,-z,lazy", "stack that is no code":
          "-Wl,-z,execstack", "libraries of the system": "-Wl,-rpath,/tmp"}


class Hardening(unittest.TestCase):
    def test_the_programs_under_test(self):
        for program in (CLI, DAEMON):
            with self.subTest(program):
                self.assertEqual(Program(program).linked_without(), set())
                self.assertEqual(Program(program).compiled_without(), set())

    def test_what_is_missing_is_found(self):
        with tempfile.TemporaryDirectory(prefix="smtpblock-hardening-") as folder:
            source = pathlib.Path(folder, "daemon/main.cpp")
            source.parent.mkdir()
            source.write_text(SOURCE)
            for missing in (None, *OPTIONS):
                with self.subTest(missing):
                    options = [UNDONE.get(name, "") if name == missing else option
                               for name, option in OPTIONS.items()]
                    program = f"{folder}/program"
                    subprocess.run([need("g++"), "-O2", "-g1", "-fPIE", "-U_FORTIFY_SOURCE",
                                    *filter(None, options), source, "-o", program], check=True)
                    self.assertEqual(
                        Program(program).linked_without() | Program(program).compiled_without(),
                        {missing} - {None})


class Packaged(unittest.TestCase):
    def test_the_programs_of_the_package(self):
        """As they are installed, stripped; how they were compiled is told by the same program in
        the build folder."""
        with tempfile.TemporaryDirectory(prefix="smtpblock-hardening-") as folder:
            subprocess.run(["dpkg-deb", "-x", debian_package(), folder], check=True)
            for installed, built in (("usr/bin/smtpblock", "cli/smtpblock"),
                                     ("usr/sbin/smtpblockd", "daemon/smtpblockd")):
                with self.subTest(installed):
                    program = Program(f"{folder}/{installed}")
                    self.assertEqual(program.linked_without(), set())
                    self.assertEqual(program.build_id, Program(BUILD / built).build_id)
                    self.assertEqual(Program(BUILD / built).compiled_without(), set())


if not LONG:
    del Packaged

if __name__ == "__main__":
    unittest.main()
