#include "daemon/smtp/output.h"

#include <catch2/catch.hpp>
#include <string>

namespace smtpblock::smtp {
namespace {

/// All that is pending, taken in pieces of at most `piece` octets.
std::string drained(Output& output, std::size_t piece = 100000) {
    std::string all;
    while (!output.empty()) {
        const std::string part(output.pending().substr(0, piece));
        all += part;
        output.taken(part.size());
    }
    return all;
}

}  // namespace

TEST_CASE("a large piece goes out from where it was read, before what comes behind it") {
    const std::string large(20000, 'x');
    Output output;
    output.append(large);
    CHECK(output.pending().data() == large.data());
    output.bytes() += ".\r\n";
    CHECK(output.size() == 20003);
    CHECK(drained(output, 777) == large + ".\r\n");
    CHECK(output.total_taken() == 20003);
}

TEST_CASE("what was not taken of a large piece is kept when it goes, and stays in front") {
    Output output;
    {
        const std::string large(20000, 'x');
        output.append(large);
        output.bytes() += "tail";
        output.taken(15000);
        output.keep_borrowed();
    }
    CHECK(output.size() == 5004);
    CHECK(drained(output) == std::string(5000, 'x') + "tail");
}

TEST_CASE("behind other bytes nothing is borrowed") {
    const std::string large(20000, 'x');
    Output output;
    output.append("head");
    output.append(large);
    CHECK(drained(output) == "head" + large);
    output.append(large);
    output.clear();
    CHECK(output.empty());
}

TEST_CASE("a secret is wiped once it is taken") {
    Output output;
    output.append("NOOP ");
    output.append_secret("secret");
    const char* const place = output.pending().data();
    output.append("*");
    output.taken(11);
    CHECK(output.pending() == "*");
    output.taken(1);
    CHECK(std::string_view(place, 12) == std::string(12, '\0'));
}

TEST_CASE("a secret moves on when the place grows") {
    const std::string large(20000, 'x');
    Output output;
    output.append_secret("secret");
    output.append(large);
    CHECK(drained(output, 1000) == "secret" + large);
}

TEST_CASE("what is never quite empty does not keep what went through it") {
    Output output;
    const std::string piece(1000, 'x');
    for (int i = 0; i < 1000; ++i) {
        output.append(piece);
        output.append(piece);
        output.taken(i == 0 ? 1500 : 2000);
    }
    CHECK(output.size() == 500);
    CHECK(output.capacity() < 10000);
    CHECK(output.total_taken() == 1999500);
}

TEST_CASE("a secret that moves to the front leaves nothing behind") {
    Output output;
    output.append("AUTH PLAIN ");
    output.append_secret("secret");
    output.taken(12);
    const char* const place = output.pending().data();
    CHECK(output.pending() == "ecret");
    CHECK(std::string_view(place + 5, 12) == std::string(12, '\0'));
}

}  // namespace smtpblock::smtp
