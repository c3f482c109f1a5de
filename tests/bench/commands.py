#!/usr/bin/python3
"""Whole commands of smtpblock beside those of others that keep such a table: `postmap lmdb:` (with
postfix-lmdb), sqlite3, and LMDB with nothing round it.

    cmake -B bench -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSMTPBLOCK_BENCH=ON && cmake --build bench
    tests/bench/commands.py bench [RULES ...]          # 1000 1000000; 10000000 needs 10 GB of TMPDIR

Each round runs every command of every program once, one behind the other, so that whatever else
the machine does falls on all alike: read the ratios, not the milliseconds. All writes are synced.
A program that is not there is left out. BENCH_ROUNDS (5): rounds; those of a million rules and more
are a third as many.
"""

import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
TABLE = ("create table if not exists rules(type text, pattern text, dir text, action text, "
         "description text, primary key(type, pattern)) without rowid;")


def address(number):
    return f"blk{number:08d}@spam.example"


class Ours:
    """smtpblock"""

    def __init__(self, build, folder, numbers):
        self.program = build / "cli/smtpblock"
        self.store = folder / "store"
        self.file = folder / "rules.csv"
        with self.file.open("w") as out:
            out.write("type,pattern,dir,action,description\n")
            out.writelines(f"email,{address(n)},both,reject,abnormal amount of mail\n"
                           for n in numbers)

    def command(self, *words):
        return [self.program, "--store", self.store, *words]

    def clear(self):
        shutil.rmtree(self.store, ignore_errors=True)
        run(self.command("init"))

    def load(self):
        return self.command("import", self.file)

    def add(self, who):
        return self.command("add", who)

    def check(self, who):
        return self.command("check", "--dir", "in", "--from", who)

    def list(self):
        return self.command("list")

    def octets(self):
        return (self.store / "rules/data.mdb").stat().st_blocks * 512


class Postmap:
    """postmap lmdb:"""

    def __init__(self, _, folder, numbers):
        self.etc = folder / "etc"
        self.etc.mkdir()
        (self.etc / "main.cf").write_text(
            f"compatibility_level = 3.6\nqueue_directory = {folder}\ndata_directory = {folder}\n"
            "lmdb_map_size = 8000000000\n")
        self.file = self.etc / "senders"
        self.line = self.etc / "line"
        with self.file.open("w") as out:
            out.writelines(f"{address(n)} REJECT abnormal amount of mail\n" for n in numbers)

    def command(self, *words):
        return ["postmap", "-c", self.etc, *words]

    def clear(self):
        pathlib.Path(f"{self.file}.lmdb").unlink(missing_ok=True)

    def load(self):
        return self.command(f"lmdb:{self.file}")

    def add(self, who):
        self.line.write_text(f"{who} REJECT\n")
        return ["sh", "-c", f"postmap -c {self.etc} -i lmdb:{self.file} < {self.line}"]

    def check(self, who):
        return self.command("-q", who, f"lmdb:{self.file}")

    def list(self):
        return self.command("-s", f"lmdb:{self.file}")

    def octets(self):
        return os.stat(f"{self.file}.lmdb").st_blocks * 512


class Sqlite:
    """sqlite3"""

    def __init__(self, _, folder, numbers):
        self.database = folder / "rules.db"
        self.file = folder / "rules.sqlite.csv"
        with self.file.open("w") as out:
            out.writelines(f"email,{address(n)},both,reject,abnormal amount of mail\n"
                           for n in numbers)

    def clear(self):
        self.database.unlink(missing_ok=True)
        run(["sqlite3", self.database, TABLE])

    def load(self):
        return ["sqlite3", self.database, "-csv", f".import {self.file} rules"]

    def add(self, who):
        return ["sqlite3", self.database,
                f"insert into rules values('email','{who}','both','reject','')"]

    def check(self, who):
        return ["sqlite3", self.database,
                f"select action from rules where type='email' and pattern='{who}'"]

    def list(self):
        return ["sqlite3", self.database, "select * from rules"]

    def octets(self):
        return self.database.stat().st_blocks * 512


class Bare:
    """bare LMDB"""

    def __init__(self, build, folder, numbers):
        self.program = build / "tests/bench/bare_lmdb"
        self.folder = folder / "bare"
        self.file = folder / "rules.tsv"
        with self.file.open("w") as out:
            out.writelines(f"a{address(n)}\treject abnormal amount of mail\n" for n in numbers)

    def command(self, *words):
        return [self.program, self.folder, *words]

    def clear(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def load(self):
        return self.command("load", self.file)

    def add(self, who):
        return self.command("put", f"a{who}")

    def check(self, who):
        return self.command("get", f"a{who}")

    def list(self):
        return self.command("list")

    def octets(self):
        return (self.folder / "data.mdb").stat().st_blocks * 512


def run(command, allowed=(0,)):
    """Milliseconds."""
    begun = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    taken = (time.perf_counter() - begun) * 1000
    if done.returncode not in allowed:
        sys.exit(f"{command[0]} ended with {done.returncode}: {done.stderr.decode()[-300:]}")
    return taken


def present(program):
    needs = {Postmap: "postmap", Sqlite: "sqlite3"}.get(program)
    if needs and not shutil.which(needs):
        print(f"{program.__doc__} left out: not installed", file=sys.stderr)
        return False
    return True


def measure(programs, rules):
    """{command: {program: milliseconds}}, octets a rule among them."""
    taken = {}

    def note(what, program, value):
        taken.setdefault(what, {}).setdefault(program.__doc__, []).append(value)

    rounds = ROUNDS if rules < 1_000_000 else max(1, ROUNDS // 3)
    for turn in range(rounds):
        for program in programs:
            program.clear()
            note("import", program, run(program.load()))
            note("octets a rule", program, program.octets() / rules)
        for small in range(10):
            who = f"new{turn}.{small}@spam.example"
            for program in programs:
                note("add", program, run(program.add(who)))
            for program in programs:
                note("check", program, run(program.check(who), (0, 10)))
        for program in programs:
            note("list", program, run(program.list()))
    return taken


def table(rules, taken):
    print(f"\n## {rules} rules: median, and smtpblock's ratio to it\n")
    columns = list(next(iter(taken.values())))
    print("| command | " + " | ".join(columns) + " |\n" + "|---" * (len(columns) + 1) + "|")
    for what, by_program in taken.items():
        medians = [statistics.median(by_program[name]) for name in columns]
        cells = [f"{median:.4g}" + ("" if column == 0 else f" ({medians[0] / median:.2f})")
                 for column, median in enumerate(medians)]
        print(f"| {what} | " + " | ".join(cells) + " |", flush=True)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1]).resolve()
    for rules in [int(word) for word in sys.argv[2:]] or [1000, 1_000_000]:
        with tempfile.TemporaryDirectory(prefix="smtpblock-bench-") as folder:
            numbers = list(range(rules))
            random.Random(rules).shuffle(numbers)
            programs = [program(build, pathlib.Path(folder), numbers)
                        for program in (Ours, Bare, Postmap, Sqlite) if present(program)]
            del numbers
            table(rules, measure(programs, rules))


if __name__ == "__main__":
    main()
