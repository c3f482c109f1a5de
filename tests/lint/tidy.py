"""Length, format and shell: no source file above 450 lines, C++ as clang-format would write it and
shell without a complaint of shellcheck, where those two programs are there."""

import pathlib
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
LINES = 450
SCRIPTS = [TOP / ".ci/run", *(TOP / "daemon/package" / f"{name}.in"
                              for name in ("postinst", "prerm", "postrm"))]
FOLDERS = ("cli", "common", "daemon", "tests", "completions", ".ci")


def files(*suffixes):
    return [path for folder in FOLDERS for path in sorted((TOP / folder).rglob("*"))
            if path.is_file() and path.suffix in suffixes]


def too_long(path, text):
    lines = text.count("\n")
    return [f"{path.relative_to(TOP)}: {lines} lines: one noun or several?"] if lines > LINES else []


def complaints_of(program, arguments, paths):
    if not shutil.which(program):
        print(f"{program} is not here: not looked at")
        return []
    wrong = []
    for path in paths:
        done = subprocess.run([program, *arguments, path], cwd=TOP, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            first = done.stdout.strip().partition("\n")[0]
            wrong.append(f"{program}: {path.relative_to(TOP)}: {first}")
    return wrong


def main():
    cpp = files(".cpp", ".h")
    wrong = [complaint for path in cpp + files(".py", ".sh", ".txt")
             for complaint in too_long(path, path.read_text(errors="replace"))]
    wrong += complaints_of("clang-format", ["--dry-run", "-Werror"], cpp)
    wrong += complaints_of("shellcheck", ["-x"], files(".sh") + SCRIPTS)
    if not too_long(TOP / "planted", "x\n" * (LINES + 1)):
        wrong.append("finds nothing wrong with a planted file that is too long")
    print(*wrong, f"{len(cpp)} C++ files, {len(wrong)} complaints", sep="\n")
    return 1 if wrong or not cpp else 0


if __name__ == "__main__":
    sys.exit(main())
