// Passwords of the embedded Maildir's accounts: crypt(3) hashes. Slow on purpose, so never called
// on the network's thread.
#pragma once

#include <string>

#include "daemon/smtp/secret.h"

namespace smtpblock::maildir {

/// True when `hash` is the hash of `secret`.
bool password_matches(const std::string& hash, const smtp::Secret& secret);

}  // namespace smtpblock::maildir
