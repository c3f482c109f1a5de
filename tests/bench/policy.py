#!/usr/bin/python3
"""Policy requests a second, and the processor's time for each: smtpblockd with a million rules
beside a bare echo server.

    cmake -B bench -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSMTPBLOCK_BENCH=ON && cmake --build bench
    tests/bench/policy.py bench [CONNECTIONS DEPTH]    # 50 1; a depth above 1 is no Postfix's

The server has one processor and one thread, who asks has another one. Each round asks every server
once, one behind the other, so that whatever else the machine does falls on all alike: read the
ratios. BENCH_ROUNDS (5): rounds of BENCH_SECONDS (3).
"""

import contextlib
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from mail_server import free_ports  # noqa: E402
from support import ENVIRONMENT, WITH_US, wait_until  # noqa: E402

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "3"))
RULES = 1000000
TICKS = os.sysconf("SC_CLK_TCK")
DOOR = """\
store = "{store}"
threads = 1
[[listener]]
protocol = "policy"
listen = "127.0.0.1:{port}"
"""


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(b"request=smtpd_access_policy\nprotocol_state=RCPT\n\n")
            return connection.recv(100).startswith(b"action=")
    except OSError:
        return False


@contextlib.contextmanager
def running(port, *command):
    """On the first processor until the end; gives its pid once it answers."""
    process = subprocess.Popen([*WITH_US, "taskset", "-c", "0", *map(str, command)],
                               env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    try:
        wait_until(f"{command[0]} answers", lambda: answers(port))
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def processor_time(pid):
    """Seconds of the process and of those it has begun."""
    spent = 0
    pids = [pid]
    for one in pids:  # which grows meanwhile
        try:
            fields = pathlib.Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            pids += map(int, pathlib.Path(f"/proc/{one}/task/{one}/children").read_text().split())
        except FileNotFoundError:
            continue
        spent += (int(fields[11]) + int(fields[12])) / TICKS
    return spent


def store_of(build, folder):
    program = str(build / "cli/smtpblock")
    rules = folder / "rules.txt"
    with rules.open("w") as out:
        out.writelines(f"blk{number:08d}@spam.example\n" for number in range(RULES))
    store = folder / "store"
    for words in (["init"], ["--quiet", "import", "--format", "text", str(rules)]):
        subprocess.run([program, "--store", str(store), *words], check=True, env=ENVIRONMENT,
                       stdout=subprocess.DEVNULL)
    return store


def main(build, connections, depth):
    load = build / "tests/bench/policy_load"
    with tempfile.TemporaryDirectory(prefix="smtpblock-policy-") as name, \
            contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        ports = free_ports(2)
        (folder / "smtpblock.toml").write_text(
            DOOR.format(store=store_of(build, folder), port=ports[0]))
        servers = {
            "smtpblockd": (ports[0], build / "daemon/smtpblockd", "--config",
                           folder / "smtpblock.toml"),
            "echo": (ports[1], load, "echo", ports[1]),
        }
        pids = {server: stack.enter_context(running(*command))
                for server, command in servers.items()}
        rates = {server: [] for server in servers}
        costs = {server: [] for server in servers}
        for _ in range(ROUNDS):
            for server, (port, *_) in servers.items():
                before = processor_time(pids[server])
                done = subprocess.run(
                    ["taskset", "-c", "1", load, "ask", str(port), str(SECONDS), connections, depth],
                    check=True, capture_output=True, text=True)
                answered, rate = map(float, done.stdout.split())
                rates[server].append(rate)
                costs[server].append(1e6 * (processor_time(pids[server]) - before) / answered)
        for server in servers:
            print(f"{server:10}  {statistics.median(rates[server]):8.0f} requests/s "
                  f"({min(rates[server]):.0f}-{max(rates[server]):.0f})  "
                  f"{statistics.median(costs[server]):6.1f} us of processor each "
                  f"({min(costs[server]):.1f}-{max(costs[server]):.1f})  "
                  f"{statistics.median(costs[server]) / statistics.median(costs['echo']):6.2f} x echo")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 4):
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]).resolve(), *(sys.argv[2:] or ("50", "1")))
