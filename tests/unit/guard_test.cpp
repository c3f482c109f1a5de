#include "daemon/guard/guard.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/store_files.h"
#include "common/store_writer.h"
#include "unit/store_support.h"
#include "unit/temporary_directory.h"

namespace smtpblock::guard {
namespace {

using smtp::Moment;
using namespace std::chrono_literals;

Time wall_now{1'800'000'000s};
smtp::Instant steady_now{1h};

struct Row {
    RuleType type;
    const char* pattern;
    Direction direction = Direction::both;
    Action action = Action::reject;
    std::optional<Time> expires = {};
};

/// A guard on a store of its own, with IDs from 1 in the order of the rows.
class Guarded {
public:
    explicit Guarded(const std::vector<Row>& rows, GuardOptions options = {}) {
        const StorePaths paths(directory_ / "store");
        REQUIRE(init_store(paths, {}));
        {
            const auto writer = StoreWriter::open(paths);
            REQUIRE(writer);
            const auto edited =
                (*writer)->edit({"test", wall_now}, EditVerb::add, [&](Edit& edit) -> Result<void> {
                    for (const Row& row : rows) {
                        const auto pattern = Pattern::parse(row.type, row.pattern);
                        auto added =
                            edit.add({*pattern, row.direction, row.action, "", row.expires});
                        if (!added) return std::move(added).failure();
                    }
                    return {};
                });
            REQUIRE(edited);
        }
        auto rules = StoreReader::open(paths);
        REQUIRE(rules);
        rules_ = *std::move(rules);
        log_file_ =
            open((directory_ / "log").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
        log_.emplace(log_file_, LogLevel::info, false);
        state_.emplace(*log_);
        guard_.emplace(*rules_, *log_, *state_, std::move(options),
                       Clock{[] { return wall_now; }, [] { return steady_now; }});
    }
    ~Guarded() { close(log_file_); }

    Guard& guard() { return *guard_; }
    /// What was logged since it was asked last.
    std::string said() {
        std::string all = test::contents(directory_ / "log");
        std::string fresh = all.substr(read_);
        read_ = all.size();
        return fresh;
    }
    /// By another process, as `pause` and `resume` do.
    void pause(std::optional<Time> until) {
        const StorePaths paths(directory_ / "store");
        CHECK(test::edit(paths, [&](Edit& edit) -> Result<void> {
                  edit.pause(until);
                  return {};
              }) == "");
    }
    void take_store_away() { rename("store/rules", "store/away"); }
    void bring_store_back() { rename("store/away", "store/rules"); }

private:
    void rename(const char* from, const char* to) {
        std::filesystem::rename(directory_ / from, directory_ / to);
    }

    test::TemporaryDirectory directory_;
    std::unique_ptr<StoreReader> rules_;
    int log_file_ = -1;
    std::optional<Log> log_;
    std::optional<GuardState> state_;
    std::optional<Guard> guard_;
    std::size_t read_ = 0;
};

/// A client that is about to send from a@bad.example to bob@example.org.
struct Client {
    std::vector<EhloName> names{EhloName::parse("mail.example.com")};
    Address sender{"a", "bad.example"};
    std::vector<Address> users;
    smtp::Subject subject;

    Client() {
        subject.session = "7f3a";
        subject.listener = "mx";
        subject.client = "192.0.2.7";
        subject.has_sender = true;
        subject.sender = &sender;
        subject.sender_path = "a@bad.example";
        subject.recipient_path = "bob@example.org";
    }
    const smtp::Subject& operator()() {
        subject.ehlo_names = names;
        subject.users = users;
        return subject;
    }
};

}  // namespace

TEST_CASE("a block is a line that names its rule") {
    Guarded guarded({{RuleType::email, "bad.example"}});
    Client client;
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::reject);
    CHECK(guarded.said() ==
          "block session=7f3a listener=mx at=rcpt rule=1 action=reject field=sender "
          "client=192.0.2.7 ehlo=mail.example.com from=<a@bad.example> to=<bob@example.org>\n");
    CHECK(guarded.guard().check(Moment::data, client()) == Verdict::reject);
    CHECK(guarded.said() ==
          "block session=7f3a listener=mx at=data rule=1 action=reject field=sender "
          "client=192.0.2.7 ehlo=mail.example.com from=<a@bad.example>\n");
    CHECK(guarded.guard().check(Moment::end, client()) == Verdict::reject);
    CHECK(guarded.said().find(" at=end ") != std::string::npos);
}

TEST_CASE("a deferred sender has a line of that name, with the account once authenticated") {
    Guarded guarded({{RuleType::email, "u@example.com", Direction::out, Action::defer}});
    Client client;
    client.users = {{"u", "example.com"}};
    client.subject.authenticated = true;
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::defer);
    CHECK(guarded.said() ==
          "defer session=7f3a listener=mx at=rcpt rule=1 action=defer field=user "
          "client=192.0.2.7 ehlo=mail.example.com from=<a@bad.example> user=u@example.com "
          "to=<bob@example.org>\n");
    client.subject.has_sender = false;
    CHECK(guarded.guard().check(Moment::auth, client()) == Verdict::defer);
    CHECK(guarded.said() ==
          "defer session=7f3a listener=mx at=auth rule=1 action=defer field=user "
          "client=192.0.2.7 ehlo=mail.example.com user=u@example.com\n");
}

TEST_CASE("all rules that matched are named beside the deciding one") {
    Guarded guarded({{RuleType::email, "bad.example"},
                     {RuleType::email, "a@bad.example"},
                     {RuleType::ehlo, "mail.example.com"}});
    Client client;
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::reject);
    CHECK(guarded.said().find(" rule=2 action=reject field=sender also=1,3 client=") !=
          std::string::npos);
}

