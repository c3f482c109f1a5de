"""The arrows of the architecture, read from the #include lines.

    cli/ ──► common/ ◄── daemon/smtp/ ◄── daemon/{guard,maildir,net/tls,door} ◄── daemon/net ◄── daemon/
                                                                └─◄── daemon/{policy,dovecot} ◄─┘

What is said of a folder in LAYERS is all that its files may include. The planted violations at the
end show that each rule finds what it is for.
"""

import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]

ASIO = ("boost/asio",)
OPENSSL = ("openssl/",)
CLI11 = ("CLI/",)
OUTSIDE = {"Asio": ASIO, "Beast": ("boost/beast",), "OpenSSL": OPENSSL, "CLI11": CLI11,
           "toml++": ("toml++/", "toml.hpp"), "LMDB": ("lmdb.h",)}

# Folder (the longest that fits): the folders of ours it may include, and the libraries.
LAYERS = {
    "common/": (("common/",), ("toml++",)),
    "cli/": (("common/", "cli/"), ()),
    "daemon/smtp/": (("common/", "daemon/smtp/"), ()),
    "daemon/guard/": (("common/", "daemon/smtp/", "daemon/guard/"), ("OpenSSL",)),
    "daemon/maildir/": (("common/", "daemon/smtp/", "daemon/maildir/"), ("OpenSSL",)),
    "daemon/door/": (("common/", "daemon/smtp/", "daemon/door/"), ()),
    "daemon/policy/": (("common/", "daemon/smtp/", "daemon/door/", "daemon/policy/"), ()),
    "daemon/dovecot/": (("common/", "daemon/smtp/", "daemon/door/", "daemon/dovecot/"),
                        ("Beast",)),
    "daemon/net/tls/": (("common/", "daemon/guard/", "daemon/net/tls/"), ("OpenSSL",)),
    "daemon/net/": (("common/", "daemon/smtp/", "daemon/guard/", "daemon/maildir/",
                     "daemon/door/", "daemon/net/"), ("Asio",)),
    "daemon/": (("common/", "daemon/"), ("Asio", "OpenSSL")),
}
# Libraries that whole layers do not know, and the files that do.
ONLY_IN = {
    "LMDB": {"common/lmdb.h"},
    "CLI11": {"cli/option_binder.cpp", "cli/parse.cpp", "daemon/options.cpp"},
}
# These are functions of what happened: the standard library, less what reaches outside.
PURE_LAYERS = {"daemon/smtp/", "daemon/door/", "daemon/policy/", "daemon/dovecot/"}
NOT_PURE = {"thread", "mutex", "shared_mutex", "condition_variable", "future", "fstream",
            "filesystem", "iostream", "cstdio", "csignal", "random"}
# fmt: std::format is not in g++ 12. Of Boost what parses octets.
PURE = re.compile(r"\w+|fmt/\w+\.h|immintrin\.h|boost/(json|beast/http)/\w+\.hpp")
NOT_PURE_OURS = ("common/lmdb.h", "common/store")
CLOCK = re.compile(r"::now\s*\(|\bgettimeofday\b|\bclock_gettime\b|[^\w.>]time\s*\(\s*(nullptr|0)")
SMTP_WORD = re.compile(r"\b(EHLO|HELO|MAIL FROM|RCPT|STARTTLS|BDAT|QUIT|RSET|NOOP)\b"
                       r"|\"[2-5]\d\d[ \-]|\"\.\\r\\n")
NET_FILES = 8  # in a folder; most take about twenty times as long to compile as others

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|("(?:\\.|[^"\\\n])*")', re.S)


def without_comments(text):
    return COMMENT.sub(lambda m: m[1] or "\n" * m[0].count("\n"), text)


def violations(path, text):
    """(line, what is wrong) of one file, its path relative to the top."""
    layer = max((folder for folder in LAYERS if path.startswith(folder)), key=len)
    ours, libraries = LAYERS[layer]
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        if include := INCLUDE.match(line):
            quote, name = include.groups()
            if quote == '"' and not name.startswith(ours):
                yield number, f"{layer} does not know {name}"
            for library, prefixes in OUTSIDE.items():
                allowed = path in ONLY_IN[library] if library in ONLY_IN else library in libraries
                if name.startswith(prefixes) and not allowed:
                    yield number, f"{path} does not know {library}"
            if layer in PURE_LAYERS and (
                    name.startswith(NOT_PURE_OURS) if quote == '"'
                    else name in NOT_PURE or not PURE.fullmatch(name)):
                yield number, f"{layer} is pure: no {name}"
        elif layer in PURE_LAYERS and CLOCK.search(line):
            yield number, f"{layer} asks no clock: time is an argument"
        elif layer == "daemon/net/" and (word := SMTP_WORD.search(line)):
            yield number, f"{layer} speaks no SMTP: {word[0]}"


