// What a mail server may ask: every request answered once and in order, however it is cut, and
// nothing after one that cannot be read.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/policy/exchange.h"
#include "daemon/policy/limits.h"
#include "fuzz/require.h"

namespace smtpblock::fuzz {
namespace {

/// Blocks, defers, warns and passes by turns of what it is asked about.
class Rules : public smtp::Policy {
public:
    Verdict check(smtp::Moment moment, const smtp::Subject& subject) override {
        return find(moment, subject).verdict;
    }
    smtp::Finding find(smtp::Moment, const smtp::Subject& subject) override {
        require(subject.ehlo_names.size() <= 2, "one name a request, and what it may end before");
        for (const EhloName& name : subject.ehlo_names)
            require(name.originals.size() <= 90, "few of what a name may have been");
        require(subject.sender == nullptr || !subject.null_sender, "a sender or none");
        require(subject.authenticated || subject.users.size() <= 1, "nobody who did not log in");
        const std::size_t sum = subject.sender_path.size() + subject.users.size();
        switch (sum % 5) {
            case 0:
                return {Verdict::pass};
            case 1:
                return {Verdict::reject};
            case 2:
                return {Verdict::defer};
            case 3:
                return {Verdict::trouble};
            default:
                return {Verdict::pass, sum};
        }
    }
    smtp::LoginVerdict check_login(const smtp::Subject&, std::size_t) override { return {}; }
    void authenticated(const smtp::Subject&, smtp::LoginResult) override {}
    void accepted(const smtp::Subject&, std::string_view) override {}
    void note(const smtp::Subject&, std::string_view, std::string_view) override {}
};

struct Outcome {
    std::string answers;
    std::string complaints;
    bool idle;
    bool finished;

    bool operator==(const Outcome&) const = default;
};

/// Asked in pieces of so many octets; 0: all at once.
Outcome outcome(std::string_view bytes, std::size_t piece) {
    Rules rules;
    auto others = std::make_shared<policy::Contexts>();
    others->emplace("out", policy::Context{.listener = "out",
                                           .direction = Direction::out,
                                           .auth_domain = "x.example",
                                           .trusted_networks = {*IpNetwork::parse("10.0.0.0/8")}});
    policy::Exchange exchange(std::make_shared<policy::Settings>(policy::Context{}, others), rules,
                              {});
    Outcome out{};
    while (!bytes.empty() && !exchange.finished()) {
        const auto octets = piece == 0 ? bytes.size() : std::min(piece, bytes.size());
        exchange.on_bytes(bytes.substr(0, octets));
        bytes.remove_prefix(octets);
        out.answers += exchange.output();
        exchange.on_written(exchange.output().size());
    }
    out.idle = exchange.idle();
    exchange.on_eof();
    for (const auto& complaint : exchange.take_complaints())
        out.complaints += complaint.event + ": " + complaint.detail + "\n";
    out.finished = exchange.finished();
    return out;
}

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + part.size()))
        ++found;
    return found;
}

}  // namespace
}  // namespace smtpblock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace smtpblock::fuzz;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const Outcome whole = outcome(bytes, 0);
    for (const std::size_t piece : {1U, 7U})
        require(outcome(bytes, piece).answers == whole.answers, "the same answers in pieces");
    require(whole.finished, "the end is the end");
    require(whole.answers.find("OK") == std::string::npos, "nobody is told OK");
    const std::size_t answers = count(whole.answers, "\n\n");
    require(answers == count(whole.answers, "action="), "each is one action");
    require(answers <= count(bytes, "\n\n"), "none without a request");
    require(answers <= count(bytes, "request=smtpd_access_policy\n"), "that says what it is");
    return 0;
}
