#include "daemon/smtp/line_buffer.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "daemon/smtp/limits.h"

namespace smtpblock::smtp {
namespace {

using namespace std::string_literals;

using State = LineBuffer::State;

/// What comes out of `bytes` given in pieces of `piece` octets: lines, and `!` and a letter a
/// fault.
std::vector<std::string> cut(std::string_view bytes, std::size_t piece, std::size_t limit = 20) {
    std::vector<std::string> out;
    LineBuffer buffer;
    while (!bytes.empty()) {
        const auto octets = std::min(piece, bytes.size());
        buffer.append(bytes.substr(0, octets));
        bytes.remove_prefix(octets);
        for (;;) {
            const State state = buffer.next(limit);
            if (state == State::more) break;
            if (state == State::line) out.emplace_back(buffer.line());
            if (state == State::bad_octet) out.emplace_back("!bad");
            if (state == State::too_long) out.emplace_back("!long");
            if (state == State::flood) return out.emplace_back("!flood"), out;
        }
    }
    return out;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("only CRLF ends a line") {
    CHECK(cut("EHLO a\r\nNOOP\r\n", 100) == Lines{"EHLO a", "NOOP"});
    CHECK(cut("EHLO a\n", 100) == Lines{"!bad"});
    CHECK(cut("NOOP\nNOOP\r\nQUIT\r\n", 100) == Lines{"!bad", "QUIT"});
    CHECK(cut("NO\rOP\r\nQUIT\r\n", 100) == Lines{"!bad", "QUIT"});
}

TEST_CASE("a bad octet spoils its line once and no other") {
    CHECK(cut("a\0b\0c\r\nd\r\n"s, 100) == Lines{"!bad", "d"});
    CHECK(cut("\x1b[2J\r\nd\r\n", 100) == Lines{"!bad", "d"});
    CHECK(cut("a\x7f\r\nd\r\n", 100) == Lines{"!bad", "d"});
    CHECK(cut("a\tb\r\n", 100) == Lines{"a\tb"});
    CHECK(cut("a\r\r\nd\r\n", 100) == Lines{"!bad", "d"});
}

TEST_CASE("a line has at most the limit's octets with its CRLF") {
    const std::string fits(18, 'x');
    CHECK(cut(fits + "\r\n", 100) == Lines{fits});
    CHECK(cut(fits + "x\r\nd\r\n", 100) == Lines{"!long", "d"});
}

TEST_CASE("what comes out does not depend on the pieces") {
    const std::string bytes =
        "EHLO a\r\nNO\nOP\r\n\r\n\r\r\nlong long long long long\r\nx\0\r\r\nlast\r\n"s;
    const Lines whole = cut(bytes, bytes.size());
    CHECK(whole == Lines{"EHLO a", "!bad", "", "!bad", "!long", "!bad", "last"});
    for (std::size_t piece = 1; piece < bytes.size(); ++piece) CHECK(cut(bytes, piece) == whole);
}

TEST_CASE("a line without an end is skipped for so long only, and not kept") {
    const std::string flood(limits::skipped_octets + 100, 'x');
    CHECK(cut(flood, 4096) == Lines{"!long", "!flood"});
    LineBuffer buffer;
    for (int i = 0; i < 100; ++i) {
        buffer.append(std::string(4096, 'x'));
        while (buffer.next(20) != State::more) continue;
        CHECK(buffer.size() <= 4096);
    }
}

TEST_CASE("what is behind a line can be taken raw") {
    LineBuffer buffer;
    buffer.append("DATA\r\nhello\r\n");
    REQUIRE(buffer.next(20) == State::line);
    CHECK(buffer.rest() == "hello\r\n");
    buffer.take(5);
    CHECK(buffer.rest() == "\r\n");
}

TEST_CASE("a line is wiped where it was cut from, and what is taken raw is not") {
    LineBuffer buffer;
    buffer.append("AUTH PLAIN secret\r\nmessage and more");
    const char* const place = buffer.rest().data();
    REQUIRE(buffer.next(100) == State::line);
    CHECK(buffer.line() == "AUTH PLAIN secret");
    CHECK(std::string_view(place, 19) == std::string(19, '\0'));
    buffer.forget_line();
    CHECK(buffer.line().empty());
    buffer.take(7);
    CHECK(std::string_view(place + 19, 7) == "message");
}

TEST_CASE("growth loses nothing") {
    LineBuffer buffer;
    const std::string line(5000, 'x');
    for (const char c : line) buffer.append({&c, 1});
    CHECK(buffer.rest() == line);
    buffer.clear();
    CHECK(buffer.empty());
}

TEST_CASE("lines that always end in the next piece do not pile up") {
    LineBuffer buffer;
    buffer.append("NO");
    for (int i = 0; i < 10000; ++i) {
        buffer.append("OP\r\nNO");
        REQUIRE(buffer.next(20) == State::line);
        REQUIRE(buffer.line() == "NOOP");
        REQUIRE(buffer.rest() == "NO");
    }
    CHECK(buffer.capacity() < 1000);
}

}  // namespace smtpblock::smtp
