// What `probe --policy` asks: one request as Postfix makes it when a recipient is named
// (SMTPD_POLICY_README), and its answer. A function of what happened, as ProbeDialogue is, and as
// little trusting.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/probe_dialogue.h"

namespace smtpblock {

class ProbePolicy {
public:
    using Line = ProbeDialogue::Line;

    /// Of the login only the name is told.
    explicit ProbePolicy(const ProbeQuestion& question);

    void on_bytes(std::string_view bytes);
    void on_closed();

    std::string take_output() { return std::exchange(output_, {}); }
    std::vector<Line> take_lines() { return std::exchange(lines_, {}); }
    bool finished() const { return verdict_.has_value(); }
    const ProbeVerdict& verdict() const { return *verdict_; }

private:
    void say(std::string_view name, std::string_view value);
    void take_line(std::string line);
    void conclude(std::string_view action);
    void fail(std::string why);

    std::string output_;
    std::vector<Line> lines_;
    std::string buffer_;  ///< a line that has no end yet
    std::size_t octets_ = 0;
    std::optional<std::string> action_;
    std::optional<ProbeVerdict> verdict_;
};

}  // namespace smtpblock
