"""A flag exists when the code, the man page and the completion have it: the options in
`smtpblock COMMAND --help` are those in smtpblock(1)'s synopsis and text, and those that the bash
completion offers, which runs here in a bash of its own and must offer live rules as well."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
CLI = pathlib.Path(os.environ.get("SMTPBLOCK_TEST_CLI", TOP / "build/cli/smtpblock"))
MAN = TOP / "man/smtpblock.1"
COMPLETION = TOP / "completions/smtpblock.bash"
PATIENCE = 60  # seconds; only a failure takes that long


def run(*words, stdin="", path=None):
    environment = {"PATH": f"{CLI.parent}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    if path:
        environment["SMTPBLOCK_STORE"] = path
    return subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=PATIENCE,
                          env=environment, check=True).stdout


def options_in_help(*command):
    text = run(CLI, *command, "--help")
    return set(re.findall(r"^ +(?:-\w,)?(--[a-z-]+)", text, re.M))


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


def completed(line, store=None, prepare=""):
    """What a bash that has read the completion offers at the end of `line`."""
    words = re.findall(r"[@:=]+|[^@:= ]+", line) + ([""] if line.endswith((" ", "=", "@")) else [])
    script = f"""{prepare}
        . {shlex.quote(str(COMPLETION))}
        COMP_WORDS=({' '.join(map(shlex.quote, words))})
        COMP_CWORD={len(words) - 1}
        COMP_LINE={shlex.quote(line)}
        COMP_POINT={len(line)}
        _smtpblock smtpblock
        printf '%s\\n' "${{COMPREPLY[@]}}" """
    return set(run("bash", "--norc", "-c", script, path=store).splitlines()) - {""}


def check_completed_options(commands, everywhere):
    names = {name for pair in commands for name in pair if name}
    wrong = missing("completion of a command", names, completed("smtpblock "))
    wrong += missing("completion before a command", everywhere | {"--version"},
                     completed("smtpblock --"))
    for command in sorted(names):
        wrong += missing(f"completion of {command}", options_in_help(command),
                         completed(f"smtpblock {command} --"))
    return wrong


def check_completed_rules():
    with tempfile.TemporaryDirectory(prefix="smtpblock-flags-") as folder:
        store = folder + "/store"
        run(CLI, "add", "--quiet", "user@example.com", "user@example.net", path=store)
        run(CLI, "add", "--quiet", "--type", "ehlo", "[IPv6:2001:db8::1]", "$(touch${IFS}evil)",
            "ylmf-pc", path=store)
        cases = [
            ("smtpblock delete y", {"ylmf-pc"}),
            ("smtpblock rm 5", {"5"}),
            ("smtpblock show --type email y", set()),
            ("smtpblock show --type=ehlo y", {"ylmf-pc"}),
            ("smtpblock edit user@", {"example.com", "example.net"}),
            ("smtpblock edit user@example.n", {"example.net"}),
            ("smtpblock delete \\[IPv6:2001:", {"db8::1\\]"}),
            ("smtpblock delete '[IPv6", {"[IPv6:2001:db8::1]"}),
            ("smtpblock delete \\$", {"\\$\\(touch\\$\\{ifs\\}evil\\)"}),
            ("smtpblock --json delete --quiet y", {"ylmf-pc"}),
            ("smtpblock add --dir ", {"in", "out", "both"}),
            ("smtpblock add --dir=b", {"both"}),
            ("smtpblock list --sort c", {"created"}),
            ("smtpblock add y", set()),
            (f"smtpblock --store {folder}/none delete y", set()),
            (f"smtpblock --store {store} delete y", {"ylmf-pc"}),
            ("smtpblock nonsense ", set()),
        ]
        wrong = []
        for line, wanted in cases:
            got = completed(line, store)
            if got != wanted:
                wrong.append(f"completion of `{line}`: {sorted(got)}, not {sorted(wanted)}")
        if os.path.exists("evil") or os.path.exists(folder + "/evil"):
            wrong.append("completion: a pattern was run")
        return wrong


def main():
    commands = commands_in_help()
    everywhere = options_in_help() - {"--version"}
    man = MAN.read_text()
    wrong = check_man(man, commands, everywhere)
    wrong += check_completed_options(commands, everywhere)
    wrong += check_completed_rules()
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
