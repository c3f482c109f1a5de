#include "transcripts/player.h"

#include <fmt/format.h>

#include <optional>
#include <regex>
#include <set>
#include <vector>

#include "common/base64.h"
#include "common/text.h"
#include "daemon/smtp/login_failures.h"
#include "transcripts/stage.h"

namespace smtpblock::transcripts {
namespace {

/// Takes a line with its CRLF off the head of `bytes`; nothing when none is whole.
std::optional<std::string> take_line(std::string& bytes) {
    const auto end = bytes.find("\r\n");
    if (end == std::string::npos) return std::nullopt;
    std::string line = bytes.substr(0, end);
    bytes.erase(0, end + 2);
    return line;
}

/// The lines of a whole reply, with `\n` between them.
std::optional<std::string> take_reply(std::string& bytes) {
    std::string reply;
    std::string rest = bytes;
    while (auto line = take_line(rest)) {
        reply += (reply.empty() ? "" : "\n") + *line;
        if (line->size() > 3 && (*line)[3] == '-') continue;
        bytes = rest;
        return reply;
    }
    return std::nullopt;
}

std::string shown(const std::string& bytes) {
    constexpr std::size_t most = 300;
    return bytes.empty() ? "nothing" : quoted(bytes.substr(0, most));
}

bool holds(const std::string& text, const std::string& expression) {
    return std::regex_search(text, std::regex(expression));
}

class Player {
public:
    Player(const Transcript& transcript, std::size_t piece)
        : transcript_(transcript), stage_(transcript, piece) {}

    Stage& stage() { return stage_; }

    /// Empty when it was as written.
    std::string perform(const Step& step) {
        const std::string fault = done(step);
        if (!stage_.broken().empty()) return told(step.line, stage_.broken());
        return fault.empty() ? "" : told(step.line, fault);
    }

    std::string told(int line, const std::string& what) {
        return fmt::format("{}:{}: {}\n{}", transcript_.name, line, what, stage_.policy().notes);
    }

private:
    std::string done(const Step& step) {
        switch (step.act) {
            case Act::client_says:
                return stage_.client_says(step.text), "";
            case Act::client_half_closes:
                return stage_.client_half_closes(), "";
            case Act::client_resets:
                return stage_.client_resets(), "";
            case Act::client_waits:
                return "";
            case Act::client_starts_tls:
                return stage_.client_starts_tls() ? "" : "no handshake with the client is wanted";
            case Act::client_sees: {
                const std::string all = stage_.client_saw;
                if (take_line(stage_.client_saw) == step.text) return "";
                return fmt::format("the client sees {}", shown(all));
            }
            case Act::client_sees_like: {
                const std::string all = stage_.client_saw;
                const auto reply = take_reply(stage_.client_saw);
                if (reply && holds(*reply, step.text)) return "";
                return fmt::format("the client sees {}", shown(all));
            }
            case Act::client_sees_end:
                if (stage_.client_ended && stage_.client_saw.empty()) return "";
                return stage_.client_ended ? fmt::format("before the end the client sees {}",
                                                         shown(stage_.client_saw))
                                           : "the client is not closed";
            case Act::upstream_says:
                return stage_.upstream_says(step.text) ? "" : "no upstream is connected";
            case Act::upstream_starts_tls:
                return stage_.upstream_starts_tls() ? "" : "no handshake upstream is wanted";
            case Act::upstream_closes:
                return stage_.upstream_closes() ? "" : "no upstream is connected";
            case Act::upstream_resets:
                return stage_.upstream_resets() ? "" : "no upstream is connected";
            case Act::upstream_gets: {
                const std::string all = stage_.upstream_got;
                if (take_line(stage_.upstream_got) == step.text) return "";
                return fmt::format("the upstream gets {}", shown(all));
            }
            case Act::upstream_gets_like: {
                const std::string all = stage_.upstream_got;
                const auto line = take_line(stage_.upstream_got);
                if (line && holds(*line, step.text)) return "";
                return fmt::format("the upstream gets {}", shown(all));
            }
            case Act::upstream_gets_end:
                if (stage_.upstream_ended && stage_.upstream_got.empty()) return "";
                return stage_.upstream_ended ? fmt::format("before the end the upstream gets {}",
                                                           shown(stage_.upstream_got))
                                             : "the upstream is not closed";
            case Act::upstream_is_cut_off:
                stage_.upstream_got.clear();
                return stage_.upstream_ended ? "" : "the upstream is not closed";
            case Act::upstream_stops_reading:
                return stage_.upstream_stops_reading(), "";
            case Act::upstream_refuses:
                return stage_.connecting(Stage::Connecting::refused), "";
            case Act::upstream_is_silent:
                return stage_.connecting(Stage::Connecting::silent), "";
            case Act::upstream_answers:
                return stage_.connecting(Stage::Connecting::answered), "";
            case Act::rule_added:
                return stage_.policy().rules.add(step.text), "";
            case Act::rule_deleted:
                return stage_.policy().rules.remove(step.text), "";
            case Act::store_breaks:
                return stage_.policy().rules.break_store(), "";
            case Act::daemon_drains:
                return stage_.drain(), "";
            case Act::time_passes:
                return stage_.time_passes(step.time), "";
        }
        return "no such step";
    }

