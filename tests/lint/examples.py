"""Examples do what they show. Those of smtpblock(1) are run as they stand, one after the other, on
a store of their own; those of the help pages, which name files and servers that are not here, must
be understood."""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
from itertools import takewhile

TOP = pathlib.Path(__file__).resolve().parents[2]
CLI = pathlib.Path(os.environ.get("SMTPBLOCK_TEST_CLI", TOP / "build/cli/smtpblock"))
MAN = TOP / "man/smtpblock.1"
PATIENCE = 60  # seconds; only a failure takes that long
FILES = {  # that the examples take for granted
    "names": "ylmf-pc\nUser\nhost-*.example.net\n",
    "sender_access": "bad@example.com REJECT\n.example.com 450 4.7.1 later\nok@example.com OK\n",
}


def examples_of_man(text):
    section = re.search(r"^\.Sh EXAMPLES\n(.*?)^\.Sh ", text, re.M | re.S)[1]
    plain = section.replace(r"\-", "-").replace(r"\(dq", '"').replace(r"\e", "\\")
    return re.findall(r"^\.Dl [#$] (.*)$", plain, re.M)


def examples_of_help(text):
    section = re.search(r"^Examples:\n(.*?)^\n", text, re.M | re.S)[1]
    return [re.sub(r"   +\S.*", "", line.strip()) for line in section.splitlines()]


def commands_in(example):
    """The words of each smtpblock in a line of shell."""
    lexer = shlex.shlex(example, posix=True, punctuation_chars="|<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words = list(lexer)
    while "smtpblock" in words:
        words = words[words.index("smtpblock") + 1:]
        yield list(takewhile(lambda word: not word or not set(word) <= set("|<>"), words))


def run(words, folder, **options):
    environment = {"PATH": f"{CLI.parent}:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PAGER": "cat",
                   "SMTPBLOCK_STORE": f"{folder}/store", "name": "-odd[name]"}
    return subprocess.run(words, cwd=folder, env=environment, text=True, capture_output=True,
                          timeout=PATIENCE, **options)


def not_understood(example, folder):
    """What the program has against a line that is not to be run."""
    said = [run([CLI, *words, "--help"], folder).stderr for words in commands_in(example)]
    return "".join(said) if said else "no smtpblock in it"


def failures_of(examples, folder):
    """Runs them in one shell, so that what one sets is there for the next."""
    script = "".join(f"{{ {example}\n}} 2> error{i}; echo $? > status{i}\n"
                     for i, example in enumerate(examples))
    run(["sh", "-c", script], folder, check=True)
    failures = []
    for i, example in enumerate(examples):
        status = int(pathlib.Path(folder, f"status{i}").read_text())
        error = pathlib.Path(folder, f"error{i}").read_text()
        asks = example.startswith("smtpblock check ")
        if status not in ({0, 10} if asks else {0}) or "smtpblock: " in error:
            failures.append(f"{example}: exit status {status}: {error}")
    return failures


def check_man(text, folder):
    """A server to probe is not here."""
    examples = examples_of_man(text)
    probes = [example for example in examples if example.startswith("smtpblock probe ")]
    wrong = failures_of([example for example in examples if example not in probes], folder)
    wrong += [f"{example}: {said}" for example in probes if (said := not_understood(example, folder))]
    return [f"smtpblock(1): {line}" for line in wrong], len(examples)


def check_help(folder):
    program = run([CLI, "--help"], folder, check=True).stdout
    listed = program.split("\nCommands:\n")[1].split("\nOptions:\n")[0]
    commands = re.findall(r"^  (\w+)", listed, re.M)
    wrong, count = [], 0
    for page in [["--help"], *([command, "--help"] for command in commands)]:
        for example in examples_of_help(run([CLI, *page], folder, check=True).stdout):
            count += 1
            if said := not_understood(example, folder):
                wrong.append(f"smtpblock {' '.join(page)}: {example}: {said}")
    return wrong, count


def main():
    text = MAN.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="smtpblock-examples-") as folder:
        for name, content in FILES.items():
            pathlib.Path(folder, name).write_text(content, encoding="utf-8")
        wrong, in_man = check_man(text, folder)
        wrong_in_help, in_help = check_help(folder)
        wrong += wrong_in_help
    for planted in ("smtpblock ad x@example.com", "smtpblock delete nobody@example.com"):
        with tempfile.TemporaryDirectory(prefix="smtpblock-examples-") as folder:
            if not failures_of([planted], folder):
                wrong.append(f"finds nothing in {planted}")
    print(*wrong, f"{in_man} + {in_help} examples, {len(wrong)} wrong", sep="\n")
    return 1 if wrong or in_man < 10 or in_help < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
