#include "cli/editor.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "cli/json.h"
#include "common/result.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr std::size_t longest_name = 64;
constexpr uid_t nobody_logged_in = static_cast<uid_t>(-1);  // proc(5): what the kernel says then

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

std::string editor_identity() {
    std::string identity = fmt::format("by={} uid={}", json_string(editor_name()), ::getuid());
    std::ifstream file("/proc/self/loginuid");
    uid_t login_uid = nobody_logged_in;
    if (file >> login_uid && login_uid != nobody_logged_in)
        identity += fmt::format(" login_uid={}", login_uid);
    return identity;
}

}  // namespace smtpblock
