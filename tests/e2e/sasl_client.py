"""The client's side of the SASL mechanisms, with what Python brings. A mechanism is a generator: it
gives the responses and is sent the challenges, both decoded; its first response is None where the
server speaks first."""

import base64
import hashlib
import hmac
import re
import secrets


def plain(user, password):
    """RFC 4616."""
    yield f"\0{user}\0{password}".encode()


def login(user, password):
    """The server asks for the name and for the password."""
    yield None
    yield user.encode()
    yield password.encode()


def login_at_once(user, password):
    """The name as initial response."""
    yield user.encode()
    yield password.encode()


def cram_md5(user, password):
    """RFC 2195."""
    challenge = yield None
    yield f"{user} {hmac.new(password.encode(), challenge, 'md5').hexdigest()}".encode()


def scram(method):
    """RFC 5802 without channel binding. The signature of the server is checked: who does not know
    the password cannot make it."""
    def responses(user, password):
        name = user.replace("=", "=3D").replace(",", "=2C")
        bare = f"n={name},r={secrets.token_urlsafe(18)}"
        server_first = (yield f"n,,{bare}".encode()).decode()
        nonce, salt, rounds = re.fullmatch("r=(.*),s=(.*),i=(.*)", server_first).groups()
        salted = hashlib.pbkdf2_hmac(method, password.encode(), base64.b64decode(salt), int(rounds))

        def keyed(key, text):
            return hmac.digest(key, text, method)
        client_key = keyed(salted, b"Client Key")
        unproven = f"c=biws,r={nonce}"
        signed = f"{bare},{server_first},{unproven}".encode()
        signature = keyed(hashlib.new(method, client_key).digest(), signed)
        proof = bytes(a ^ b for a, b in zip(client_key, signature))
        server_final = yield f"{unproven},p={base64.b64encode(proof).decode()}".encode()
        expected = base64.b64encode(keyed(keyed(salted, b"Server Key"), signed))
        if server_final != b"v=" + expected:
            raise AssertionError(f"the server's signature is {server_final}, not {expected}")
        yield b""
    return responses


def xoauth2(user, token):
    """Google's; the server answers a bad token with a challenge that wants an empty response."""
    yield f"user={user}\1auth=Bearer {token}\1\1".encode()
    yield b""


def oauthbearer(user, token):
    """RFC 7628; a bad token is answered by a challenge that wants a lone \\x01."""
    name = user.replace("=", "=3D").replace(",", "=2C")
    yield f"n,a={name},\1host=mail.example.com\1port=587\1auth=Bearer {token}\1\1".encode()
    yield b"\1"


MECHANISMS = {
    "PLAIN": plain,
    "LOGIN": login,
    "CRAM-MD5": cram_md5,
    "SCRAM-SHA-1": scram("sha1"),
    "SCRAM-SHA-256": scram("sha256"),
    "XOAUTH2": xoauth2,
    "OAUTHBEARER": oauthbearer,
}
TOKENS = ("XOAUTH2", "OAUTHBEARER")


def log_in(client, name, user, secret, initial=True, way=None):
    """Every reply to AUTH, the last one the outcome, and every response, decoded. With `initial`
    the first response goes with the command where there is one."""
    exchange = (way or MECHANISMS[name])(user, secret)
    response = next(exchange)
    responses = []
    command = f"AUTH {name}"
    if initial and response is not None:
        responses.append(response)
        command += " " + base64.b64encode(response).decode()
        response = None
    replies = [client.say(command)]
    while replies[-1].code == 334:
        if response is None:
            response = exchange.send(base64.b64decode(replies[-1].text[4:]))
        responses.append(response)
        replies.append(client.say(base64.b64encode(response).decode()))
        response = None
    return replies, responses
