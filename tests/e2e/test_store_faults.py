"""What can go wrong with a store, each with its own message, one line, and its exit status; and the
rules that were there are there afterwards wherever the file still has them."""

import os
import pathlib
import shutil
import subprocess
import unittest

from support import CLI, ENVIRONMENT, PATIENCE, Store, TestCase

ROOT = os.geteuid() == 0


def sh(script, **variables):
    """Runs a script in a mount namespace of its own, so that what it mounts ends with it. Gives its
    lines."""
    done = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-eu"],
                          input=script, text=True, capture_output=True, timeout=PATIENCE * 4,
                          env={**ENVIRONMENT, "smtpblock": CLI, **variables})
    if done.returncode != 0:
        raise AssertionError(f"{script}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout.splitlines()


class Faults(TestCase):
    def setUp(self):
        super().setUp()
        self.store.run("add", "a@x.example", "b@x.example")
        self.data = pathlib.Path(self.store.path, "rules", "data.mdb")

    def refused(self, *command, says, status=1, store=None):
        """The command fails with one line that has those words in it."""
        done = (store or self.store).run(*command, status=status)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("smtpblock: "), done.stderr)
        for word in says:
            self.assertIn(word, done.stderr)

    def check_rules(self, store=None):
        listed = (store or self.store).run("list").stdout
        self.assertIn("a@x.example", listed)
        self.assertIn("b@x.example", listed)

    # The disk and the map

    @unittest.skipUnless(ROOT, "mounting needs root")
    def test_a_full_disk(self):
        lines = sh("""
            disk=$(mktemp -d)
            mount -t tmpfs -o size=1m none "$disk"
            store=$disk/store
            "$smtpblock" --store "$store" init --quiet
            n=0
            while "$smtpblock" --quiet --store "$store" add u$n@x.example >/dev/null 2>"$disk/../said.$$"
            do
                n=$((n + 1))
                [ $n != 20 ] || dd if=/dev/zero of="$disk/filler" bs=4096 2>/dev/null || :
            done
            cat "$disk/../said.$$"; rm "$disk/../said.$$"
            echo "$n $("$smtpblock" --store "$store" list | wc -l)"
            "$smtpblock" --store "$store" status --verify
            rm "$disk/filler"
            "$smtpblock" --quiet --store "$store" add after@x.example
            umount "$disk"; rmdir "$disk"
            """)
        said, counts, verified, added = lines
        self.assertRegex(said, r"^smtpblock: .*the disk is full.*nothing was changed$")
        landed, there = counts.split()
        self.assertGreaterEqual(int(landed), 20)
        self.assertEqual(landed, there)
        self.assertIn("all sound", verified)
        self.assertEqual(int(added), int(landed) + 1)

    @unittest.skipUnless(ROOT, "mounting needs root")
    def test_a_disk_too_full_for_a_store(self):
        said, status, left = sh("""
            disk=$(mktemp -d)
            mount -t tmpfs -o size=64k none "$disk"
            dd if=/dev/zero of="$disk/filler" bs=4096 count=12 2>/dev/null
            "$smtpblock" --store "$disk/store" add a@x.example 2>&1 && echo 0 || echo $?
            ls "$disk/store" | wc -l
            umount "$disk"; rmdir "$disk"
            """)
        self.assertRegex(said, r"^smtpblock: .*No space left on device$")
        self.assertEqual(status, "1")
        self.assertEqual(left, "0")

    def test_a_full_map(self):
        environment = {**ENVIRONMENT, "SMTPBLOCK_MAP_SIZE": str(200 * 1024)}
        store = Store(self.folder / "small")

        def run(*command):
            return subprocess.run([CLI, "--store", store.path, *command], env=environment,
                                  text=True, capture_output=True, timeout=PATIENCE, check=False)
        added = 0
        while (done := run("add", *(f"u{added}-{n}@x.example" for n in range(50)))).returncode == 0:
            added += 1
        self.assertEqual(done.returncode, 1)
        self.assertIn("the store is full; delete rules", done.stderr)
        self.assertIn("nothing was changed", done.stderr)
        self.assertEqual(len(run("list").stdout.splitlines()), 50 * added)
        done = run("delete", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(run("delete", *map(str, range(2, 50))).returncode, 0)
        self.assertEqual(run("list").stdout.count("\n"), 50 * added - 49)

    # Who may do what

    @unittest.skipUnless(ROOT, "mounting needs root")
    def test_a_read_only_store(self):
        lines = sh("""
            mount --bind "$store" "$store"
            mount -o remount,ro,bind "$store"
            "$smtpblock" --store "$store" add c@x.example 2>&1 && echo 0 || echo $?
            "$smtpblock" --store "$store" list 2>&1 && echo 0 || echo $?
            umount "$store"
            """, store=self.store.path)
        add, add_status, read, read_status = lines
        self.assertIn("Read-only file system", add)
        self.assertEqual(add_status, "1")
        self.assertIn("read without locks", read)
        self.assertIn("ReadWritePaths=", read)
        self.assertEqual(read_status, "1")
        self.check_rules()

    @unittest.skipUnless(ROOT, "another owner needs root")
    def test_a_store_of_another_user(self):
        os.chown(self.store.path, 65534, 65534)
        self.refused("add", "c@x.example", status=5,
                     says=["belongs to user nobody", "run this as that user, or chown it"])
        os.chown(self.store.path, 0, 0)
        self.check_rules()

    @unittest.skipUnless(ROOT, "another user needs root")
    def test_a_user_without_rights(self):
        cli = shutil.copy(CLI, self.folder / "smtpblock")
        for command in (["add", "c@x.example"], ["list"], ["undo"], ["pause"]):
            done = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534",
                                   "--clear-groups", cli, "--store", self.store.path, *command],
                                  text=True, capture_output=True, timeout=PATIENCE,
                                  env=ENVIRONMENT, check=False)
            self.assertEqual(done.returncode, 5, done.stderr)
            self.assertIn("use sudo, or --store DIR", done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)
        self.check_rules()

    # The file

    def test_garbage(self):
        octets = self.data.read_bytes()
        for garbage in (os.urandom(len(octets)), b"\0" * len(octets), b"hello\n"):
            self.data.write_bytes(garbage)
            for command in (["add", "c@x.example"], ["list"], ["check", "--from", "a@x.example"],
                            ["undo"], ["status", "--verify"]):
                self.refused(*command, says=["data.mdb"])
        self.data.write_bytes(octets)
        self.check_rules()

    def test_a_file_that_was_cut(self):
        octets = self.data.read_bytes()
        for length in (0, 4096, 8192, len(octets) // 2 // 4096 * 4096):
            self.data.write_bytes(octets[:length])
            for command in (["list"], ["check", "--from", "a@x.example"]):
                done = subprocess.run([CLI, "--store", self.store.path, *command], text=True,
                                      capture_output=True, timeout=PATIENCE, env=ENVIRONMENT,
                                      check=False)
                # The half may still have what is asked for; it is never denied that it is there.
                if done.returncode != 1:
                    self.assertIn(done.returncode, (0, 10))
                    self.assertIn("a@x.example", done.stdout)
                else:
                    self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.data.write_bytes(octets)
        self.check_rules()

    def test_a_flipped_bit_is_named_by_verify(self):
        octets = bytearray(self.data.read_bytes())
        places = [at for at in range(len(octets)) if octets.startswith(b"a@x.example", at)]
        self.assertTrue(places)
        for at in places:
            octets[at] ^= 1
        self.data.write_bytes(octets)
        done = self.store.run("status", "--verify", status=1)
        self.assertIn("damaged", done.stderr)
        self.assertIn("smtpblock restore", done.stderr)

    def test_a_store_of_a_newer_version(self):
        octets = self.data.read_bytes()
        head = b"state" + b"\0\0\0\2"
        self.assertIn(head, octets)
        self.data.write_bytes(octets.replace(head, b"state" + b"\0\0\0\x7f"))
        for command in (["add", "c@x.example"], ["list"], ["check", "--from", "a@x.example"]):
            self.refused(*command, says=["made by a newer smtpblock", "upgrade this one"])
        self.data.write_bytes(octets)
        self.check_rules()

    def test_a_store_that_vanishes(self):
        # While `add -` waits for its patterns.
        adding = subprocess.Popen([CLI, "--store", self.store.path, "add", "-"], text=True,
                                  env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        adding.stdin.write("c@x.example\n")
        adding.stdin.flush()
        away = self.folder / "away"
        os.rename(self.store.path, away)
        out, said = adding.communicate(timeout=PATIENCE)
        # It may have been open by then; else add makes a new store, and says so.
        self.assertEqual(adding.returncode, 0, said)
        self.assertIn("c@x.example", out)
        shutil.rmtree(self.store.path, ignore_errors=True)
        for command in (["list"], ["show", "1"], ["history"], ["undo"], ["delete", "1"],
                        ["check", "--from", "a@x.example"], ["status"]):
            self.refused(*command, says=["no store there", "smtpblock init"])
        os.rename(away, self.store.path)
        self.check_rules()


if __name__ == "__main__":
    unittest.main()
