"""What a program of ours was built with, read out of the program itself: ELF headers, what each
compilation unit says in its debug information (DW_AT_producer), and where that is silent, as it is
of macros, the code."""

import pathlib
import re
import subprocess

from support import need

OURS = re.compile(r"(?:^|/)(?:cli|common|daemon)/[\w/]+\.cpp$")
# Options of g++ which units must have; those of the second line would hide from the sanitizers what
# was never written, so that a build for tests has them not.
COMPILED = {"stack protector": "-fstack-protector-strong",
            "stack clash": "-fstack-clash-protection",
            "CET": "-fcf-protection=full"}
COMPILED_UNLESS_SANITIZED = {"zeroed automatics": "-ftrivial-auto-var-init=zero"}


class Program:
    """An ELF file."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self._headers = self._say("readelf", "-W", "-h", "-l", "-d")

    def _say(self, tool, *options):
        return subprocess.run([need(tool), *options, str(self.path)], text=True, check=True,
                              capture_output=True, errors="replace", timeout=120).stdout

    @property
    def build_id(self):
        return re.search(r"Build ID: (\w+)", self._say("readelf", "-W", "-n"))[1]

    def linked_without(self):
        """What the linker was not told: names of the protections that are missing."""
        headers = self._headers
        holds = {
            "PIE": re.search(r"Type: +DYN ", headers) and re.search(r"FLAGS_1.*\bPIE\b", headers),
            "full RELRO": "GNU_RELRO" in headers and re.search(r"FLAGS.*\bNOW\b", headers),
            "stack that is no code": re.search(r"GNU_STACK +(?:0x\w+ +){5}RW +0x", headers),
            "read-only code": "TEXTREL" not in headers,
            "libraries of the system": not re.search(r"\(R(?:UN)?PATH\)", headers),
        }
        return {name for name, found in holds.items() if not found}

    def compiled_without(self):
        """What the compiler was not told; the program must have its debug information."""
        units = self._units()
        if not units:
            raise AssertionError(f"{self.path} does not say how it was compiled")
        sanitized = any("-fsanitize=" in options for options in units.values())
        optimized = any(re.search(r" -O[123s]", options) for options in units.values())
        wanted = COMPILED | ({} if sanitized else COMPILED_UNLESS_SANITIZED)
        missing = {name for name, option in wanted.items()
                   if not all(f" {option} " in f"{options} " for options in units.values())}
        if not self._asserts():
            missing.add("assertions of the library")
        if optimized and not sanitized and not self._calls_what_checks():
            missing.add("fortified C library")
        return missing

    def _units(self):
        """The options of each source file of ours, as the compiler has noted them."""
        said = self._say("readelf", "-W", "--debug-dump=info", "--dwarf-depth=1")
        found = re.findall(r"DW_AT_producer +: (?:\(.*?\): )?(.*)\n(?:.*\n){0,3}?"
                           r".*DW_AT_name +: (?:\(.*?\): )?(\S+)", said)
        return {name: producer for producer, name in found if OURS.search(name)}

    def _asserts(self):
        """Whether a container of ours would end the program on a wrong index: what it would say
        then is the whole name of the function, which nothing else needs."""
        return re.search(rb"operator\[\]\([^\0]*\[with [^\0]*smtpblock::", self.path.read_bytes())

    def _calls_what_checks(self):
        """Whether code of ours, and not of a library alone, calls memcpy(3) and the like by the
        variants that know how much room there is."""
        inside = False
        for line in self._say("objdump", "-d", "--no-show-raw-insn").splitlines():
            if line.endswith(">:"):
                inside = "9smtpblock" in line
            elif inside and re.search(r"(?:call|jmp) .*<__\w+_chk@plt>", line):
                return True
        return False
