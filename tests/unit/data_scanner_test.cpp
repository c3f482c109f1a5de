#include "daemon/smtp/data_scanner.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

namespace smtpblock::smtp {
namespace {

using namespace std::string_literals;

struct Scanned {
    std::string passed;
    bool complete = false;
    std::string behind;
    std::string bad;
};

Scanned scan(std::string_view bytes, std::size_t piece) {
    Scanned result;
    DataScanner scanner;
    while (!bytes.empty() && !result.complete) {
        const std::string_view part = bytes.substr(0, piece);
        const auto step = scanner.scan(part);
        result.complete = step.complete;
        (result.passed += step.held) += step.passed;
        bytes.remove_prefix(step.taken);
    }
    result.behind = bytes;
    if (scanner.bad_octet() != nullptr) result.bad = scanner.bad_octet();
    return result;
}

Scanned scan(std::string_view bytes) {
    return scan(bytes, bytes.size());
}

/// The same, octet by octet and written without a thought for speed.
Scanned slowly(std::string_view bytes) {
    Scanned result;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::string_view before = bytes.substr(0, i + 1);
        const char c = bytes[i];
        if (result.bad.empty() && c == '\n' && (i == 0 || bytes[i - 1] != '\r'))
            result.bad = "<LF>";
        if (result.bad.empty() && i > 0 && bytes[i - 1] == '\r' && c != '\n') result.bad = "<CR>";
        if (result.bad.empty() && c == '\0') result.bad = "NUL";
        if (before == ".\r\n" || before.ends_with("\r\n.\r\n")) {
            result.complete = true;
            if (result.bad.empty()) result.passed = before.substr(0, before.size() - 3);
            result.behind = bytes.substr(i + 1);
            return result;
        }
    }
    return result;
}

}  // namespace

TEST_CASE("a message ends with a dot alone on a line, and the dot is not passed on") {
    const auto plain = scan("Subject: a\r\n\r\nhello\r\n.\r\nQUIT\r\n");
    CHECK(plain.complete);
    CHECK(plain.passed == "Subject: a\r\n\r\nhello\r\n");
    CHECK(plain.behind == "QUIT\r\n");
    CHECK(scan(".\r\n").complete);
    CHECK(scan(".\r\n").passed.empty());
    CHECK_FALSE(scan("a.\r\n").complete);
}

TEST_CASE("stuffed dots go on as they came") {
    CHECK(scan("..\r\n...a\r\n.b\r\n.\r\n").passed == "..\r\n...a\r\n.b\r\n");
}

TEST_CASE("no false end is taken for the end") {
    for (const std::string_view end :
         {"\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\r\n.\r", "\r.\r\n", "\r\n\r.\r\n", "\n\r.\r\n",
          "\r\n.\r\r\n", "\r\r\n.\r\n\n", "\r\n..\r\n", "\r\n. \r\n"}) {
        INFO(end);
        const std::string bytes = "a" + std::string(end) + "MAIL FROM:<evil@example>\r\n";
        const auto result = scan(bytes + "\r\n.\r\n");
        if (end == "\r\n..\r\n" || end == "\r\n. \r\n")
            CHECK(result.bad.empty());
        else
            CHECK_FALSE(result.bad.empty());
    }
}

TEST_CASE("a bare CR, a bare LF and NUL are found, and nothing of them is passed on") {
    CHECK(scan("a\nb\r\n.\r\n").bad == "<LF>");
    CHECK(scan("a\rb\r\n.\r\n").bad == "<CR>");
    CHECK(scan("a\0b\r\n.\r\n"s).bad == "NUL");
    CHECK(scan("\n.\r\n").bad == "<LF>");
    CHECK(scan("one\r\ntwo\nthree\r\n.\r\n").passed == "one\r\ntwo");
    CHECK(scan("one\r\ntwo\rthree\r\n.\r\n").passed == "one\r\ntwo");
}

