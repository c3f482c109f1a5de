// Passwords of the embedded Maildir's accounts: crypt(3) hashes. Slow on purpose, so never called
// on the network's thread.
#pragma once

#include <string>
#include <string_view>

namespace smtpblock::maildir {

/// Overwrites `secret` and makes it empty.
void wipe(std::string& secret);

/// A text that is wiped when it goes.
class Secret {
public:
    explicit Secret(std::string_view text) : text_(text) {}
    ~Secret() { wipe(text_); }
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;

    const std::string& text() const { return text_; }

private:
    std::string text_;
};

/// True when `hash` is the hash of `secret`.
bool password_matches(const std::string& hash, const Secret& secret);

}  // namespace smtpblock::maildir
