"""The Debian package of this checkout, and what can be read out of one."""

import fcntl
import os
import pathlib
import re
import shutil

from debian_tree import output
from support import TOP, need

BUILD = TOP / "build-package"
GIVEN = os.environ.get("SMTPBLOCK_TEST_PACKAGE")


def debian_package():
    """The path of the package: SMTPBLOCK_TEST_PACKAGE, else one that is made here of a Release
    build, kept in build-package/ for the next time. Debug information, which is not in the package,
    is there to tell how the programs were compiled."""
    if GIVEN:
        return pathlib.Path(GIVEN)
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / "lock", "w") as lock:  # tests run side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        output("cmake", "-S", TOP, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
               "-DSMTPBLOCK_TESTS=OFF", "-DCMAKE_CXX_FLAGS=-g1", *launcher)
        output("cmake", "--build", BUILD, seconds=5000)
        return packed(BUILD / "package")


def packed(folder):
    """The package that CPack makes of the build, in that folder. Its times are that of the last
    entry of the changelog."""
    made_at = output("dpkg-parsechangelog", "-l", TOP / "daemon/package/changelog",
                     "-S", "Timestamp").strip()
    said = output(need("cpack"), "-G", "DEB", "-B", folder, cwd=BUILD,
                  env=os.environ | {"SOURCE_DATE_EPOCH": made_at})
    return pathlib.Path(re.search(r"package: (\S+\.deb) generated", said)[1])


def newer(package, folder):
    """The package as it would be in the next version, with a word more in its configuration."""
    tree = folder / "newer"
    output("dpkg-deb", "-R", package, tree)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: (.*)$", r"Version: \1+1", control.read_text(),
                              flags=re.M))
    with open(tree / "etc/smtpblock/smtpblock.toml", "a") as file:
        file.write("# of the next version\n")
    return pathlib.Path(re.search(r"in '(.*)'", output(
        "dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, folder))[1])


def contents(package):
    """Each path in it, without the first slash: its mode, as ls(1) writes it, and its owner."""
    lines = [line.split(None, 5) for line in output("dpkg-deb", "-c", package).splitlines()]
    return {path.split(" -> ")[0].removeprefix("./"): (mode, owner)
            for mode, owner, _, _, _, path in lines}