    const Transcript& transcript_;
    Stage stage_;
};

bool is_of_client(Act act) {
    return act == Act::client_says;
}

/// Steps that do nothing, so that what the client says may move ahead of them.
bool may_be_passed(Act act) {
    switch (act) {
        case Act::client_sees:
        case Act::client_sees_like:
        case Act::upstream_says:
        case Act::upstream_gets:
        case Act::upstream_gets_like:
            return true;
        case Act::client_says:
        case Act::client_sees_end:
        case Act::client_half_closes:
        case Act::client_resets:
        case Act::client_starts_tls:
        case Act::client_waits:
        case Act::upstream_gets_end:
        case Act::upstream_is_cut_off:
        case Act::upstream_stops_reading:
        case Act::upstream_starts_tls:
        case Act::upstream_closes:
        case Act::upstream_resets:
        case Act::upstream_refuses:
        case Act::upstream_is_silent:
        case Act::upstream_answers:
        case Act::rule_added:
        case Act::rule_deleted:
        case Act::store_breaks:
        case Act::daemon_drains:
        case Act::time_passes:
            return false;
    }
    return false;
}

/// True when the last line said must be the last of its packet (RFC 2920 3.1).
bool must_wait(const std::string& said) {
    const auto last = said.rfind("\r\n", said.size() - 3);
    const std::string line = last == std::string::npos ? said : said.substr(last + 2);
    for (const auto* verb : {"EHLO", "HELO", "AUTH", "DATA", "QUIT", "STARTTLS"})
        if (starts_with_ignoring_case(line, verb)) return true;
    return false;
}

Transcript brought_forward(Transcript transcript) {
    const auto asked = refer_to(transcript).asked;
    auto& steps = transcript.steps;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (!is_of_client(steps[i].act) || steps[i].text.empty()) continue;
        for (std::size_t j = i + 1; j < steps.size() && !must_wait(steps[i].text); ++j) {
            if (is_of_client(steps[j].act)) {
                if (asked[i] == 334 || asked[j] == 334) break;
                steps[i].text += std::exchange(steps[j].text, {});
            } else if (!may_be_passed(steps[j].act)) {
                break;
            }
        }
    }
    return transcript;
}

/// `secret` in what the upstream got, as it is or inside base64.
bool got(const std::string& everything, const std::string& secret) {
    if (everything.find(secret) != std::string::npos) return true;
    std::string rest = everything;
    while (auto line = take_line(rest)) {
        const auto word = line->substr(line->rfind(' ') + 1);
        const auto decoded = base64_decode(word);
        if (decoded && decoded->find(secret) != std::string::npos) return true;
    }
    return false;
}

std::string fault_at_end(Player& player, const Transcript& transcript) {
    Stage& stage = player.stage();
    const int last = transcript.steps.back().line;
    if (!stage.client_saw.empty())
        return player.told(last, "at the end the client sees " + shown(stage.client_saw));
    if (!stage.upstream_got.empty())
        return player.told(last, "at the end the upstream gets " + shown(stage.upstream_got));
    stage.wind_down();
    if (transcript.never_connected && stage.connections != 0)
        return player.told(last, "the upstream was connected");
    if (transcript.is_kept && *transcript.is_kept != stage.kept)
        return player.told(last, stage.kept ? "the upstream was kept" : "it was not kept");
    for (const std::string& secret : transcript.never_gets)
        if (got(stage.everything_upstream_got, secret))
            return player.told(last, "the upstream got " + quoted(secret));
    return stage.broken().empty() ? "" : player.told(last, stage.broken());
}

bool is_made_up(const std::string& refusal, const std::set<std::string>& usual, Stage& stage) {
    const bool of_policy = stage.policy().blocked > 0 && (refusal.starts_with("554 5.7.1 <") ||
                                                          refusal == smtp::LoginFailure().words);
    return !usual.contains(refusal) && !of_policy && !refusal.starts_with("503 5.5.1 ") &&
           stage.upstream_said().find(refusal) == std::string::npos;
}

void cut_now(Stage& stage, Cut cut) {
    switch (cut) {
        case Cut::client_half_closes:
            return stage.client_half_closes();
        case Cut::client_resets:
            return stage.client_resets();
        case Cut::upstream_closes_for_good:
            stage.upstream_closes();
            return stage.connecting(Stage::Connecting::refused);
        case Cut::upstream_resets_for_good:
            stage.upstream_resets();
            return stage.connecting(Stage::Connecting::refused);
        case Cut::upstream_closes:
            stage.upstream_closes();
            return stage.connecting(Stage::Connecting::by_robot);
        case Cut::upstream_resets:
            stage.upstream_resets();
            return stage.connecting(Stage::Connecting::by_robot);
    }
}

/// What of a step is still done when one side has gone.
bool goes_on(Act act, bool client_went) {
    switch (act) {
        case Act::upstream_says:
        case Act::upstream_starts_tls:
            return client_went;
        case Act::client_says:
        case Act::client_starts_tls:
            return !client_went;
        case Act::rule_added:
        case Act::rule_deleted:
        case Act::store_breaks:
        case Act::daemon_drains:
        case Act::time_passes:
            return true;
        case Act::client_sees:
        case Act::client_sees_like:
        case Act::client_sees_end:
        case Act::client_half_closes:
        case Act::client_resets:
        case Act::client_waits:
        case Act::upstream_gets:
        case Act::upstream_gets_like:
        case Act::upstream_gets_end:
        case Act::upstream_is_cut_off:
        case Act::upstream_stops_reading:
        case Act::upstream_closes:
        case Act::upstream_resets:
        case Act::upstream_refuses:
        case Act::upstream_is_silent:
        case Act::upstream_answers:
            return false;
    }
    return false;
}

}  // namespace

