"""The tables of the man pages fit a terminal of 80 columns: a row that does not is broken word by
word into something that nobody can read. What does not fit is laid out in another way when there
is room, so each table is shown with and without, alone in a page, as it is wherever it stands."""

import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds; only a failure takes that long
COLUMNS, ROOM = 80, 400
PAGE = ".Dd January 1, 2025\n.Dt TABLE 1\n.Os\n.Sh NAME\n.Nm table\n.Nd one\n.Sh DESCRIPTION\n"
VIEWERS = {
    "groff": lambda width: ["groff", "-mandoc", "-Tutf8", f"-rLL={width}n", "-P-c"],
    "mandoc": lambda width: ["mandoc", "-Tutf8", f"-Owidth={width}"],
}


def tables_of(page):
    return re.findall(r"^\.Bl -column.*?^\.El\n", page, re.M | re.S)


def shown(viewer, table, width):
    """Its lines, without what is overstruck for bold and underlined text."""
    done = subprocess.run(VIEWERS[viewer](width), input=PAGE + table, text=True,
                          capture_output=True, timeout=PATIENCE, check=True)
    plain = re.sub(r".\x08|\x1b\[\d*m", "", done.stdout)
    body = re.search(r"^DESCRIPTION\n(.*)\n\S", plain, re.M | re.S)[1]
    return [line.rstrip() for line in body.splitlines() if line.strip()]


def too_wide(viewer, table):
    """The first row that is not as it is where there is room."""
    narrow = shown(viewer, table, COLUMNS)
    return next((row for row in shown(viewer, table, ROOM)
                 if row not in narrow or len(row) > COLUMNS), None)


def main():
    viewers = [viewer for viewer in VIEWERS if shutil.which(viewer)]
    planted = '.Bl -column "{0}" "{0}"\n.It {0} Ta {0}\n.El\n'
    wrong = [f"{viewer}: a table with two columns of {octets} is not judged right"
             for viewer in viewers for octets in (30, 45)
             if bool(too_wide(viewer, planted.format("x y z" * (octets // 5)))) != (octets == 45)]
    for page in sorted((TOP / "man").iterdir()):
        for table in tables_of(page.read_text()):
            for viewer in viewers:
                if row := too_wide(viewer, table):
                    wrong.append(f"{page.name}: with {viewer} wider than {COLUMNS} columns: {row}")
    print("\n".join(wrong) or f"the tables fit, by {' and '.join(viewers) or 'nobody'}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
