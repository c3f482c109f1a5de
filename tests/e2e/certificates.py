"""A certificate authority in a test's folder, made with the openssl command line."""

import datetime
import ipaddress
import pathlib
import subprocess

from support import need

KEYS = {"rsa": ["rsa:2048"], "ec": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]}

CONFIGURATION = """[req]
distinguished_name = none
[none]
[ca]
default_ca = here
[here]
dir = {folder}
database = $dir/index
rand_serial = yes
new_certs_dir = $dir
certificate = $dir/ca.pem
private_key = $dir/ca.key
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""


def openssl(*words):
    done = subprocess.run([need("openssl"), *map(str, words)], capture_output=True, text=True,
                          timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(map(str, words))}:\n{done.stderr}")
    return done.stdout


def stamp(days):
    """The moment that many days from now, as openssl writes it."""
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return moment.strftime("%Y%m%d%H%M%SZ")


def alternative_name(name):
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"


class Authority:
    """`ca` is the path of its certificate, to be trusted (SSL_CERT_FILE, or a client's cafile)."""

    def __init__(self, folder, name="Test CA"):
        self._prepare(folder, name, [])
        openssl("req", "-x509", "-newkey", *KEYS["ec"], "-nodes", "-days", 3650, "-subj",
                f"/CN={name}", "-keyout", self.folder / "ca.key", "-out", self.ca)

    def _prepare(self, folder, name, above):
        self.folder = pathlib.Path(folder) / name.replace(" ", "-")
        self.folder.mkdir(parents=True)
        self.ca = self.folder / "ca.pem"
        self._above = above  # the certificates that a chain needs beside the leaf and the root
        self._issued = 0
        self._configuration = self.folder / "openssl.cnf"
        self._configuration.write_text(CONFIGURATION.format(folder=self.folder))
        (self.folder / "index").touch()

    def issue(self, *names, days=30, begins=0, key="ec", extensions=()):
        """A certificate for these host names and addresses, valid from `begins` to `days` days
        from now; less than 0: expired. Gives the paths of the chain and of the key."""
        self._issued += 1
        base = self.folder / f"{self._issued}-{names[0].replace('*', 'any')}-{key}"
        chain, key_file, request = (base.with_name(f"{base.name}.{end}")
                                    for end in ("pem", "key", "csr"))
        wanted = ["subjectAltName=" + ",".join(map(alternative_name, names)), *extensions]
        openssl("req", "-new", "-newkey", *KEYS[key], "-nodes", "-config", self._configuration,
                "-subj", f"/CN={names[0]}", *(f"-addext={one}" for one in wanted),
                "-keyout", key_file, "-out", request)
        openssl("ca", "-batch", "-notext", "-config", self._configuration, "-startdate",
                stamp(min(begins, days) - 1 / 24), "-enddate", stamp(days), "-in", request,
                "-out", chain)
        chain.write_text(chain.read_text() + "".join(self._above))
        key_file.chmod(0o600)
        return chain, key_file

    def intermediate(self, name="Intermediate CA", days=30):
        """An authority below this one, whose chains hold its own certificate too."""
        below = Authority.__new__(Authority)
        below._prepare(self.folder, name, [])
        chain, key = self.issue(name.replace(" ", "-"), days=days,
                                extensions=("basicConstraints=critical,CA:TRUE",))
        key.rename(below.folder / "ca.key")
        below.ca.write_text(chain.read_text())
        below._above = [chain.read_text()]
        return below
