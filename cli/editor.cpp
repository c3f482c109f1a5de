#include "cli/editor.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

#include "common/result.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr std::size_t longest_name = 64;

}  // namespace

std::string editor_name() {
    const uid_t uid = ::getuid();
    const passwd* entry = ::getpwuid(uid);
    std::string name = entry != nullptr ? printable(entry->pw_name) : fmt::format("uid {}", uid);
    const char* claimed = uid == 0 ? std::getenv("SUDO_USER") : nullptr;
    if (claimed != nullptr && *claimed != '\0')
        name += fmt::format(" ({})", printable(std::string_view(claimed).substr(0, longest_name)));
    return name;
}

}  // namespace smtpblock
