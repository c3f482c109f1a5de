#include "cli/pager.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>

#include "unit/temporary_directory.h"

using namespace smtpblock;

TEST_CASE("PAGER names the pager; empty or cat means none") {
    CHECK(pager_command("more -d", false, "") == "more -d");
    CHECK(pager_command("more", true, "") == "more");
    for (const char* none : {"", " ", "\t", "cat"}) {
        CAPTURE(none);
        CHECK_FALSE(pager_command(none, false, "/usr/bin"));
    }
}

TEST_CASE("without PAGER it is less, where there is one and the terminal knows more than lines") {
    const test::TemporaryDirectory folder;
    CHECK_FALSE(pager_command(nullptr, false, folder.path()));
    folder.write("less", "#!/bin/sh\n");
    CHECK_FALSE(pager_command(nullptr, false, folder.path()));  // nothing that can be run
    ::chmod((folder / "less").c_str(), 0700);
    CHECK(pager_command(nullptr, false, folder.path()) == "less -FRX");
    CHECK(pager_command(nullptr, false, "/none:" + folder.path() + ":/other") == "less -FRX");
    CHECK_FALSE(pager_command(nullptr, true, folder.path()));
}

TEST_CASE("all that is written has been read when the pager is gone") {
    const test::TemporaryDirectory folder;
    const std::string text(1U << 20U, 'x');
    {
        Pager pager("cat > '" + (folder / "out") + "'");
        CHECK(pager.write(text) == 0);
        CHECK(pager.write("end") == 0);
    }
    CHECK(test::contents(folder / "out") == text + "end");
}

TEST_CASE("a pager that leaves is a reader that went away") {
    std::signal(SIGPIPE, SIG_IGN);  // as the program does
    Pager pager("exec <&-");
    int error = 0;
    while (error == 0) error = pager.write(std::string(1U << 16U, 'x'));
    CHECK(error == EPIPE);
}
