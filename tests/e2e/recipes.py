"""The recipes of smtpblockd(8), taken as they stand there."""

import re

from support import TOP

MAN = TOP / "man/smtpblockd.8"


def files_of(recipe):
    """The texts that stand in the page, by the file that was named last before each."""
    section = re.search(rf'^\.Ss {recipe}\n(.*?)^\.S[hs] ', MAN.read_text(), re.M | re.S)[1]
    found, name = {}, None
    for part in re.finditer(r"^\.Pa (\S+)|^\.Bd -literal.*?\n(.*?)^\.Ed$", section, re.M | re.S):
        if part[1]:
            name = part[1]
        else:
            found.setdefault(name, part[2].replace(r"\-", "-").replace(r"\e", "\\"))
    return found


def replace(files, replaced):
    """The same files with other ports and paths: each text must be there to be replaced."""
    for old, new in replaced.items():
        if not any(old in text for text in files.values()):
            raise AssertionError(f"the page has no {old}")
        files = {name: text.replace(old, new) for name, text in files.items()}
    return files
