#include "cli/editor.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

using namespace smtpblock;

TEST_CASE("root is named with the one who used sudo, others are not") {
    ::unsetenv("SUDO_USER");
    const std::string name = editor_at({}).name;
    CHECK_FALSE(name.empty());
    ::setenv("SUDO_USER",
             "ali\x1b"
             "ce",
             1);
    CHECK(editor_at({}).name == (::getuid() == 0 ? name + " (ali\\x1bce)" : name));
    ::setenv("SUDO_USER", std::string(5000, 'a').c_str(), 1);
    CHECK(editor_at({}).name.size() < 200);
    ::setenv("SUDO_USER", "", 1);
    CHECK(editor_at({}).name == name);
    ::unsetenv("SUDO_USER");
}

TEST_CASE("syslog is told the real uid, which nobody can claim") {
    ::setenv("SUDO_USER", "x\" uid=5", 1);
    const std::string identity = identity_of(editor_at({}));
    ::unsetenv("SUDO_USER");
    CHECK(identity.find("by=\"") == 0);
    CHECK(identity.find("\" uid=" + std::to_string(::getuid())) != std::string::npos);
    if (::getuid() == 0) CHECK(identity.find("(x\\\" uid=5)") != std::string::npos);
}
