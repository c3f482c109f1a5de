"""A key exists when the parser, smtpblock.toml(5) and the configuration that is installed have it."""

import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]


def keys_of_parser(text):
    """What is asked of a ConfigReader: all but the accounts, which have names of their own."""
    asked = set(re.findall(
        r'(?:reader\.(?:read|choose|each|tables?)\(\s*|read_(?:networks|reply)\(reader, )"(\w+)"', text))
    pairs = re.findall(r'\{(?:std::pair\{)?"(\w+)", &files', text)
    return asked | set(pairs)


def keys_of_manual(text):
    tables = set(re.findall(r"^\.Ss \[+(\w+)\]", text, re.M))
    items = set(re.findall(r"^\.It Cm (\w+)", text, re.M))
    # In the text of `certificates`.
    return tables | items | set(re.findall(r"^\.Cm (chain|key)\b", text, re.M))


def keys_of_example(text):
    tables = set(re.findall(r"^#\[+(\w+)\]", text, re.M))
    settings = set(re.findall(r"^#(\w+) = ", text, re.M))
    return tables | settings | set(re.findall(r"[{,] (\w+) = \"", text))


def main():
    sources = {
        "common/config*.cpp": keys_of_parser,
        "man/smtpblock.toml.5": keys_of_manual,
        "daemon/package/smtpblock.toml": keys_of_example,
    }
    keys = {name: read("\n".join(path.read_text(encoding="utf-8") for path in TOP.glob(name)))
            for name, read in sources.items()}
    all_keys = set().union(*keys.values())
    wrong = [f"{name}: no {key}" for name, has in keys.items() for key in sorted(all_keys - has)]
    print(*wrong, f"{len(all_keys)} keys, {len(wrong)} wrong", sep="\n")
    return 1 if wrong or len(all_keys) < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
