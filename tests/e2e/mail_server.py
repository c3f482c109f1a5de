"""What the real mail servers of the tests have in common: a port that answers, and a mailbox."""

import random
import socket

from support import wait_until


given_ports = set()


def free_ports(number):
    """Ports of loopback that nobody listens on, nor is about to in this process. The kernel picks
    none of these for the client's end of a connection."""
    ports = []
    while len(ports) < number:
        port = random.randrange(10000, 32768)
        if port in given_ports:
            continue
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        given_ports.add(port)
        ports.append(port)
    return ports


class MailServer:
    """`name` for what is said of it, `mailbox` the Maildir that it delivers to, `process` what was
    started of it and `output` the file with what that said."""

    name = mailbox = process = output = None

    def wait_answer(self, port, source="127.0.0.1", first=b""):
        """Once it greets who comes from that address and says `first`; when it does not, it is
        stopped."""
        def greets():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} has ended")
            try:
                with socket.create_connection(("127.0.0.1", port), 5, (source, 0)) as connection:
                    connection.sendall(first)
                    return connection.recv(512).startswith(b"220")
            except OSError:
                return False
        try:
            wait_until(f"{self.name} answers", greets)
        except AssertionError as silent:
            said = self.output.read_text() + self.log()
            self.stop()
            raise AssertionError(f"{silent}\n{said}")

    def log(self):
        raise NotImplementedError

    def stop(self):
        raise NotImplementedError

    def files(self):
        """Those of the mailbox, oldest first."""
        new = self.mailbox / "new"
        if not new.is_dir():
            return []
        return sorted(new.iterdir(), key=lambda path: path.stat().st_mtime_ns)

    def messages(self):
        return [path.read_bytes() for path in self.files()]

    def wait_message(self, number):
        """Message `number`, counted from 1, once it is there."""
        return wait_until(f"message {number} in the mailbox",
                          lambda: len(found := self.files()) >= number and found
                          )[number - 1].read_bytes()

    def take_messages(self, number):
        """That many, which are all, out of the mailbox, once they are there."""
        self.wait_message(number)
        taken = []
        for file in self.files():
            taken.append(file.read_bytes())
            file.unlink()
        return sorted(taken)
