#include "daemon/maildir/password.h"

#include <crypt.h>
#include <string.h>

#include <memory>
#include <string_view>

namespace smtpblock::maildir {
namespace {

/// In a time that does not tell how much of the two is equal.
bool equal(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
    return difference == 0;
}

}  // namespace

bool password_matches(const std::string& hash, const smtp::Secret& secret) {
    // crypt(3) would read it up to the NUL only.
    const bool whole = secret.view().find('\0') == std::string_view::npos;
    smtp::Secret terminated(secret.view());
    terminated.append('\0');
    const auto scratch = std::make_unique<crypt_data>();
    const char* made = crypt_r(terminated.view().data(), hash.c_str(), scratch.get());
    const bool matches = made != nullptr && equal(made, hash);
    explicit_bzero(scratch.get(), sizeof *scratch);
    return whole && matches;
}

}  // namespace smtpblock::maildir