TEST_CASE("a log rule is a trial: a line whenever it matches, and nobody is stopped") {
    Guarded guarded({{RuleType::email, "bad.example", Direction::both, Action::log}});
    Client client;
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::pass);
    CHECK(guarded.said() ==
          "trial session=7f3a listener=mx at=rcpt rule=1 action=log field=sender "
          "client=192.0.2.7 ehlo=mail.example.com from=<a@bad.example> to=<bob@example.org>\n");
    CHECK(guarded.guard().check(Moment::end, client()) == Verdict::pass);
    CHECK(guarded.said().starts_with("trial "));
}

TEST_CASE("who asks for it is told the first log rule that matched, with whatever was decided") {
    Guarded guarded({{RuleType::email, "b.example", Direction::both, Action::log},
                     {RuleType::email, "bad.example", Direction::both, Action::log},
                     {RuleType::ehlo, "mail.example.com", Direction::out}});
    Client client;
    const auto tried = guarded.guard().find(Moment::rcpt, client());
    CHECK(tried.verdict == Verdict::pass);
    CHECK(tried.trial == 2);
    client.subject.listener_direction = Direction::out;
    const auto blocked = guarded.guard().find(Moment::rcpt, client());
    CHECK(blocked.verdict == Verdict::reject);
    CHECK(blocked.trial == 2);
}

TEST_CASE("the name that a rule caught is logged, not the last one") {
    Guarded guarded({{RuleType::ehlo, "*.dyn.example"}, {RuleType::email, "bad.example"}});
    Client client;
    client.names = {EhloName::parse("one.example"), EhloName::parse("p7.dyn.example"),
                    EhloName::parse("last.example")};
    client.sender.domain = "good.example";
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::reject);
    CHECK(guarded.said().find(" rule=1 action=reject field=ehlo client=192.0.2.7 "
                              "ehlo=p7.dyn.example ") != std::string::npos);
    client.names.erase(client.names.begin() + 1);
    client.sender.domain = "bad.example";
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::reject);
    CHECK(guarded.said().find(" ehlo=last.example ") != std::string::npos);
}

TEST_CASE("a client that gave no name is shown as the pattern that matches it") {
    Guarded guarded({{RuleType::ehlo, ""}});
    Client client;
    client.names = {EhloName{}};
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::reject);
    CHECK(guarded.said().find(" ehlo=\"\" ") != std::string::npos);
}

