#include "cli/probe_policy.h"

#include <fmt/format.h>

#include "common/text.h"

namespace smtpblock {
namespace {

/// An answer that is longer is none.
constexpr std::size_t longest_answer = 1U << 14U;

/// Of RFC 5737: nobody, and in no network that is trusted.
constexpr std::string_view client = "192.0.2.1";

/// Of `554 5.7.1 Access denied`; 0: it has none.
unsigned code_of(std::string_view action) {
    const bool is_code = action.size() >= 3 && (action[0] == '4' || action[0] == '5') &&
                         is_digit(action[1]) && is_digit(action[2]) &&
                         (action.size() == 3 || action[3] == ' ');
    return is_code ? static_cast<unsigned>((action[0] - '0') * 100 + (action[1] - '0') * 10 +
                                           (action[2] - '0'))
                   : 0;
}

}  // namespace

ProbePolicy::ProbePolicy(const ProbeQuestion& question) {
    say("request", "smtpd_access_policy");
    say("protocol_state", "RCPT");
    say("protocol_name", question.ehlo.empty() ? "SMTP" : "ESMTP");
    say("client_address", client);
    say("helo_name", question.ehlo);
    say("sender", question.from);
    say("recipient", question.to);
    say("sasl_username", question.login ? question.login->user : "");
    output_ += '\n';
}

void ProbePolicy::say(std::string_view name, std::string_view value) {
    std::string line = fmt::format("{}={}", name, value);
    output_ += line + '\n';
    lines_.push_back({true, std::move(line)});
}

void ProbePolicy::on_bytes(std::string_view bytes) {
    while (!bytes.empty() && !finished()) {
        const auto end = bytes.find('\n');
        const auto piece = bytes.substr(0, end);
        if (octets_ += piece.size(); octets_ > longest_answer)
            return fail(fmt::format("answers with more than {} KiB; that is no policy server",
                                    longest_answer / 1024));
        buffer_ += piece;
        if (end == std::string_view::npos) return;
        bytes.remove_prefix(end + 1);
        take_line(std::exchange(buffer_, {}));
    }
}

void ProbePolicy::take_line(std::string line) {
    constexpr std::string_view name = "action=";
    if (line.empty() && action_) return conclude(*action_);
    const unsigned code = line.starts_with(name) ? code_of(line.substr(name.size())) : 0;
    lines_.push_back({false, line, code == 0 ? 200 : code});  // what is no refusal is well
    if (line.starts_with(name))
        action_ = line.substr(name.size());
    else if (line.find('=') == std::string::npos)
        fail(fmt::format("answers with {}; that is no policy server", quoted(line.substr(0, 200))));
}

/// DUNNO, WARN and the like: nothing there keeps the recipient from being taken.
void ProbePolicy::conclude(std::string_view action) {
    using Kind = ProbeVerdict::Kind;
    const unsigned code = code_of(action);
    const std::string word(action.substr(0, action.find(' ')));
    const bool defers = code / 100 == 4 || equal_ignoring_case(word, "DEFER") ||
                        equal_ignoring_case(word, "DEFER_IF_PERMIT") ||
                        equal_ignoring_case(word, "DEFER_IF_REJECT");
    const bool refuses = code / 100 == 5 || equal_ignoring_case(word, "REJECT");
    verdict_ = {defers    ? Kind::deferred
                : refuses ? Kind::refused
                          : Kind::accepted,
                "RCPT", code, std::string(action)};
}

void ProbePolicy::on_closed() {
    if (!finished()) fail("closed the connection without an answer; its log may say why");
}

void ProbePolicy::fail(std::string why) {
    verdict_ = {ProbeVerdict::Kind::failed, "", 0, std::move(why)};
}

}  // namespace smtpblock
