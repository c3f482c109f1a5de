// Each command on a store of its own and on streams of strings. What only a process shows is in
// tests/console.
#include "cli/commands.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <sstream>

#include "cli/run.h"
#include "unit/temporary_directory.h"

using namespace smtpblock;
using namespace std::chrono_literals;

namespace {

class Fixture {
public:
    /// Runs a command line on this store and keeps what it printed.
    int operator()(std::vector<std::string> words, const std::string& typed = {}) {
        words.insert(words.begin(), {"--store", folder_ / "store"});
        std::istringstream in(typed);
        std::ostringstream errors;
        out.clear();
        const auto write = [this](std::string_view text) {
            if (write_error == 0) out += text;
            return write_error;
        };
        Terminal terminal(in, write, errors, traits);
        const Surroundings surroundings{
            [](const char*) { return std::optional<std::string>{}; }, now,
            [this](const std::string& line) { logged.push_back(line); }};
        logged.clear();
        const int status = run_program(words, surroundings, terminal);
        err = errors.str();
        return status;
    }

    std::string out, err;
    std::vector<std::string> logged;
    Terminal::Traits traits;
    int write_error = 0;
    Time now{1800000000s};  // 2027-01-15T08:00:00Z

private:
    test::TemporaryDirectory folder_;
};

}  // namespace

TEST_CASE("add makes the store, prints the rule and says where it is in force") {
    Fixture run;
    CHECK(run({"add", "Bad@Example.com"}) == 0);
    CHECK(run.out == "1\temail\tboth\tbad@example.com\n");
    CHECK(run.err.find("note: no smtpblockd runs on this store\n") != std::string::npos);
    CHECK(run({"add", "--type", "ehlo", "--dir", "in", "[192.0.2.7]", "", "ylmf-pc"}) == 0);
    CHECK(run.out == "2\tehlo\tin\t[192.0.2.7]\n3\tehlo\tin\t\"\"\n4\tehlo\tin\tylmf-pc\n");
    CHECK(run({"add", "--quiet", "a@b.example"}) == 0);
    CHECK(run.out == "5\n");
    CHECK(run.err.empty());
}

TEST_CASE("add adds all patterns or none") {
    Fixture run;
    REQUIRE(run({"add", "a@example.com"}) == 0);
    CHECK(run({"add", "b@example.com", "a@example.com"}) == 4);
    CHECK(run.out.empty());
    CHECK(run({"add", "c@example.com", "c@x..com"}) == 2);
    CHECK(run({"add", "d@example.com", "example.com"}) == 2);
    CHECK(run.err ==
          "smtpblock: 'example.com': a domain or an EHLO name; add --type email or --type ehlo\n");
    CHECK(run({"list", "--quiet"}) == 0);
    CHECK(run.out == "1\n");
}

TEST_CASE("a pattern that is given twice is one rule") {
    Fixture run;
    CHECK(run({"add", "a@example.com", "A@EXAMPLE.COM", "a@example.com"}) == 0);
    CHECK(run.out == "1\temail\tboth\ta@example.com\n");
}

TEST_CASE("add reads patterns from standard input, one a line") {
    Fixture run;
    CHECK(run({"add", "--type", "ehlo", "first", "-"}, " ylmf-pc \r\n\n\"\"\nlast") == 0);
    CHECK(run.out ==
          "1\tehlo\tboth\tfirst\n2\tehlo\tboth\tylmf-pc\n3\tehlo\tboth\t\"\"\n"
          "4\tehlo\tboth\tlast\n");
    CHECK(run({"add", "-"}, "a@example.com\n\nb@x..com\n") == 2);
    CHECK(run.err.find("smtpblock: line 3: 'b@x..com': ") == 0);
    CHECK(run({"add", "-"}, "") == 0);
    CHECK(run.out.empty());
}

TEST_CASE("add without a pattern asks on a terminal, and there alone") {
    Fixture run;
    CHECK(run({"add"}, "a@example.com\n") == 2);
    CHECK(run.err.find("no pattern; write one, or -") != std::string::npos);
    run.traits.can_ask = true;
    CHECK(run({"add"}, "a@example.com\n") == 0);
    CHECK(run.out == "1\temail\tboth\ta@example.com\n");
    CHECK(run({"add", "--dir", "in"}, "ylmf-pc\nehlo\n") == 0);
    CHECK(run.out == "2\tehlo\tin\tylmf-pc\n");
    CHECK(run({"add"}, "ylmf-pc\nperhaps\n") == 2);
    CHECK(run({"add"}, "\n") == 2);
    CHECK(run({"add"}, "") == 2);
}