def sources():
    for folder in ("common", "cli", "daemon"):
        for path in sorted((TOP / folder).rglob("*")):
            if path.suffix in (".h", ".cpp"):
                yield str(path.relative_to(TOP)), path.read_text()


PLANTED = [
    ("common/x.cpp", "#include <boost/asio.hpp>"),
    ("common/x.cpp", '#include "cli/parse.h"'),
    ("common/x.h", "#include <openssl/evp.h>"),
    ("common/store.h", "#include <lmdb.h>"),
    ("cli/add.cpp", "#include <CLI/CLI.hpp>"),
    ("cli/add.cpp", '#include "daemon/smtp/session.h"'),
    ("daemon/smtp/x.cpp", "#include <thread>"),
    ("daemon/smtp/x.cpp", "#include <sys/socket.h>"),
    ("daemon/smtp/x.cpp", '#include "common/store_reader.h"'),
    ("daemon/smtp/x.cpp", '#include "daemon/guard/guard.h"'),
    ("daemon/smtp/x.cpp", "auto t = std::chrono::steady_clock::now();"),
    ("daemon/guard/x.cpp", '#include "daemon/net/connection.h"'),
    ("daemon/maildir/x.cpp", "#include <boost/asio/io_context.hpp>"),
    ("daemon/net/tls/x.cpp", '#include "daemon/smtp/session.h"'),
    ("daemon/net/tls/x.cpp", "#include <boost/asio.hpp>"),
    ("daemon/door/x.h", '#include "daemon/policy/exchange.h"'),
    ("daemon/policy/x.cpp", '#include "daemon/guard/guard.h"'),
    ("daemon/policy/x.cpp", "#include <boost/beast/http/parser.hpp>"),
    ("daemon/dovecot/x.cpp", "#include <boost/beast/core/tcp_stream.hpp>"),
    ("daemon/policy/x.cpp", "#include <boost/asio/io_context.hpp>"),
    ("daemon/policy/x.cpp", "#include <mutex>"),
    ("daemon/policy/x.cpp", "auto t = std::chrono::steady_clock::now();"),
    ("daemon/net/x.cpp", '#include "daemon/policy/exchange.h"'),
    ("daemon/net/x.cpp", "#include <openssl/ssl.h>"),
    ("daemon/net/x.cpp", 'write("250 ok");'),
    ("daemon/net/x.cpp", 'if (line == "EHLO") {'),
    ("daemon/net/x.cpp", "#include <CLI/CLI.hpp>"),
    ("daemon/main.cpp", '#include "cli/parse.h"'),
]
INNOCENT = [
    ("common/lmdb.h", "#include <lmdb.h>"),
    ("cli/parse.cpp", "#include <CLI/CLI.hpp>"),
    ("daemon/smtp/x.cpp", '#include <chrono>\n#include "common/rule.h"\n// the clock: ::now()'),
    ("daemon/net/x.cpp", '#include <boost/asio.hpp>\n/* EHLO\n is said */ auto url = "a//b";'),
]


def main():
    wrong = [f"finds nothing in: {path}: {text}" for path, text in PLANTED
             if not list(violations(path, text))]
    wrong += [f"finds {found} in: {path}" for path, text in INNOCENT
              if (found := list(violations(path, text)))]
    files = list(sources())
    wrong += [f"{path}:{number}: {what}" for path, text in files
              for number, what in violations(path, text)]
    for folder in ("daemon/net", "daemon/net/front", "daemon/net/behind", "daemon/net/door"):
        net = [path for path, _ in files if re.fullmatch(rf"{folder}/\w+\.cpp", path)]
        if len(net) > NET_FILES:
            wrong.append(f"{folder}/ has {len(net)} files to compile, more than {NET_FILES}")
    print(*wrong, f"{len(files)} files, {len(wrong)} violations", sep="\n")
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main())