std::string_view word(Way way) {
    switch (way) {
        case Way::as_written:
            return "as written";
        case Way::byte_by_byte:
            return "byte by byte";
        case Way::at_once:
            return "at once";
    }
    return "?";
}

std::string_view word(Cut cut) {
    switch (cut) {
        case Cut::client_half_closes:
            return "client half-closes";
        case Cut::client_resets:
            return "client resets";
        case Cut::upstream_closes_for_good:
            return "upstream closes for good";
        case Cut::upstream_resets_for_good:
            return "upstream resets for good";
        case Cut::upstream_closes:
            return "upstream closes";
        case Cut::upstream_resets:
            return "upstream resets";
    }
    return "?";
}

std::string play(const Transcript& transcript, Way way) {
    const Transcript played = way == Way::at_once ? brought_forward(transcript) : transcript;
    Player player(played, way == Way::byte_by_byte ? 1 : std::string::npos);
    for (const Step& step : played.steps)
        if (const auto fault = player.perform(step); !fault.empty()) return fault;
    return fault_at_end(player, played);
}

Reference refer_to(const Transcript& transcript) {
    Player player(transcript, std::string::npos);
    Reference reference;
    for (const Step& step : transcript.steps) {
        reference.asked.push_back(player.stage().client_is_asked());
        player.perform(step);
    }
    reference.refusals = player.stage().final_refusals;
    return reference;
}

std::string play_cut(const Transcript& transcript, const Reference& reference, std::size_t steps,
                     Cut cut) {
    const bool client_goes = cut == Cut::client_half_closes || cut == Cut::client_resets;
    Player player(transcript, std::string::npos);
    for (std::size_t i = 0; i < steps; ++i) player.perform(transcript.steps[i]);
    Stage& stage = player.stage();
    const int connection = stage.connections;
    cut_now(stage, cut);
    for (std::size_t i = steps; i < transcript.steps.size(); ++i) {
        const Step& step = transcript.steps[i];
        if (!goes_on(step.act, client_goes)) continue;
        if (step.act == Act::upstream_says && stage.connections != connection) continue;
        if (step.act == Act::client_says && reference.asked[i] != stage.client_is_asked()) continue;
        player.perform(step);
    }
    stage.wind_down();
    const int line = transcript.steps[steps == 0 ? 0 : steps - 1].line;
    if (!stage.broken().empty()) return player.told(line, stage.broken());
    for (const std::string& refusal : stage.final_refusals)
        if (is_made_up(refusal, reference.refusals, stage))
            return player.told(line, "made up: " + shown(refusal));
    for (const std::string& secret : transcript.never_gets)
        if (got(stage.everything_upstream_got, secret))
            return player.told(line, "the upstream got " + quoted(secret));
    return "";
}

}  // namespace smtpblock::transcripts