TEST_CASE("names that nobody told us of are left out") {
    Guarded guarded({{RuleType::email, "u@example.com"}});
    Client client;
    client.subject.has_sender = false;
    client.names = {};
    client.users = {{"u", "example.com"}};
    CHECK(guarded.guard().check(Moment::auth, client()) == Verdict::reject);
    CHECK(guarded.said() ==
          "block session=7f3a listener=mx at=auth rule=1 action=reject field=user "
          "client=192.0.2.7 user=u@example.com\n");
}

TEST_CASE("what passes says nothing before the message is accepted") {
    Guarded guarded({});
    Client client;
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::pass);
    CHECK(guarded.guard().check(Moment::data, client()) == Verdict::pass);
    CHECK(guarded.said().empty());
    client.subject.recipients = 2;
    guarded.guard().accepted(client(), "2.0.0 Ok: queued as 4X");
    CHECK(guarded.said() ==
          "pass session=7f3a listener=mx at=end client=192.0.2.7 ehlo=mail.example.com "
          "from=<a@bad.example> recipients=2 reply=\"2.0.0 Ok: queued as 4X\"\n");
}

TEST_CASE("a rule ends with the second of its expiry, by the wall clock") {
    Guarded guarded(
        {{RuleType::email, "bad.example", Direction::both, Action::reject, wall_now + 10s}});
    Client client;
    const Time before = wall_now;
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::reject);
    wall_now = before + 10s;
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::pass);
    wall_now = before;
}

TEST_CASE("the line of a blocked login says who refuses it") {
    Guarded guarded({{RuleType::email, "u@example.com"},
                     {RuleType::email, "example.com", Direction::both, Action::log}});
    Client client;
    client.users = {{"u", "example.com"}};
    client.subject.has_sender = false;
    const std::string line =
        "block session=7f3a listener=mx at=auth rule=1 action=reject field=user also=2 "
        "client=192.0.2.7 ehlo=mail.example.com user=u@example.com answer=";
    const std::string trial =
        "trial session=7f3a listener=mx at=auth rule=2 action=log field=user "
        "client=192.0.2.7 ehlo=mail.example.com user=u@example.com\n";
    CHECK(guarded.guard().check_login(client(), 1).asks_upstream);
    CHECK(guarded.said() == line + "upstream\n" + trial);
    const auto second = guarded.guard().check_login(client(), 1);
    CHECK(second.verdict == Verdict::reject);
    CHECK_FALSE(second.asks_upstream);
    CHECK(guarded.said() == line + "local\n" + trial);
}

TEST_CASE("the upstream is asked so often about an account, on all listeners together") {
    Guarded guarded({{RuleType::email, "example.com"}});
    Client client;
    const auto asks = [&](const char* user, const char* listener, std::size_t most) {
        client.users = {{user, "example.com"}};
        client.subject.listener = listener;
        return guarded.guard().check_login(client(), most).asks_upstream;
    };
    CHECK(asks("u", "submission", 2));
    CHECK(asks("u", "submissions", 2));
    CHECK_FALSE(asks("u", "submission", 2));
    CHECK_FALSE(asks("u", "submissions", 2));
    CHECK(asks("v", "submission", 2));
    CHECK_FALSE(asks("w", "submission", 0));
    steady_now += 60s;
    CHECK(asks("u", "submission", 2));
}

TEST_CASE("who is not blocked is the upstream's to judge, however often") {
    Guarded guarded({{RuleType::email, "example.com", Direction::both, Action::log}});
    Client client;
    client.users = {{"u", "example.com"}};
    for (int i = 0; i < 3; ++i) {
        const auto login = guarded.guard().check_login(client(), 0);
        CHECK(login.verdict == Verdict::pass);
        CHECK(login.asks_upstream);
    }
}

