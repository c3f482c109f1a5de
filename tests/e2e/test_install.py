"""`cmake --install` puts everything where a package has it, or below /usr/local; what CPack is told
is whole. Runs on the build folder of the programs under test."""

import os
import pathlib
import shutil
import stat
import subprocess
import tempfile
import unittest

from support import CLI, TOP, need

BUILD = pathlib.Path(CLI).parents[1]
UNITS = sorted(path.name for path in (TOP / "daemon").rglob("*")
               if path.suffix in (".service", ".socket"))
DROP_INS = tuple(f"/examples/{path.name}" for path in (TOP / "daemon/service").glob("*.conf"))
# What goes to /etc, by the folder that it lies in.
CONFIGURATION = {
    "smtpblock/smtpblock.toml": 0o644,
    **{str(path.relative_to(TOP / "daemon")): 0o644
       for path in (TOP / "daemon/fail2ban").rglob("*.conf")},
    **{f"apparmor.d/{path.name}": 0o644 for path in (TOP / "daemon/apparmor").glob("usr.*")},
}
EVERYWHERE = {
    "bin/smtpblock": 0o755,
    "sbin/smtpblockd": 0o755,
    "lib/sysusers.d/smtpblock.conf": 0o644,
    "lib/tmpfiles.d/smtpblock.conf": 0o644,
    "share/bash-completion/completions/smtpblock": 0o644,
    "share/fish/vendor_completions.d/smtpblock.fish": 0o644,
    "share/man/man1/smtpblock.1": 0o644,
    "share/man/man5/smtpblock.toml.5": 0o644,
    "share/man/man7/smtpblock-patterns.7": 0o644,
    "share/man/man8/smtpblockd.8": 0o644,
}


def installed(folder, prefix):
    """What lies in the folder after an installation there: each file's path and mode."""
    done = subprocess.run([need("cmake"), "--install", str(BUILD), "--prefix", prefix], text=True,
                          capture_output=True, timeout=120, env=os.environ | {"DESTDIR": folder})
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode)
            for path in pathlib.Path(folder).rglob("*") if path.is_file()}


def less_drop_ins(found):
    """Examples of configuration for the unit are ones everywhere."""
    return {path: mode for path, mode in found.items() if not path.endswith(DROP_INS)}


def unit_folder():
    """Where systemd says that the units of packages lie, else where they do in Debian 12."""
    said = ""
    if shutil.which("pkg-config"):
        said = subprocess.run(["pkg-config", "--variable=systemdsystemunitdir", "systemd"],
                              text=True, capture_output=True).stdout.strip()
    return (said or "/lib/systemd/system").lstrip("/")


class Install(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="smtpblock-install-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_under_usr_as_a_package_has_it(self):
        found = installed(self.folder, "/usr")
        units = unit_folder()
        expected = {f"usr/{path}": mode for path, mode in EVERYWHERE.items()}
        expected |= {f"{units}/{name}": 0o644 for name in UNITS}
        expected |= {f"etc/{path}": mode for path, mode in CONFIGURATION.items()}
        zsh = "vendor-completions" if os.path.exists("/etc/debian_version") else "site-functions"
        expected[f"usr/share/zsh/{zsh}/_smtpblock"] = 0o644
        self.assertEqual(less_drop_ins(found), expected)

    def test_under_usr_local_all_stays_below_it(self):
        found = installed(self.folder, "/usr/local")
        expected = dict(EVERYWHERE)
        expected |= {f"lib/systemd/system/{name}": 0o644 for name in UNITS}
        expected["share/zsh/site-functions/_smtpblock"] = 0o644
        expected |= {f"share/doc/smtpblock/examples/etc/{path}": mode
                     for path, mode in CONFIGURATION.items()}
        self.assertEqual(less_drop_ins(found),
                         {f"usr/local/{path}": mode for path, mode in expected.items()})
        unit = pathlib.Path(self.folder, "usr/local/lib/systemd/system/smtpblockd.service")
        self.assertIn("ExecStart=/usr/local/sbin/smtpblockd\n", unit.read_text())

    def test_a_configuration_that_is_there_stays(self):
        configuration = pathlib.Path(self.folder, "etc/smtpblock/smtpblock.toml")
        configuration.parent.mkdir(parents=True)
        configuration.write_text("# mine\n")
        installed(self.folder, "/usr")
        self.assertEqual(configuration.read_text(), "# mine\n")

    def test_what_the_package_is_made_by_is_whole(self):
        told = (BUILD / "CPackConfig.cmake").read_text()
        self.assertIn('set(CPACK_GENERATOR "DEB")', told)
        self.assertIn('set(CPACK_STRIP_FILES "ON")', told)
        scripts = BUILD / "daemon/package"
        for name in ("postinst", "prerm", "postrm"):
            self.assertIn(f"{scripts}/{name}", told)
            text = (scripts / name).read_text()
            subprocess.run(["sh", "-n", scripts / name], check=True)
            for unit in UNITS:
                self.assertIn(unit, text)
            self.assertNotIn("@", text)


if __name__ == "__main__":
    unittest.main()
