"""A client that asks what Dovecot asks its authentication policy server, on one connection."""

import http.client
import json
import time
from typing import NamedTuple

from client import Closed

HEADERS = {"Content-Type": "application/json"}


class Answer(NamedTuple):
    code: int
    status: int  # of the policy: -1 fails the login; None: there is none
    asked: float  # time.monotonic()
    got: float


class AuthPolicyClient:
    def __init__(self, port, key=None):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {**HEADERS, **({"X-API-Key": key} if key else {})}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._connection.close()

    def ask(self, login, protocol="smtp", command="allow", remote="192.0.2.7", **more):
        body = json.dumps({"login": login, "protocol": protocol, "remote": remote, **more})
        asked = time.monotonic()
        try:
            self._connection.request("POST", f"/?command={command}", body, self._headers)
            response = self._connection.getresponse()
            said = response.read()
        except (http.client.HTTPException, ConnectionError) as gone:
            raise Closed(str(gone)) from gone
        got = time.monotonic()
        status = json.loads(said)["status"] if response.status == 200 else None
        return Answer(response.status, status, asked, got)
