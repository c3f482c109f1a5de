#include "cli/rule_file_postfix.h"

#include <catch2/catch.hpp>

#include "unit/rule_file_support.h"

namespace smtpblock {
namespace {

test::ReadFile read_postfix(std::string_view text, RuleType type = RuleType::email) {
    return test::read_rules(RuleFormat::postfix, text, {type});
}

}  // namespace

using test::Lines;

TEST_CASE("the keys of access(5) become patterns") {
    const auto read = read_postfix(
        "user@Example.com REJECT\nexample.com\tREJECT\n.example.com REJECT\nuser@  REJECT\n"
        "<> REJECT\n\"a b\"@example.com REJECT\n");
    CHECK(read.rules ==
          Lines{"1 email user@example.com both reject - ", "2 email example.com both reject - ",
                "3 email *.example.com both reject - ", "4 email user@ both reject - ",
                "5 email <> both reject - ", "6 email \"a b\"@example.com both reject - "});
    CHECK(read.notes == Lines{"1 domain was taken without what is below; Postfix matches that as "
                              "well unless parent_domain_matches_subdomains was changed"});
    CHECK(read_postfix("a@b REJECT").notes.empty());
}

TEST_CASE("of EHLO names there are addresses and networks as well") {
    const auto read = read_postfix(
        "mail.example.com REJECT\n.example.com REJECT\n192.0.2.7 REJECT\n[192.0.2.8] REJECT\n"
        "192.0.2 REJECT\n10.0 REJECT\n12 REJECT\n2001:db8::1 REJECT\n2001:db8:1 REJECT\n"
        "192.0.2.0/24 OK\n",
        RuleType::ehlo);
    CHECK(read.faults == Lines{});
    CHECK(read.rules ==
          Lines{"1 ehlo mail.example.com both reject - ", "2 ehlo *.example.com both reject - ",
                "3 ehlo [192.0.2.7] both reject - ", "4 ehlo [192.0.2.8] both reject - ",
                "5 ehlo 192.0.2.0/24 both reject - ", "6 ehlo 10.0.0.0/16 both reject - ",
                "7 ehlo 12 both reject - ", "8 ehlo [IPv6:2001:db8::1] both reject - ",
                "9 ehlo 2001:db8:1::/48 both reject - ", "10 ehlo 192.0.2.0/24 both allow - "});
}

TEST_CASE("the actions of access(5) become actions, their text the description") {
    const auto read = read_postfix(
        "a@b reject\na@b REJECT  ticket 4711\na@b 550 5.7.1 go away\na@b 554 no\n"
        "a@b DEFER later\na@b 450 4.7.1 later\na@b DEFER_IF_PERMIT\na@b Defer_If_Reject x\n"
        "a@b OK\na@b ok trailing\na@b RELAY\na@b permit\na@b 550\na@b 1234567\na@b WARN look\n");
    CHECK(read.faults.empty());
    CHECK(read.rules == Lines{"1 email a@b both reject - ", "2 email a@b both reject - ticket 4711",
                              "3 email a@b both reject - 5.7.1 go away",
                              "4 email a@b both reject - no", "5 email a@b both defer - later",
                              "6 email a@b both defer - 4.7.1 later", "7 email a@b both defer - ",
                              "8 email a@b both defer - x", "9 email a@b both allow - ",
                              "10 email a@b both allow - trailing", "11 email a@b both allow - ",
                              "12 email a@b both allow - ", "13 email a@b both allow - ",
                              "14 email a@b both allow - ", "15 email a@b both log - look"});
}

TEST_CASE("an action that no rule has is named") {
    for (const std::string action :
         {"DISCARD", "HOLD spam", "FILTER smtp:x", "REDIRECT a@b", "BCC a@b", "DUNNO",
          "PREPEND X: y", "INFO x", "reject_unauth_destination", "permit, reject", "250 x", "55 x",
          "5500 x"}) {
        const auto read = read_postfix("a@b " + action + "\n");
        CAPTURE(action);
        CHECK(read.faults == Lines{"1 " + quoted(action.substr(0, action.find(' '))) +
                                   ": no rule does what this action does"});
    }
    CHECK(read_postfix("a@b\nc@d OK").faults == Lines{"1 'a@b': no action behind it"});
}

TEST_CASE("a line that begins with white space goes on with the one before") {
    const auto read =
        read_postfix("# head\n\na@b\n   REJECT one\n\n# between\n\ttwo\r\nc@d OK\n  # end\n");
    CHECK(read.rules == Lines{"3 email a@b both reject - one two", "8 email c@d both allow - "});
    CHECK(read_postfix(" a@b REJECT\nc@d OK\n").faults ==
          Lines{"1 white space before it, but no line that it goes on with"});
    CHECK(
        read_postfix("a@b OK\n" + std::string(line_octets + 1, 'x') + "\nc@d OK\n").rules.size() ==
        2);
}

TEST_CASE("what is no table of sender addresses is told") {
    CHECK(read_postfix("/^bad/ REJECT\n").faults ==
          Lines{"1 a table of regular expressions cannot be read"});
    CHECK(read_postfix("*@example.com REJECT\n").faults ==
          Lines{"1 '*@example.com': access(5) knows no * and ?; 'smtpblock add' does"});
    for (const std::string address :
         {"192.0.2", "192.0.2.7", "10", "192.0.2.0/24", "2001:db8:1", "2001:db8::1"}) {
        CAPTURE(address);
        CHECK(read_postfix(address + " REJECT\n").faults ==
              Lines{"1 '" + address +
                    "': a client's address is the firewall's business; of EHLO names it is --type "
                    "ehlo"});
    }
}

}  // namespace smtpblock