TEST_CASE("--replace keeps the ID and sets what is not named to its default") {
    Fixture run;
    REQUIRE(run({"add", "--dir", "in", "--for", "1h", "--description", "why", "a@example.com"}) ==
            0);
    CHECK(run({"add", "--replace", "--action", "defer", "a@example.com", "b@example.com"}) == 0);
    CHECK(run.out ==
          "changed\t1\temail\tboth\ta@example.com\nadded\t2\temail\tboth\tb@example.com\n");
    CHECK(run({"list"}) == 0);
    CHECK(
        run.out ==
        "1\temail\tboth\tdefer\t-\ta@example.com\t-\n2\temail\tboth\tdefer\t-\tb@example.com\t-\n");
    CHECK(run({"add", "--replace", "--action", "defer", "a@example.com"}) == 0);
    CHECK(run.out == "unchanged\t1\temail\tboth\ta@example.com\n");
}

TEST_CASE("--if-absent leaves a rule as it is") {
    Fixture run;
    REQUIRE(run({"add", "--dir", "in", "a@example.com"}) == 0);
    CHECK(run({"add", "--if-absent", "a@example.com", "b@example.com"}) == 0);
    CHECK(run.out ==
          "unchanged\t1\temail\tin\ta@example.com\nadded\t2\temail\tboth\tb@example.com\n");
}

TEST_CASE("an expired rule does not exist for add") {
    Fixture run;
    REQUIRE(run({"add", "--for", "1h", "a@example.com", "b@example.com", "c@example.com"}) == 0);
    run.now += 1h;
    CHECK(run({"add", "a@example.com"}) == 0);
    CHECK(run.out == "4\temail\tboth\ta@example.com\n");
    CHECK(run({"add", "--replace", "b@example.com"}) == 0);
    CHECK(run.out == "added\t5\temail\tboth\tb@example.com\n");
    CHECK(run({"add", "--if-absent", "c@example.com"}) == 0);
    CHECK(run.out == "added\t6\temail\tboth\tc@example.com\n");
}

TEST_CASE("what cannot be printed was done all the same") {
    Fixture run;
    run.write_error = ENOSPC;
    CHECK(run({"add", "a@example.com"}) == 1);
    CHECK(run.err.find("added, but cannot print") != std::string::npos);
    CHECK(run({"delete", "a@example.com"}) == 1);
    CHECK(run.err.find("deleted, but cannot print") != std::string::npos);
    run.write_error = EPIPE;
    CHECK(run({"add", "b@example.com"}) == 0);
    CHECK(run({"list"}) == 0);
}

TEST_CASE("edit changes what is named, in place") {
    Fixture run;
    REQUIRE(run({"add", "--dir", "in", "--for", "1h", "--description", "why", "a@example.com"}) ==
            0);
    CHECK(run({"edit", "1", "--action", "defer"}) == 0);
    CHECK(run.out == "1\temail\tin\ta@example.com\n");
    CHECK(run({"edit", "a@example.com", "--pattern", "example.net", "--forever"}) == 0);
    CHECK(run.out == "1\temail\tin\texample.net\n");
    CHECK(run({"list"}) == 0);
    CHECK(run.out == "1\temail\tin\tdefer\t-\texample.net\twhy\n");
    CHECK(run({"edit", "1", "--description", "", "--dir", "both", "--for", "1d"}) == 0);
    CHECK(run({"list"}) == 0);
    CHECK(run.out == "1\temail\tboth\tdefer\t2027-01-16T08:00:00Z\texample.net\t-\n");
}

TEST_CASE("edit refuses what it cannot do") {
    Fixture run;
    REQUIRE(run({"add", "a@example.com", "b@example.com"}) == 0);
    CHECK(run({"edit", "1"}) == 2);
    CHECK(run({"edit", "--forever"}) == 2);
    CHECK(run({"edit", "9", "--forever"}) == 3);
    CHECK(run({"edit", "1", "--pattern", "b@example.com"}) == 4);
    CHECK(run({"edit", "1", "--pattern", "x..com"}) == 2);
    CHECK(run({"edit", "1", "--description", "\xff"}) == 2);
    CHECK(run({"edit", "--type", "ehlo", "1", "--forever"}) == 3);
}

