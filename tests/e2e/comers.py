"""Clients that come again and again while the daemon is restarted, each with a message; nobody may
be lost. One who was there when the daemon was stopped is told so by 421; one who had a recipient
through ends his transaction.

As a program, `comers.py PORT` comes to that port until its standard input ends, says a line for
each client that was lost, and at last how many messages were taken."""

import sys
import threading

from client import Client

RECIPIENT = "bob@example.org"


class Comers:
    """`connect` by kind gives a client that has been greeted; `each` of a kind come at a time.
    `lost` says of each who was lost how, `delivered` counts messages."""

    def __init__(self, connect, each=4):
        self.connect = connect
        self.lost = []
        self.delivered = dict.fromkeys(connect, 0)
        self._counting = threading.Lock()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._come, args=[kind])
                         for kind in connect for _ in range(each)]
        for one in self._threads:
            one.start()

    def stop(self):
        self._over.set()
        for one in self._threads:
            one.join()

    def have_delivered(self, before, more=5):
        """True when clients of each kind came through since then; or when one was lost."""
        return bool(self.lost) or all(self.delivered[kind] >= before[kind] + more
                                      for kind in self.connect)

    def _come(self, kind):
        while not self._over.is_set():
            try:
                with self.connect[kind]() as client:
                    if self._speak(client):
                        with self._counting:
                            self.delivered[kind] += 1
            except Exception as failure:  # whatever it is, it is a client that was lost
                self.lost.append(f"{kind}: {failure!r}")

    def _speak(self, client):
        """True when the message was taken."""
        self._expect(client.greeting, 220)
        for line in ("EHLO client.example.net", "MAIL FROM:<a@example.com>",
                     f"RCPT TO:<{RECIPIENT}>"):
            reply = client.say(line)
            if reply.code == 421:
                return False
            self._expect(reply, 250)
        self._expect(client.say("DATA"), 354)
        self._expect(client.body(b"Subject: x\r\n\r\nHello."), 250)
        return True

    @staticmethod
    def _expect(reply, code):
        if reply.code != code:
            raise AssertionError(f"{reply.text} instead of {code}")


if __name__ == "__main__":
    comers = Comers({"smtp": lambda: Client(int(sys.argv[1]))})
    sys.stdin.read()
    comers.stop()
    print(*comers.lost, comers.delivered["smtp"], sep="\n")
