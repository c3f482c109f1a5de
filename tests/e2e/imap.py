"""What a Dovecot of the tests needs to serve IMAP too, and how its logins go."""

import imaplib
import os
import pwd

SETTINGS = """\
protocols = imap
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


def settings(folder, port):
    """With mailboxes in `folder`, which is made."""
    owner = pwd.getpwnam("nobody")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mail").mkdir()
    if os.geteuid() == 0:
        os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
    return SETTINGS.format(folder=folder, port=port, uid=owner.pw_uid, gid=owner.pw_gid)


def log_in(port, user, password):
    """What the server says to it: `OK` and so on, without its capabilities."""
    with imaplib.IMAP4("127.0.0.1", port, timeout=60) as client:
        try:
            status, (words, *_) = client.login(user, password)
        except imaplib.IMAP4.error as refused:
            return f"NO {refused.args[0].decode()}"
        return f"{status} {words.decode().split('] ')[-1]}"