TEST_CASE("among many rules the nearest is looked for where the word begins alike") {
    Fixture run;
    std::string many;
    for (int i = 0; i < 6000; ++i) many += "user" + std::to_string(i) + "@example.com\n";
    REQUIRE(run({"add", "--quiet", "-"}, many) == 0);
    CHECK(run({"delete", "user2817@exampel.com"}) == 3);
    CHECK(run.err.find("; did you mean 'user2817@example.com'?") != std::string::npos);
    CHECK(run({"delete", "nobody@elsewhere.example"}) == 3);
    CHECK(run.err.find("did you mean") == std::string::npos);
}

TEST_CASE("delete deletes all or none") {
    Fixture run;
    REQUIRE(run({"add", "a@example.com", "b@example.com", "c@example.com"}) == 0);
    CHECK(run({"delete", "1", "d@example.com"}) == 3);
    CHECK(run.err.find("smtpblock: 'd@example.com': no rule has this pattern; did you mean '") ==
          0);
    CHECK(run({"delete", "2", "C@example.com.", "2"}) == 0);
    CHECK(run.out == "2\temail\tboth\tb@example.com\n3\temail\tboth\tc@example.com\n");
    CHECK(run({"list", "--quiet"}) == 0);
    CHECK(run.out == "1\n");
    CHECK(run({"delete"}) == 2);
}

TEST_CASE("a pattern under both types wants --type") {
    Fixture run;
    REQUIRE(run({"add", "--type", "ehlo", "example.com", "12"}) == 0);
    REQUIRE(run({"add", "--type", "email", "example.com"}) == 0);
    CHECK(run({"delete", "example.com"}) == 2);
    CHECK(run.err.find("rule 3 (email)") != std::string::npos);
    CHECK(run.err.find("rule 1 (ehlo)") != std::string::npos);
    CHECK(run.err.find("--type") != std::string::npos);
    CHECK(run({"show", "example.com"}) == 2);
    CHECK(run({"delete", "--type", "email", "example.com"}) == 0);
    CHECK(run({"delete", "example.com"}) == 0);
    CHECK(run.out == "1\tehlo\tboth\texample.com\n");
    CHECK(run({"delete", "12"}) == 3);
    CHECK(run({"delete", "--type", "ehlo", "12"}) == 0);
}

TEST_CASE("delete --expired deletes what has run out") {
    Fixture run;
    REQUIRE(run({"add", "--for", "1h", "a@example.com"}) == 0);
    REQUIRE(run({"add", "--for", "2h", "b@example.com"}) == 0);
    REQUIRE(run({"add", "c@example.com"}) == 0);
    run.now += 1h;
    CHECK(run({"delete", "--expired", "1"}) == 2);
    CHECK(run({"delete", "--expired", "--quiet"}) == 0);
    CHECK(run.out == "1\n");
    CHECK(run({"delete", "--expired"}) == 0);
    CHECK(run.out.empty());
    CHECK(run({"list", "--all", "--quiet"}) == 0);
    CHECK(run.out == "2\n3\n");
}

TEST_CASE("list chooses and sorts") {
    Fixture run;
    REQUIRE(run({"add", "--for", "2h", "--description", "Ticket 4711", "b@example.com"}) == 0);
    REQUIRE(run({"add", "--for", "1h", "--dir", "in", "a@example.net"}) == 0);
    REQUIRE(run({"add", "--type", "ehlo", "--action", "log", "ylmf-pc"}) == 0);
    REQUIRE(run({"add", "--for", "1m", "gone@example.com"}) == 0);
    run.now += 1min;
    const auto ids = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"--quiet", "list"});
        CHECK(run(words) == 0);
        return run.out;
    };
    CHECK(ids({}) == "1\n2\n3\n");
    CHECK(ids({"--all"}) == "1\n2\n3\n4\n");
    CHECK(ids({"--expired"}) == "4\n");
    CHECK(ids({"--expiring", "1h"}) == "2\n");
    CHECK(ids({"--type", "ehlo"}) == "3\n");
    CHECK(ids({"--dir", "both"}) == "1\n3\n");
    CHECK(ids({"--action", "log"}) == "3\n");
    CHECK(ids({"--match", "EXAMPLE"}) == "1\n2\n");
    CHECK(ids({"--match", "ticket"}) == "1\n");
    CHECK(ids({"--sort", "expires"}) == "2\n1\n3\n");
    CHECK(ids({"--sort", "pattern"}) == "2\n1\n3\n");
    CHECK(ids({"--sort", "action", "--all"}) == "1\n2\n4\n3\n");
}

