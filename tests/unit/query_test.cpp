#include "daemon/guard/query.h"

#include <array>
#include <catch2/catch.hpp>

namespace smtpblock::guard {
namespace {

using smtp::Moment;

struct Row {
    Moment moment;
    Direction listener;
    bool authenticated;
    bool trusted;
    Direction email;
    Direction ehlo;
};

}  // namespace

TEST_CASE("an email rule follows where the mail is going, an ehlo rule the connection") {
    constexpr auto in = Direction::in, out = Direction::out, both = Direction::both;
    const std::array<Row, 16> rows{{
        // moment, listener, authenticated, trusted: email, ehlo
        {Moment::auth, in, false, false, out, both},
        {Moment::auth, out, false, false, out, out},
        {Moment::rcpt, in, false, false, in, in},
        {Moment::rcpt, out, false, false, out, out},
        {Moment::rcpt, in, true, false, out, both},
        {Moment::rcpt, in, false, true, out, both},
        {Moment::rcpt, out, true, false, out, out},
        {Moment::rcpt, out, false, true, out, out},
        {Moment::data, in, false, false, in, in},
        {Moment::data, in, true, false, out, both},
        {Moment::data, in, false, true, out, both},
        {Moment::data, out, false, false, out, out},
        {Moment::end, in, false, false, in, in},
        {Moment::end, in, true, false, out, both},
        {Moment::end, in, false, true, out, both},
        {Moment::end, out, true, true, out, out},
    }};
    for (const Row& row : rows) {
        smtp::Subject subject;
        subject.listener_direction = row.listener;
        subject.authenticated = row.authenticated;
        subject.trusted = row.trusted;
        const Query query = query_for(row.moment, subject, "+", Time());
        INFO(&row - rows.data());
        CHECK(query.email_directions == row.email);
        CHECK(query.ehlo_directions == row.ehlo);
    }
}

TEST_CASE("AUTH is about the identities, everything later about the sender too") {
    const Address sender{"a", "example.com"};
    const std::array<Address, 2> users{{{"u", "example.com"}, {"v", "example.com"}}};
    const std::array<EhloName, 1> names{EhloName::parse("mail.example.com")};
    smtp::Subject subject;
    subject.has_sender = true;
    subject.sender = &sender;
    subject.users = users;
    subject.ehlo_names = names;
    const Time now{std::chrono::seconds(1000)};

    const Query auth = query_for(Moment::auth, subject, "+-", now);
    CHECK(auth.sender == nullptr);
    CHECK(auth.users.size() == 2);
    CHECK(auth.ehlo_names.size() == 1);
    CHECK(auth.recipient_delimiter == "+-");
    CHECK(auth.now == now);
    for (const Moment moment : {Moment::rcpt, Moment::data, Moment::end}) {
        const Query query = query_for(moment, subject, "+", now);
        CHECK(query.sender == &sender);
        CHECK_FALSE(query.null_sender);
        CHECK(query.users.size() == 2);
    }
    subject.sender = nullptr;
    subject.null_sender = true;
    CHECK(query_for(Moment::rcpt, subject, "+", now).null_sender);
    CHECK_FALSE(query_for(Moment::auth, subject, "+", now).null_sender);
}

}  // namespace smtpblock::guard
