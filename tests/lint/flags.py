"""A flag exists when the code, the man page and the completions have it: the options in
`smtpblock COMMAND --help` are those in smtpblock(1)'s synopsis and text, and those that bash, zsh
and fish offer."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/completions"))
import shells  # noqa: E402
CLI = pathlib.Path(os.environ.get("SMTPBLOCK_TEST_CLI", TOP / "build/cli/smtpblock"))
MAN = TOP / "man/smtpblock.1"
PATIENCE = 60  # seconds; only a failure takes that long


def run(*words, stdin="", path=None):
    environment = {"PATH": f"{CLI.parent}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    if path:
        environment["SMTPBLOCK_STORE"] = path
    return subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=PATIENCE,
                          env=environment, check=True).stdout


def options_in_help(*command):
    text = run(CLI, *command, "--help")
    return set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", text, re.M))


def commands_in_help():
    listed = run(CLI, "--help").split("\nCommands:\n")[1]
    return re.findall(r"^  (\w+)(?:, (\w+))?", listed, re.M)


def flags(text):
    """`.Fl -dir` and what follows it behind a bar or a comma."""
    lines = [line for line in text.splitlines() if re.search(r"\bFl\b", line)]
    return {"-" + name for line in lines for name in re.findall(r"(?<= )(-[a-z][a-z-]+)", line)}


def section(man, title):
    return re.search(rf'^\.S[hs] "?{title}"?\n(.*?)(?=^\.S[hs] )', man, re.M | re.S)[1]


def missing(what, wanted, got):
    return [f"{what}: no {name}" for name in sorted(wanted - got)] + \
           [f"{what}: {name} is no option" for name in sorted(got - wanted)]


def check_man(man, commands, everywhere):
    synopsis = dict(re.findall(r"\.Cm (\w+)\n(.*?)(?=^\.Nm|\Z)", section(man, "SYNOPSIS"),
                               re.M | re.S))
    text = dict(re.findall(r"^\.It Cm (\w+)[^\n]*\n(.*?)(?=^\.It Cm |\Z)",
                           section(man, "Commands"), re.M | re.S))
    wrong = missing("man page, options of every command", everywhere | {"--version"},
                    flags(section(man, "Options of every command")))
    for command, alias in commands:
        wanted = options_in_help(command) - everywhere
        told = flags(text.get(command, "") + text.get(alias, ""))
        wrong += missing(f"man page, synopsis of {command}", wanted,
                         flags(synopsis.get(command, "")))
        wrong += missing(f"man page, text of {command}", wanted, told)
        if alias and alias not in text:
            wrong.append(f"man page: no {alias}")
    return wrong


def check_completions(commands, everywhere):
    wrong = []
    with shells.Folder() as folder:
        for shell in folder.shells():
            def offered(line):
                return shell.offered(line)  # pylint: disable=cell-var-from-loop
            name = f"completion of {shell.name}"
            names = {name for pair in commands for name in pair if name}
            wrong += missing(f"{name}, commands", names, offered("smtpblock "))
            wrong += missing(f"{name}, before a command", everywhere | {"--version"},
                             offered("smtpblock --"))
            for command in sorted(names):
                wrong += missing(f"{name}, {command}", options_in_help(command),
                                 offered(f"smtpblock {command} --"))
    return wrong


def main():
    commands = commands_in_help()
    everywhere = options_in_help() - {"--version"}
    man = MAN.read_text()
    wrong = check_man(man, commands, everywhere)
    wrong += check_completions(commands, everywhere)
    for name in ("--dir", "--json"):  # the test must be able to fail
        if not check_man(man.replace(f" {name[1:]}", " -other"), commands, everywhere):
            wrong.append(f"finds nothing in a man page without {name}")
    if shutil.which("mandoc"):
        lint = subprocess.run(["mandoc", "-Tlint", "-Wwarning", *sorted(MAN.parent.iterdir())],
                              text=True, capture_output=True, timeout=PATIENCE)
        wrong += lint.stdout.splitlines()
    print(*wrong, f"{len(commands)} commands, {len(wrong)} wrong", sep="\n")
    return 1 if wrong or not commands else 0


if __name__ == "__main__":
    sys.exit(main())