TEST_CASE("any split gives the output of one piece, and both agree with a slow reading") {
    const std::string_view alphabet{"\r\n.a\0\r\n.\r\n", 10};
    std::mt19937 random(20261124);
    for (int round = 0; round < 20000; ++round) {
        std::string bytes;
        const auto octets = random() % 24;
        for (std::size_t i = 0; i < octets; ++i) bytes += alphabet[random() % alphabet.size()];
        for (auto lines = random() % 4; lines > 0; --lines)
            bytes += std::string(random() % 70, 'x') + (random() % 8 == 0 ? "\r" : "\r\n") +
                     (random() % 4 == 0 ? "." : "");
        bytes += "\r\n.\r\nNOOP\r\n";

        const Scanned expected = slowly(bytes);
        for (const std::size_t piece : {bytes.size(), std::size_t{1}, 1 + random() % 7}) {
            const Scanned result = scan(bytes, piece);
            CAPTURE(round, piece, bytes);
            REQUIRE(result.complete == expected.complete);
            REQUIRE(result.bad == expected.bad);
            REQUIRE(result.behind == expected.behind);
            REQUIRE(result.passed.find("\r\n.\r\n") == std::string::npos);
            for (std::size_t i = 0; i < result.passed.size(); ++i) {
                if (result.passed[i] == '\n') REQUIRE((i > 0 && result.passed[i - 1] == '\r'));
                REQUIRE(result.passed[i] != '\0');
            }
            if (expected.bad.empty()) REQUIRE(result.passed == expected.passed);
        }
    }
}

TEST_CASE("in what is counted a dot means nothing, and a CR waits for its LF") {
    DataScanner scanner(Framing::counted);
    CHECK(scanner.scan(".\r\n.\r\n").passed == ".\r\n.\r\n");
    CHECK(scanner.scan("a\r").passed == "a");
    const auto next = scanner.scan("\n.");
    CHECK(next.held == "\r");
    CHECK(next.passed == "\n.");
    CHECK_FALSE(next.complete);
    scanner.finish();
    CHECK(scanner.bad_octet() == nullptr);
}

TEST_CASE("a CR at the very end of what is counted is a bare one") {
    DataScanner scanner(Framing::counted);
    CHECK(scanner.scan("a\r").passed == "a");
    CHECK(scanner.bad_octet() == nullptr);
    scanner.finish();
    CHECK(scanner.bad_octet() == std::string("<CR>"));
}

TEST_CASE("any split of what is counted gives the output of one piece") {
    const std::string_view alphabet{"\r\n.a\0\r\nxxxx", 11};
    std::mt19937 random(20261126);
    for (int round = 0; round < 20000; ++round) {
        std::string bytes;
        for (auto octets = random() % 24; octets > 0; --octets)
            bytes += alphabet[random() % alphabet.size()];
        for (auto lines = random() % 3; lines > 0; --lines)
            bytes += std::string(random() % 70, 'x') + "\r\n";
        std::string passed[2];
        std::string bad[2];
        for (const std::size_t way : {0U, 1U}) {
            const std::size_t piece = way == 0 ? bytes.size() + 1 : 1 + random() % 5;
            DataScanner scanner(Framing::counted);
            for (std::size_t at = 0; at < bytes.size(); at += piece) {
                const auto step = scanner.scan(std::string_view(bytes).substr(at, piece));
                REQUIRE_FALSE(step.complete);
                (passed[way] += step.held) += step.passed;
            }
            scanner.finish();
            if (scanner.bad_octet() != nullptr) bad[way] = scanner.bad_octet();
        }
        CAPTURE(round, bytes);
        REQUIRE(bad[0] == bad[1]);
        REQUIRE(passed[0] == passed[1]);
        REQUIRE(bytes.starts_with(passed[0]));
        if (bad[0].empty()) REQUIRE(passed[0] == bytes);
        const auto bare_lf = bytes.find('\n');
        if (bare_lf == 0) REQUIRE(bad[0] == "<LF>");
        if (bytes.find('\0') != std::string::npos) REQUIRE_FALSE(bad[0].empty());
    }
}

}  // namespace smtpblock::smtp
