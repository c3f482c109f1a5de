#include <catch2/catch.hpp>

#include "daemon/policy/sender.h"

namespace smtpblock::policy {

TEST_CASE("a sender is what Postfix is going to make of it") {
    const auto text = [](std::string_view written) {
        return sender_of(written, "own.example").text();
    };
    CHECK(text("Bob@B\xc3\xbc"
               "cher.example.") == "bob@xn--bcher-kva.example");
    CHECK(text("bob") == "bob@own.example");
    CHECK(text("bob@") == "bob@own.example");
    CHECK(text("bob%b.example") == "bob@b.example");
    CHECK(text("bob%a.example%b.example") == "bob%a.example@b.example");
    CHECK(text("b.example!bob") == "bob@b.example");
    CHECK(text("b.example!bob%a.example") == "bob%a.example@b.example");
    CHECK(text("bob%a.example@b.example") == "bob%a.example@b.example");
    CHECK(text("@a.example,@c.example:bob@b.example") == "bob@b.example");
    CHECK(text("@a.example:bob") == "bob@own.example");
    // In quotes, as Exim shows it, and without, as Postfix does.
    CHECK(text("\"a b\"@b.example") == "\"a b\"@b.example");
    CHECK(text("a b@b.example") == "\"a b\"@b.example");
    CHECK(text("@") == "\"\"@own.example");
    CHECK(sender_of("bob", "").text() == "bob");
}

}  // namespace smtpblock::policy