TEST_CASE("hostile text stays one field of one line") {
    Fixture run;
    REQUIRE(run({"add", "--description", "a\tb\nc\\d\x1b[31m", "a@example.com"}) == 0);
    CHECK(run({"list"}) == 0);
    CHECK(run.out == "1\temail\tboth\treject\t-\ta@example.com\ta\\tb\\nc\\\\d\\x1b[31m\n");
    CHECK(run({"list", "--json"}) == 0);
    CHECK(run.out.find(R"("description":"a\tb\nc\\d\u001b[31m")") != std::string::npos);
    run.traits.for_people = true;
    CHECK(run({"list"}) == 0);
    CHECK(run.out.find('\x1b') == std::string::npos);
    CHECK(run({"add", "--description", "\xff", "b@example.com"}) == 2);
}

TEST_CASE("JSON has the keys of the contract, absent when there is none") {
    Fixture run;
    CHECK(run({"add", "--json", "--for", "1h", "--description", "why", "a@example.com"}) == 0);
    CHECK(run.out.find(
              R"({"id":1,"type":"email","pattern":"a@example.com","dir":"both",)"
              R"("action":"reject","description":"why","created":"2027-01-15T08:00:00Z",)"
              R"("updated":"2027-01-15T08:00:00Z","expires":"2027-01-15T09:00:00Z","by":")") == 0);
    CHECK(run({"add", "--json", "b@example.com"}) == 0);
    CHECK(run.out.find("description") == std::string::npos);
    CHECK(run.out.find("expires") == std::string::npos);
}

TEST_CASE("show prints one rule in full") {
    Fixture run;
    REQUIRE(run({"add", "--type", "ehlo", "--for", "1h", "--description", "why", "()"}) == 0);
    CHECK(run.err.find("\nnote: '()': ") != std::string::npos);
    CHECK(run({"show", "()"}) == 0);
    for (const char* line : {"id:          1\n", "type:        ehlo\n", "pattern:     ()\n",
                             "expires:     2027-01-15T09:00:00Z\n", "description: why\n"}) {
        INFO(run.out);
        CHECK(run.out.find(line) != std::string::npos);
    }
    CHECK(run({"show", "2"}) == 3);
    CHECK(run({"show"}) == 2);
}

TEST_CASE("check says what would happen, in each direction") {
    Fixture run;
    REQUIRE(run({"add", "--dir", "in", "boss@example.com"}) == 0);
    REQUIRE(run({"add", "--type", "ehlo", "--action", "defer", "ylmf-pc"}) == 0);
    REQUIRE(run({"add", "--type", "email", "--action", "log", "example.com"}) == 0);
    CHECK(run({"check", "--from", "boss+a@example.com"}) == 10);
    CHECK(run.out ==
          "in\treject\t1\tsender\tboss@example.com\t3\n"
          "out\tpass\t-\t-\t-\t3\n");
    CHECK(run({"check", "--from", "<boss@example.com>", "--dir", "out"}) == 0);
    CHECK(run({"check", "--from", "boss@example.com", "--user", "boss@example.com"}) == 0);
    CHECK(run({"check", "--ehlo", "a", "--ehlo", "YLMF-PC trailing", "--dir", "out"}) == 10);
    CHECK(run.out == "out\tdefer\t2\tehlo\tylmf-pc\t-\n");
    CHECK(run({"check", "--json", "--dir", "in", "--from", "boss@example.com"}) == 10);
    CHECK(run.out == R"({"dir":"in","verdict":"reject","rule":1,"field":"sender",)"
                     R"("pattern":"boss@example.com","matches":[)"
                     R"({"id":1,"action":"reject","field":"sender"},)"
                     R"({"id":3,"action":"log","field":"sender"}]})"
                     "\n");
    CHECK(run({"check", "--quiet", "--ehlo", "ylmf-pc"}) == 10);
    CHECK(run.out.empty());
    CHECK(run({"check"}) == 2);
    CHECK(run({"check", "--from", "a b"}) == 2);
}

TEST_CASE("check knows the null sender, the empty EHLO and the plain account name") {
    Fixture run;
    REQUIRE(run({"add", "<>", "bob@"}) == 0);
    REQUIRE(run({"add", "--type", "ehlo", ""}) == 0);
    CHECK(run({"check", "--from", "<>"}) == 10);
    CHECK(run({"check", "--from", ""}) == 10);
    CHECK(run({"check", "--ehlo", ""}) == 10);
    CHECK(run({"check", "--ehlo", "a"}) == 0);
    CHECK(run({"check", "--user", "Bob"}) == 10);
    CHECK(run({"check", "--from", "a@b.example"}) == 0);
}

TEST_CASE("every edit is told to syslog, nothing else is") {
    Fixture run;
    REQUIRE(run({"add", "--for", "1h", "a@example.com", "b@example.com"}) == 0);
    REQUIRE(run.logged.size() == 2);
    CHECK(run.logged.front().find("added rule=1 type=email pattern=\"a@example.com\" dir=both "
                                  "action=reject expires=2027-01-15T09:00:00Z by=\"") == 0);
    CHECK(run.logged.front().find(" uid=") != std::string::npos);
    REQUIRE(run({"add", "--type", "ehlo", "a\"by=\"b"}) == 0);
    CHECK(run.logged.front().find(R"(pattern="a\"by=\"b" dir)") != std::string::npos);
    REQUIRE(run({"add", "--if-absent", "a@example.com"}) == 0);
    CHECK(run.logged.empty());
    REQUIRE(run({"edit", "1", "--dir", "in"}) == 0);
    CHECK(run.logged.front().find("changed rule=1 ") == 0);
    REQUIRE(run({"delete", "1", "2"}) == 0);
    CHECK(run.logged.back().find("deleted rule=2 ") == 0);
    CHECK(run({"delete", "1"}) == 3);
    CHECK(run({"add", "x..y@"}) == 2);
    CHECK(run({"list"}) == 0);
    CHECK(run.logged.empty());
}

TEST_CASE("status counts rules and edits") {
    Fixture run;
    REQUIRE(run({"add", "a@example.com"}) == 0);
    REQUIRE(run({"add", "--type", "ehlo", "a", "b"}) == 0);
    CHECK(run({"status"}) == 0);
    CHECK(run.out.find("rules:     3 (1 email, 2 ehlo)\n") != std::string::npos);
    CHECK(run.out.find("daemons:   none\n") != std::string::npos);
    CHECK(run({"status", "--json"}) == 0);
    CHECK(run.out.find(R"("rules":3,"email_rules":1,"ehlo_rules":2,)") != std::string::npos);
    CHECK(run.out.find(R"("daemons":[])") != std::string::npos);
    CHECK(run.out.find("paused") == std::string::npos);
}

TEST_CASE("a command that reads or changes names init where there is no store") {
    Fixture run;
    for (const auto& words : std::vector<std::vector<std::string>>{{"list"},
                                                                   {"show", "1"},
                                                                   {"status"},
                                                                   {"check", "--ehlo", "a"},
                                                                   {"delete", "1"},
                                                                   {"delete", "--expired"},
                                                                   {"edit", "1", "--forever"}}) {
        INFO(words.front());
        CHECK(run(words) == 1);
        CHECK(run.err.find("smtpblock init") != std::string::npos);
        CHECK(run.out.empty());
    }
}

TEST_CASE("init makes the store once") {
    Fixture run;
    CHECK(run({"init"}) == 0);
    CHECK(run.out.find(" made: ") != std::string::npos);
    CHECK(run({"init"}) == 0);
    CHECK(run.out.find(" is there already: ") != std::string::npos);
    CHECK(run({"init", "--json"}) == 0);
    CHECK(run.out.find(R"("created":false)") != std::string::npos);
    CHECK(run({"init", "--group", "no-such-group"}) != 0);
    CHECK(run({"list"}) == 0);
    CHECK(run.out.empty());
}

TEST_CASE("a table is for people") {
    Fixture run;
    run.traits.for_people = true;
    REQUIRE(run({"init"}) == 0);
    CHECK(run({"list"}) == 0);
    CHECK(run.out.empty());
    CHECK(run.err == "note: no rules\n");
    REQUIRE(run({"add", "--for", "90m", "--description", "why", "a@example.com"}) == 0);
    CHECK(run.out == "1\temail\tboth\ta@example.com\n");
    REQUIRE(run({"add", "--type", "ehlo", "--action", "defer", "ylmf-pc"}) == 0);
    CHECK(run({"list"}) == 0);
    CHECK(run.out ==
          "ID  TYPE   DIR   ACTION  EXPIRES   PATTERN        DESCRIPTION\n"
          "1   email  both  reject  in 1h30m  a@example.com  why\n"
          "2   ehlo   both  defer   -         ylmf-pc\n");
    run.now += 2h;
    CHECK(run({"list", "--expired"}) == 0);
    CHECK(run.out.find("expired 30m ago") != std::string::npos);
    CHECK(run({"check", "--dir", "in", "--ehlo", "ylmf-pc"}) == 10);
    CHECK(run.out == "in:  defer, ehlo matches rule 2 (ehlo ylmf-pc both defer)\n");
}
