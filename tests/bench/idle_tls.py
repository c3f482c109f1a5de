"""What an idle session in TLS costs, in KiB of memory (PSS): smtpblockd beside nginx mail and
haproxy, each with implicit TLS and the same certificate, measured after EHLO. In front of haproxy's
sessions stands a server that does nothing else; the others greet by themselves.

    idle_tls.py [SESSIONS...]     500 and 1000 by default

SMTPBLOCK_TEST_DAEMON and SMTPBLOCK_TEST_CLI name the programs, NGINX_MODULES the directory of
ngx_mail_module.so. What is not installed is left out.
"""

import asyncio
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from certificates import Authority  # noqa: E402
from postfix import free_ports  # noqa: E402
from support import DAEMON, ENVIRONMENT, WITH_US, Store, wait_until  # noqa: E402

NAME = "mx.example.org"
WARM = 20  # sessions before the first measurement, so that what is made once is not counted
NGINX_MODULES = os.environ.get("NGINX_MODULES", "/usr/lib/nginx/modules")


class Greeter:
    """A mail server that greets, answers EHLO, and waits."""

    def __init__(self):
        self.port, = free_ports(1)
        started = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve(started)), daemon=True).start()
        started.wait(10)

    async def _serve(self, started):
        server = await asyncio.start_server(self._session, "127.0.0.1", self.port, backlog=4096)
        started.set()
        async with server:
            await server.serve_forever()

    async def _session(self, reader, writer):
        writer.write(b"220 mx.fake.example ESMTP\r\n")
        while await reader.readline():
            writer.write(b"250 mx.fake.example\r\n")
        writer.close()


def smtpblockd(folder, chain, key, port, upstream):
    store = Store(folder / "store").init()
    (folder / "smtpblock.toml").write_text(f"""
[limits]
sessions_per_client = 100000
[[listener]]
listen = "127.0.0.1:{port}"
upstream = "smtp://127.0.0.1:{upstream}"
client_address = "none"
tls = true
certificates = [{{ chain = "{chain}", key = "{key}" }}]
""")
    return [DAEMON, "--store", store.path, "--config", str(folder / "smtpblock.toml"),
            "--log-level", "error"]


def nginx(folder, chain, key, port, upstream):
    if not shutil.which("nginx") or not os.path.exists(f"{NGINX_MODULES}/ngx_mail_module.so"):
        return None
    (folder / "nginx.conf").write_text(f"""
load_module {NGINX_MODULES}/ngx_mail_module.so;
user root;
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 10000; }}
mail {{
  server_name {NAME};
  auth_http 127.0.0.1:{upstream};
  ssl_certificate {chain};
  ssl_certificate_key {key};
  server {{ listen 127.0.0.1:{port} ssl backlog=4096; protocol smtp; smtp_auth none; timeout 1h; }}
}}
""")
    return ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e",
            str(folder / "error.log")]


def haproxy(folder, chain, key, port, upstream):
    if not shutil.which("haproxy"):
        return None
    both = folder / "both.pem"
    both.write_text(chain.read_text() + key.read_text())
    (folder / "haproxy.cfg").write_text(f"""
global
  maxconn 8000
  nbthread 1
defaults
  mode tcp
  timeout connect 10s
  timeout client 1h
  timeout server 1h
listen smtp
  bind 127.0.0.1:{port} ssl crt {both}
  server mta 127.0.0.1:{upstream}
""")
    return ["haproxy", "-f", str(folder / "haproxy.cfg"), "-db"]


def descendants(pid):
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += descendants(int(child))
    return found


def pss(pid):
    """KiB of a process and all below it."""
    total = 0
    for one in descendants(pid):
        for line in pathlib.Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total


def say(secure, command):
    """Returns when the whole reply is there."""
    secure.sendall(command)
    octets = b""
    while not octets.endswith(b"\n") or octets.splitlines()[-1][3:4] == b"-":
        if not (more := secure.recv(4096)):
            raise SystemExit(f"no reply to {command!r}: {octets!r}")
        octets += more


def session(context, port):
    raw = socket.create_connection(("127.0.0.1", port), timeout=60)
    secure = context.wrap_socket(raw, server_hostname=NAME)
    say(secure, b"")
    say(secure, b"EHLO client.example.net\r\n")
    return secure


def at_rest(pid, one):
    """What pss() says once all that happened before is dealt with: each of the peers has one
    thread, so that it answers `one`, a session, behind that."""
    say(one, b"NOOP\r\n")
    return pss(pid)


def connects(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def measure(make, counts, context, chain, key, greeter):
    port, = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="smtpblock-bench-") as name:
        words = make(pathlib.Path(name), chain, key, port, greeter.port)
        if not words:
            return print(f"{make.__name__:12} not installed")
        process = subprocess.Popen([*WITH_US, *words], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env=ENVIRONMENT)
        try:
            wait_until(f"{make.__name__} listens", lambda: connects(port))
            first = session(context, port)  # is there from before the first measurement
            for warm in [session(context, port) for _ in range(WARM)]:
                warm.close()
            base, sessions = at_rest(process.pid, first), []
            for count in counts:
                sessions += [session(context, port) for _ in range(count - len(sessions))]
                each = (at_rest(process.pid, first) - base) / count
                print(f"{make.__name__:12} {count:6} sessions {each:7.2f} KiB each", flush=True)
            for one in [first, *sessions]:
                one.close()
        finally:
            process.terminate()
            process.wait(60)


def main():
    counts = sorted(int(word) for word in sys.argv[1:]) or [500, 1000]
    with tempfile.TemporaryDirectory(prefix="smtpblock-bench-") as name:
        authority = Authority(name)
        chain, key = authority.issue(NAME)
        context = ssl.create_default_context(cafile=authority.ca)
        greeter = Greeter()
        for make in (smtpblockd, nginx, haproxy):
            measure(make, counts, context, chain, key, greeter)


if __name__ == "__main__":
    main()
