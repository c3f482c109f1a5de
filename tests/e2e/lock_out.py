"""An authentication policy server as Dovecot asks one (auth_policy): it locks an account out for
good once so many logins of it have failed, whatever address they came from."""

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SETTINGS = """\
auth_policy_server_url = http://127.0.0.1:{port}/
auth_policy_hash_nonce = tests
"""


class LockOut:
    """`failures` are those reported of each account, `settings` what Dovecot is to be told."""

    def __init__(self, most):
        self.failures = Counter()
        lock_out = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                locked = lock_out.failures[asked["login"]] >= most
                if "report" in self.path and not asked["success"]:
                    lock_out.failures[asked["login"]] += 1
                answer = json.dumps({"status": -1 if locked else 0, "msg": "", "attrs": {}}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.settings = SETTINGS.format(port=self._server.server_address[1])

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
