#include "daemon/smtp/reply_parser.h"

#include <catch2/catch.hpp>
#include <string>

#include "daemon/smtp/limits.h"

namespace smtpblock::smtp {
namespace {

using namespace std::string_literals;

using State = ReplyParser::State;

State take(std::string_view bytes) {
    return ReplyParser().take(bytes);
}

}  // namespace

TEST_CASE("a reply of several lines is one reply, in whatever pieces it comes") {
    const std::string wire = "250-mx.example\r\n250-SIZE 1000\r\n250 AUTH PLAIN\r\n";
    for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
        ReplyParser parser;
        State state = State::more;
        for (std::size_t at = 0; at < wire.size(); at += piece) {
            std::string_view bytes = std::string_view(wire).substr(at, piece);
            state = parser.take(bytes);
            CHECK(bytes.empty());
        }
        REQUIRE(state == State::complete);
        const Reply reply = parser.reply();
        CHECK(reply.code == 250);
        CHECK(reply.wire == wire);
        CHECK(reply.text() == "mx.example");
        CHECK(reply.lines() == std::vector<std::string>{"mx.example", "SIZE 1000", "AUTH PLAIN"});
        CHECK(parser.empty());
    }
}

TEST_CASE("what is behind a reply is left for the next") {
    ReplyParser parser;
    std::string_view bytes = "250 a\r\n354 b\r\n";
    REQUIRE(parser.take(bytes) == State::complete);
    CHECK(parser.reply().code == 250);
    CHECK(bytes == "354 b\r\n");
    REQUIRE(parser.take(bytes) == State::complete);
    CHECK(parser.reply().code == 354);
}

TEST_CASE("a reply that is none is malformed") {
    for (const char* wire : {"250 a\n", "25 a\r\n", "hello\r\n", "250_a\r\n", "250-a\r\n251 b\r\n",
                             "150 a\r\n", "650 a\r\n", "250 a\rb\r\n", "250 \x1b[2J\r\n", "\r\n"}) {
        INFO(wire);
        CHECK(take(wire) == State::malformed);
    }
    CHECK(take("250 a\0\r\n"s) == State::malformed);
    CHECK(take("250\r\n") == State::complete);
}

TEST_CASE("a reply is bounded, its lines and its whole") {
    const auto line = [](std::size_t octets, const std::string& head) {
        return head + std::string(octets - head.size() - 2, 'x') + "\r\n";
    };
    CHECK(take(line(limits::reply_line_octets, "250 ")) == State::complete);
    CHECK(take(line(limits::reply_line_octets + 1, "250 ")) == State::malformed);
    CHECK(take(std::string(limits::reply_line_octets + 1, '2')) == State::malformed);
    CHECK(take(line(limits::auth_line_octets, "334 ")) == State::complete);
    std::string many;
    while (many.size() <= limits::reply_octets) many += line(500, "250-");
    CHECK(take(many) == State::malformed);
}

}  // namespace smtpblock::smtp