TEST_CASE("logins and what happens to sessions have lines of their own") {
    Guarded guarded({});
    Client client;
    client.users = {{"u", "example.com"}};
    client.subject.has_sender = false;
    guarded.guard().authenticated(client(), smtp::LoginResult::accepted);
    CHECK(guarded.said() ==
          "auth session=7f3a listener=mx at=auth client=192.0.2.7 ehlo=mail.example.com "
          "user=u@example.com result=accepted\n");
    guarded.guard().authenticated(client(), smtp::LoginResult::refused);
    CHECK(guarded.said().ends_with(" result=refused\n"));
    guarded.guard().authenticated(client(), smtp::LoginResult::deferred);
    CHECK(guarded.said().ends_with(" result=deferred\n"));
    client.users.clear();
    guarded.guard().note(client(), "client timeout", "");
    CHECK(guarded.said() ==
          "session session=7f3a listener=mx client=192.0.2.7 ehlo=mail.example.com "
          "event=\"client timeout\"\n");
    guarded.guard().note(client(), "upstream lost", "a\r\nblock rule=1");
    CHECK(
        guarded.said().ends_with(" event=\"upstream lost\" detail=\"a\\x0d\\x0ablock rule=1\"\n"));
}

TEST_CASE("the first identity without a domain is warned of, once a listener") {
    Guarded guarded({});
    Client client;
    client.users = {{"bob", ""}};
    client.subject.has_sender = false;
    guarded.guard().check(Moment::auth, client());
    const std::string warning = guarded.said();
    CHECK(warning.starts_with(
        "auth session=7f3a listener=mx client=192.0.2.7 user=bob detail=\"an identity without"));
    guarded.guard().check(Moment::auth, client());
    CHECK(guarded.said().empty());
    client.subject.listener = "other";
    guarded.guard().check(Moment::auth, client());
    CHECK(guarded.said().find("listener=other") != std::string::npos);
}

TEST_CASE("a store that cannot be read stops everybody, and is told of once a minute") {
    Guarded guarded({{RuleType::email, "bad.example"}});
    Client client;
    guarded.take_store_away();
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::trouble);
    CHECK(guarded.said().starts_with("store state=trouble failed=1 enforcing=defer detail="));
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::trouble);
    CHECK(guarded.said().empty());
    steady_now += 60s;
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::trouble);
    CHECK(guarded.said().starts_with("store state=trouble failed=3 "));

    guarded.bring_store_back();
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::reject);
    CHECK(guarded.said().starts_with("store state=recovered failed=3\nblock "));

    // Within the same minute it goes and comes in silence.
    guarded.take_store_away();
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::trouble);
    guarded.bring_store_back();
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::reject);
    CHECK(guarded.said().starts_with("block "));
}

TEST_CASE("with on_store_error = pass everybody passes, and the log says that nobody is stopped") {
    Guarded guarded({{RuleType::email, "bad.example"}},
                    {.recipient_delimiter = "+", .pass_on_store_error = true});
    Client client;
    guarded.take_store_away();
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::pass);
    CHECK(guarded.said().starts_with("store state=trouble failed=1 enforcing=no detail="));
}

TEST_CASE("a paused store passes everybody, and the log says so once a minute") {
    Guarded guarded({{RuleType::email, "a@bad.example"}});
    Client client;
    REQUIRE(guarded.guard().check(Moment::rcpt, client()) == Verdict::reject);
    guarded.said();
    guarded.pause(wall_now + 10min);
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::pass);
    CHECK(guarded.guard().check(Moment::auth, client()) == Verdict::pass);
    CHECK(guarded.said() ==
          "store state=paused until=2027-01-15T08:10:00Z "
          "detail=\"everything passes; 'smtpblock resume' ends it\"\n");
    steady_now += 1min;
    guarded.guard().look();  // no mail is needed
    CHECK(guarded.said().find("state=paused") != std::string::npos);
    guarded.guard().look();
    CHECK(guarded.said().empty());

    wall_now += 10min;
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::reject);
    CHECK(guarded.said().find("store state=enforcing") == 0);
    wall_now -= 10min;
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::pass);
    guarded.pause(std::nullopt);
    CHECK(guarded.guard().check(Moment::rcpt, client()) == Verdict::reject);
}

}  // namespace smtpblock::guard
