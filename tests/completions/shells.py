"""The shells, each with smtpblock's completion and nothing else: what the user would have on his
line after a key, taken from the shell itself."""

import os
import pathlib
import pty
import re
import select
import shlex
import shutil
import subprocess
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
CLI = pathlib.Path(os.environ.get("SMTPBLOCK_TEST_CLI", TOP / "build/cli/smtpblock"))
FILES = TOP / "completions"
PATIENCE = 60  # seconds; only a failure takes that long


def environment(folder, store):
    return {"PATH": f"{CLI.parent}:/usr/bin:/bin", "HOME": str(folder), "TERM": "dumb",
            "LC_ALL": "C.UTF-8", "SMTPBLOCK_STORE": str(store)}


class Interactive:
    """A shell on a terminal. Control-T inserts all that could be completed, Control-G says what
    the line is."""

    def __init__(self, words, prepare, folder, store):
        self._said = ""
        pid, self._screen = pty.fork()
        if pid == 0:
            os.chdir(folder)
            os.execvpe(words[0], words, environment(folder, store))
        self._pid = pid
        self._type(prepare + "echo rea''dy\n")
        self._until("ready\r?\n")

    def _type(self, text):
        os.write(self._screen, text.encode())

    def _until(self, pattern):
        deadline = time.monotonic() + PATIENCE
        while not (match := re.search(pattern, self._said, re.S)):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._screen], [], [], left)[0]:
                raise AssertionError(f"never said {pattern!r}: {self._said!r}")
            try:
                self._said += os.read(self._screen, 65536).decode("utf-8", "replace")
            except OSError as error:
                raise AssertionError(f"it ended: {self._said!r}") from error
        self._said = self._said[match.end():]
        return match

    def line_after(self, line, key):
        """The line that is there once `line` and the key were typed."""
        self._type(line + key + "\x07")
        found = self._until("<<<(.*?)>>>")[1]
        self._type("\x15")  # and away with it
        return re.sub(r"\r?\n", "", found)

    def run(self, line):
        """What a command prints."""
        self._type(line + "; echo do''ne\n")
        return self._until("(.*)done\r?\n")[1]

    def close(self):
        os.close(self._screen)
        os.waitpid(self._pid, 0)


def words_of(line):
    try:
        return shlex.split(line)
    except ValueError as error:
        raise AssertionError(f"{line!r}: {error}") from error


class Bash(Interactive):
    name = "bash"

    def __init__(self, folder, store):
        super().__init__(["bash", "--norc", "--noprofile", "-i"],
                         "bind 'set bell-style none'; bind 'set enable-bracketed-paste off'; "
                         "bind '\"\\C-t\": insert-completions'; "
                         "bind -x '\"\\C-g\": printf \"<<<%s>>>\" \"$READLINE_LINE\"'; "
                         f". {shlex.quote(str(FILES / 'smtpblock.bash'))}; HISTFILE=; ",
                         folder, store)

    def completed(self, line):
        """The line after a tab."""
        return self.line_after(line, "\t")

    def offered(self, line):
        """The words that could stand where the line ends."""
        before = words_of(line + "x" if line.endswith(" ") else line.replace("'", "").replace(
            '"', "").replace("\\", ""))
        after = words_of(self.line_after(line, "\x14"))
        if after == words_of_or_none(line):
            return set()
        first, *more = after[len(before) - 1:]
        # Of user@example.com bash completes no more than what begins with the @.
        return {first} | {first.split("@")[0] + word if word.startswith("@") else word
                          for word in more}


def words_of_or_none(line):
    try:
        return shlex.split(line)
    except ValueError:
        return None


class Zsh(Interactive):
    name = "zsh"

    def __init__(self, folder, store):
        functions = pathlib.Path(folder, "functions")
        functions.mkdir()
        shutil.copy(FILES / "_smtpblock", functions)
        super().__init__(["zsh", "-f", "-i"],
                         f"unsetopt zle_bracketed_paste; PS1='% '; fpath=({functions} $fpath); "
                         "autoload -U compinit; compinit -u -D; unsetopt beep list_beep; "
                         "say() { print -rn -- \"<<<$BUFFER>>>\" }; zle -N say; "
                         "bindkey '^G' say; bindkey '^U' kill-whole-line; "
                         "zle -C all-matches complete-word _generic; bindkey '^T' all-matches; "
                         "zstyle ':completion:all-matches::::' completer _all_matches _complete; "
                         "zstyle ':completion:all-matches:*' insert true; "
                         "zstyle ':completion:*' list-prompt ''; LISTMAX=0; ",
                         folder, store)

    completed = Bash.completed
    offered = Bash.offered


class Fish:
    name = "fish"

    def __init__(self, folder, store):
        self._folder, self._store = folder, store

    def _complete(self, *options):
        script = f"source {shlex.quote(str(FILES / 'smtpblock.fish'))}; complete {' '.join(options)}"
        return subprocess.run(["fish", "--no-config", "-c", script], text=True, cwd=self._folder,
                              capture_output=True, timeout=PATIENCE, check=True,
                              env=environment(self._folder, self._store)).stdout.splitlines()

    def completed(self, line):
        offers = self._complete("--escape", "-C", fish_quoted(line))
        if len(offers) != 1:
            return line
        before = line[:len(line) - len(re.search(r"(\\.|'[^']*'?|\"[^\"]*\"?|[^ ])*$", line)[0])]
        return before + offers[0].split("\t")[0] + " "

    def offered(self, line):
        return {offer.split("\t")[0] for offer in self._complete("-C", fish_quoted(line))}

    def close(self):
        pass


def fish_quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


SHELLS = [Bash, Zsh, Fish]


class Folder:
    """A folder with a store in it."""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="smtpblock-completions-")
        self.path = pathlib.Path(self._folder.name)
        self.store = self.path / "store"
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def run(self, *words, stdin=""):
        return subprocess.run([CLI, *words], input=stdin, text=True, capture_output=True,
                              timeout=PATIENCE, check=True,
                              env=environment(self.path, self.store)).stdout

    def shells(self):
        for shell in SHELLS:
            folder = self.path / shell.name
            folder.mkdir(exist_ok=True)
            opened = shell(folder, self.store)
            try:
                yield opened
            finally:
                opened.close()
