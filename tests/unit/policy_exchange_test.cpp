#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "daemon/policy/exchange.h"
#include "transcripts/fake_policy.h"

namespace smtpblock::policy {
namespace {

/// A mail server and what it is answered.
class Asked {
public:
    transcripts::FakePolicy rules;
    Context own{.listener = "policy", .auth_domain = "own.example"};
    std::shared_ptr<Contexts> others = std::make_shared<Contexts>();

    explicit Asked(const std::vector<const char*>& rows) {
        for (const char* row : rows) rules.rules.add(row);
    }

    /// The action for a request with these lines.
    std::string of(const std::string& lines) {
        std::string all = raw("request=smtpd_access_policy\n" + lines + "\n");
        REQUIRE(all.starts_with("action="));
        REQUIRE(all.ends_with("\n\n"));
        return all.substr(7, all.size() - 9);
    }
    std::string raw(std::string_view bytes) {
        exchange().on_bytes(bytes);
        std::string out(exchange().output());
        exchange().on_written(out.size());
        return out;
    }
    std::string complaint() {
        const auto all = exchange().take_complaints();
        return all.size() == 1 ? all[0].event + ": " + all[0].detail
                               : std::to_string(all.size()) + " complaints";
    }
    Exchange& exchange() {
        if (!exchange_)
            exchange_.emplace(std::make_shared<Settings>(own, others), rules,
                              door::Asker{"7f", "127.0.0.1"});
        return *exchange_;
    }

private:
    std::optional<Exchange> exchange_;
};

const std::string at_rcpt = "protocol_state=RCPT\nrecipient=bob@example.org\n";
const std::string rejected = "554 5.7.1 Access denied";
const std::string deferred = "450 4.7.1 Access denied";
const std::string blocked_request =
    "request=smtpd_access_policy\n" + at_rcpt + "sender=bad@b.example\n\n";

}  // namespace

TEST_CASE("a block is answered at RCPT, DATA and END-OF-MESSAGE, and nobody is ever told OK") {
    Asked asked({"email bad@b.example reject both", "email late@b.example defer both"});
    for (const char* state : {"RCPT", "DATA", "BDAT", "END-OF-MESSAGE"}) {
        const std::string at = std::string("protocol_state=") + state + "\n";
        CHECK(asked.of(at + "sender=bad@b.example\n") == rejected);
        CHECK(asked.of(at + "sender=late@b.example\n") == deferred);
        CHECK(asked.of(at + "sender=good@b.example\n") == "DUNNO");
    }
    for (const char* state : {"CONNECT", "EHLO", "HELO", "MAIL", "VRFY", "ETRN"})
        CHECK(asked.of(std::string("protocol_state=") + state + "\nsender=bad@b.example\n") ==
              "DUNNO");
    CHECK(asked.complaint() == "0 complaints");
}

TEST_CASE("a state that nobody knows, or none, is said once a listener, and not asked about") {
    const std::string bad = "sender=bad@b.example\n";
    const std::string next =
        "nothing is looked at; send RCPT, DATA or END-OF-MESSAGE, or AUTH for a login";
    Asked misspelt({"email bad@b.example reject both"});
    CHECK(misspelt.of("protocol_state=rcpt\n" + bad) == "DUNNO");
    CHECK(misspelt.complaint() == "unknown protocol_state: rcpt: " + next);
    CHECK(misspelt.of("protocol_state=RCTP\n" + bad) == "DUNNO");
    CHECK(misspelt.of(bad) == "DUNNO");
    CHECK(misspelt.complaint() == "0 complaints");
    for (const char* none : {"", "protocol_state=\n"}) {
        Asked without({"email bad@b.example reject both"});
        CHECK(without.of(none + bad) == "DUNNO");
        CHECK(without.complaint() == "unknown protocol_state: none: " + next);
    }
}

TEST_CASE("the sender, the login, for whom it sends and the EHLO name are asked about") {
    Asked asked({"email bad@b.example reject both", "email alice@own.example reject both",
                 "ehlo ylmf-pc reject both", "email <> reject both"});
    CHECK(asked.of(at_rcpt + "sender=BAD%b.example\n") == rejected);
    CHECK(asked.of(at_rcpt + "sender=x@y.example\nsasl_username=Alice\n") == rejected);
    CHECK(asked.of(at_rcpt + "sender=x@y.example\nsasl_username=x\nsasl_sender=bad@b.example\n") ==
          rejected);
    CHECK(asked.of(at_rcpt + "sender=x@y.example\nhelo_name=YLMF-PC and more\n") == rejected);
    CHECK(asked.of(at_rcpt + "sender=\n") == rejected);
    CHECK(asked.of(at_rcpt + "sender=x@y.example\nsasl_username=x\nhelo_name=y\n") == "DUNNO");
    CHECK(asked.of(at_rcpt) == "DUNNO");
}

TEST_CASE("an EHLO name ends at its blank, which Postfix shows as a question mark") {
    Asked asked({"ehlo ylmf-pc reject both", "ehlo *.dyn.example reject both",
                 "ehlo [192.0.2.7] reject both", "ehlo \"\" reject both"});
    const auto helo = [&](const std::string& name) {
        return asked.of(at_rcpt + "sender=x@y.example\nhelo_name=" + name + "\n");
    };
    for (const char* blocked : {"YLMF-PC?x", "ylmf-pc?a?b", "ylmf-pc??x?", "1.dyn.example?x",
                                "[192.0.2.7]?x", "ylmf-pc.?x"})
        CHECK(helo(blocked) == rejected);
    // No blank is the first character or the last one.
    for (const char* other : {"?ylmf-pc", "?", "?x", "??", "ylmf-pc?", "ylmf?pc", "x?ylmf-pc"})
        CHECK(helo(other) == "DUNNO");
}

TEST_CASE("what Postfix shows as one or two question marks is looked for as what it may be") {
    Asked asked({"ehlo () reject both", "ehlo user@pc reject both", "ehlo <a@b> reject both",
                 R"(ehlo what\?ever reject both)", "ehlo spam?x reject both",
                 "ehlo *@* reject both"});
    const auto helo = [&](const std::string& name) {
        return asked.of(at_rcpt + "sender=x@y.example\nhelo_name=" + name + "\n");
    };
    for (const char* blocked : {"??", "User?PC", "what?ever", "spam?x", "???x", "user?pc?x",
                                "user?pc??", "()", "<a@b>", "user@pc and more"})
        CHECK(helo(blocked) == rejected);
    for (const char* other : {"?", "?a?b?", "a?", "???", "user?", "user??pc", "mail.example.net"})
        CHECK(helo(other) == "DUNNO");
}

TEST_CASE("no EHLO is a name that rules can match, one that was not told is none") {
    Asked asked({"ehlo \"\" reject both"});
    CHECK(asked.of(at_rcpt + "sender=x@y.example\nhelo_name=\n") == rejected);
    CHECK(asked.of(at_rcpt + "sender=x@y.example\n") == "DUNNO");
}

TEST_CASE("nothing that one client said counts for the next") {
    Asked asked({"email bad@b.example reject both", "ehlo ylmf-pc reject both"});
    CHECK(asked.of(at_rcpt + "sender=bad@b.example\nsasl_username=bad@b.example\n"
                             "helo_name=ylmf-pc\n") == rejected);
    CHECK(asked.of(at_rcpt + "sender=good@b.example\n") == "DUNNO");
    CHECK(asked.of(at_rcpt) == "DUNNO");
    CHECK(asked.of(at_rcpt + "sender=bad@b.example\n") == rejected);
}

TEST_CASE("mail goes out that comes with a login or from a trusted network") {
    Asked asked({"email bad@b.example reject out", "email boss@b.example reject in"});
    asked.own.trusted_networks = {*IpNetwork::parse("192.0.2.0/24")};
    const std::string bad = at_rcpt + "sender=bad@b.example\n";
    CHECK(asked.of(bad + "client_address=198.51.100.1\n") == "DUNNO");
    CHECK(asked.of(bad + "client_address=unknown\n") == "DUNNO");
    CHECK(asked.of(bad + "client_address=192.0.2.9\n") == rejected);
    CHECK(asked.of(bad + "sasl_username=x@y.example\n") == rejected);
    CHECK(asked.of(at_rcpt + "sender=boss@b.example\n") == rejected);
    CHECK(asked.of(at_rcpt + "sender=boss@b.example\nsasl_username=boss@b.example\n") == "DUNNO");
}

TEST_CASE("MAIL FROM ... AUTH= is read as the client meant it") {
    Asked asked({"email carol@example.com reject both", "email dave@own.example reject both"});
    const auto for_whom = [&](const std::string& name) {
        return asked.of(at_rcpt + "sender=x@y.example\nsasl_username=x\nsasl_sender=" + name +
                        "\n");
    };
    for (const char* carol : {"carol@example.com", "<Carol@Example.COM>", "carol+40example.com",
                              "<carol+2Bsales@example.com>", "+3Ccarol@example.com+3e",
                              "carol+sales@example.com", "<dave>"})
        CHECK(for_whom(carol) == rejected);
    for (const char* other : {"", "<>", "+3C+3E", "carol", "carol+3Dexample.com", "<", "+40"})
        CHECK(for_whom(other) == "DUNNO");
}

TEST_CASE("a policy_context is the name of a listener whose settings are taken") {
    Asked asked({"email bad@b.example reject out", "email alice@other.example reject both"});
    asked.others->emplace("submission", Context{.listener = "submission",
                                                .direction = Direction::out,
                                                .auth_domain = "other.example"});
    const std::string bad = at_rcpt + "sender=bad@b.example\n";
    CHECK(asked.of(bad) == "DUNNO");
    CHECK(asked.of(bad + "policy_context=policy\n") == "DUNNO");
    CHECK(asked.of(bad + "policy_context=submission\n") == rejected);
    CHECK(asked.of(at_rcpt + "sasl_username=alice\npolicy_context=submission\n") == rejected);
    CHECK(asked.of(at_rcpt + "sasl_username=alice\n") == "DUNNO");
    CHECK(asked.complaint() == "0 complaints");
    CHECK(asked.of(bad + "policy_context=submision\n") == "DUNNO");
    CHECK(asked.complaint() ==
          "unknown policy_context: submision: no listener has that name; taken for policy");
    CHECK(asked.of(bad + "policy_context=other\n") == "DUNNO");
    CHECK(asked.complaint() == "0 complaints");
}

TEST_CASE("AUTH, which Exim asks with, fails for defer as for reject") {
    Asked asked({"email alice@own.example reject both", "email late@own.example defer both",
                 "email in@own.example reject in", "ehlo ylmf-pc reject in"});
    const std::string at_auth = "protocol_state=AUTH\nhelo_name=x\nsasl_username=";
    CHECK(asked.of(at_auth + "alice\n") == rejected);
    CHECK(asked.of(at_auth + "late\n") == rejected);
    CHECK(asked.of(at_auth + "in\n") == "DUNNO");
    CHECK(asked.of(at_auth + "bob\n") == "DUNNO");
    CHECK(asked.of("protocol_state=AUTH\nhelo_name=ylmf-pc\nsasl_username=bob\n") == rejected);
}

TEST_CASE("at AUTH no sender is known unless one is told") {
    struct Told : transcripts::FakePolicy {
        bool has_sender = false;
        smtp::Finding find(smtp::Moment, const smtp::Subject& subject) override {
            has_sender = subject.has_sender;
            return {};
        }
    } told;
    Exchange exchange(std::make_shared<Settings>(), told, {});
    const auto has_sender = [&](const std::string& lines) {
        exchange.on_bytes("request=smtpd_access_policy\n" + lines + "\n");
        return told.has_sender;
    };
    CHECK_FALSE(has_sender("protocol_state=AUTH\n"));
    CHECK_FALSE(has_sender("protocol_state=AUTH\nsender=\n"));
    CHECK(has_sender("protocol_state=AUTH\nsender=a@b.example\n"));
    CHECK(has_sender("protocol_state=RCPT\nsender=\n"));
    CHECK_FALSE(has_sender("protocol_state=RCPT\n"));
}

TEST_CASE("a store that cannot be read defers, and a log rule warns") {
    struct Told : transcripts::FakePolicy {
        smtp::Finding finding;
        smtp::Finding find(smtp::Moment, const smtp::Subject&) override { return finding; }
    } told;
    Exchange exchange(std::make_shared<Settings>(), told, {});
    const auto answer_at = [&](const std::string& state) {
        exchange.on_bytes("request=smtpd_access_policy\nprotocol_state=" + state + "\n\n");
        std::string out(exchange.output());
        exchange.on_written(out.size());
        return out;
    };
    told.finding = {Verdict::trouble};
    CHECK(answer_at("RCPT") == "action=451 4.3.0 Temporary lookup failure\n\n");
    CHECK(answer_at("END-OF-MESSAGE") == "action=451 4.3.0 Temporary lookup failure\n\n");
    CHECK(answer_at("AUTH") == "action=454 4.7.0 Temporary authentication failure\n\n");
    CHECK(answer_at("MAIL") == "action=DUNNO\n\n");
    told.finding = {Verdict::pass, 17};
    CHECK(answer_at("RCPT") == "action=WARN smtpblock rule 17 (log) matches\n\n");
    told.finding = {Verdict::reject, 17};
    CHECK(answer_at("RCPT") == "action=554 5.7.1 Access denied\n\n");
}

TEST_CASE("many policy requests of one connection are answered in order, however they are cut") {
    std::string all;
    std::string answers;
    for (int i = 0; i < 3; ++i) {
        all += "request=smtpd_access_policy\n" + at_rcpt + "sender=good@b.example\n\n";
        all += blocked_request;
        answers += "action=DUNNO\n\naction=554 5.7.1 Access denied\n\n";
    }
    for (std::size_t cut = 0; cut <= all.size(); ++cut) {
        Asked asked({"email bad@b.example reject both"});
        std::string out = asked.raw(std::string_view(all).substr(0, cut));
        CHECK(asked.exchange().idle() == (cut == 0 || all.substr(0, cut).ends_with("\n\n")));
        out += asked.raw(std::string_view(all).substr(cut));
        REQUIRE(out == answers);
        CHECK(asked.exchange().idle());
    }
    Asked asked({"email bad@b.example reject both"});
    std::string out;
    for (const char& c : all) out += asked.raw({&c, 1});
    CHECK(out == answers);
}

TEST_CASE("the rules are looked at when the last octet of a policy request was read") {
    Asked asked({});
    const std::string_view request = blocked_request;
    CHECK(asked.raw(request.substr(0, request.size() - 1)).empty());
    asked.rules.rules.add("email bad@b.example reject both");
    CHECK(asked.raw("\n") == "action=554 5.7.1 Access denied\n\n");
}

TEST_CASE("a policy request that cannot be read ends the connection without an answer to it") {
    Asked asked({"email bad@b.example reject both"});
    CHECK(asked.raw(blocked_request + "sender\n\n" + blocked_request) ==
          "action=554 5.7.1 Access denied\n\n");
    CHECK(asked.exchange().finished());
    CHECK(asked.complaint() == "bad request: a line without '='");

    Asked cut({});
    CHECK(cut.raw("request=smtpd_access_policy\nsen").empty());
    cut.exchange().on_eof();
    CHECK(cut.exchange().finished());
    CHECK(cut.complaint() == "bad request: it ends in the middle");

    Asked quiet({});
    quiet.exchange().on_eof();
    CHECK(quiet.exchange().finished());
    CHECK(quiet.complaint() == "0 complaints");
}

}  // namespace smtpblock::policy
