"""The units that systemd is given: no flaw that it finds, exposed no more than must be, and true to
what the configuration and the manual page say."""

import pathlib
import re
import shutil
import subprocess
import unittest

from recipes import files_of
from support import DAEMON, TOP, need, new_folder
from unit_file import UNITS, UnitFile

MOST_EXPOSED = 1.3
SERVICE = "smtpblockd.service"
PORTS = {"smtp": "25", "submission": "587", "submissions": "465", "policy": "127.0.0.1:10040",
         "dovecot": "127.0.0.1:10032"}


def analyze(*words):
    done = subprocess.run([need("systemd-analyze"), "--no-pager", *map(str, words)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    return done.returncode, done.stdout


class Units(unittest.TestCase):
    def setUp(self):
        self.folder = new_folder("units")
        self.addCleanup(shutil.rmtree, self.folder)
        for unit in UNITS.iterdir():
            shutil.copy(unit, self.folder)
        service = self.folder / SERVICE
        # The daemon that is tested is not installed.
        service.write_text(re.sub("^ExecStart=.*", f"ExecStart={DAEMON}", service.read_text(),
                                  flags=re.M))
        drop_ins = self.folder / f"{SERVICE}.d"
        drop_ins.mkdir()
        (self.folder / "credentials.conf").rename(drop_ins / "credentials.conf")

    def test_systemd_finds_no_flaw(self):
        units = [self.folder / SERVICE, *self.folder.glob("*.socket")]
        self.assertEqual(analyze("verify", "--man=no", "--recursive-errors=no", *units), (0, ""))

    def test_it_is_exposed_no_more_than_must_be(self):
        _, said = analyze("security", "--offline=true", self.folder / SERVICE)
        level = float(re.search(r"Overall exposure level for \S+ ([0-9.]+)", said)[1])
        self.assertLessEqual(level, MOST_EXPOSED, said)

    def test_each_socket_unit_is_one_port_of_the_service(self):
        self.assertEqual({path.name for path in UNITS.glob("*.socket")},
                         {f"smtpblockd-{name}.socket" for name in PORTS})
        for name, port in PORTS.items():
            unit = UnitFile(UNITS / f"smtpblockd-{name}.socket")
            self.assertEqual(unit.values("ListenStream"), [port])
            self.assertEqual(unit.value("FileDescriptorName"), name)
            self.assertEqual(unit.value("Service"), SERVICE)
            self.assertEqual(unit.values("Accept"), [])

    def test_the_recipes_have_the_ports_of_the_units(self):
        for recipe, name in (("Postfix that asks", "policy"), ("Dovecot without a front", "dovecot")):
            self.assertIn(PORTS[name], files_of(recipe)["/etc/smtpblock/smtpblock.toml"])

    def test_there_may_be_as_many_threads_and_clients_as_are_configured(self):
        unit = UnitFile(UNITS / SERVICE)
        self.assertGreater(int(unit.value("TasksMax")), 256 + 16)
        self.assertGreater(int(unit.value("LimitNOFILE")), (2 + 1 + 1) * 10000)

    def test_the_manual_page_names_the_credentials_of_the_drop_in(self):
        text = (TOP / "man/smtpblockd.8").read_text()
        for credential in UnitFile(UNITS / "credentials.conf").values("LoadCredential"):
            name, path = credential.split(":")
            for told in (f"/run/credentials/{SERVICE}/{name}", f"LoadCredential={credential}"):
                self.assertTrue(told in text, told)
            self.assertTrue(pathlib.Path(path).is_absolute())


if __name__ == "__main__":
    unittest.main()
