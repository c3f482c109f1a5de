// How far something long has come, on a terminal's last line: shown first when the command has
// taken a second, and no more than ten times a second after that, so that what is quick stays
// silent; erased in the end, or when a signal ends the process. Where standard error is no terminal
// nothing is shown.
//
//     importing bad.csv [=========>           ] 42% 3s left
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/interruption.h"

namespace smtpblock {

class Progress {
public:
    using Clock = std::chrono::steady_clock;
    using Instant = Clock::time_point;
    /// Puts a text on the terminal at once.
    using Draw = std::function<void(std::string_view)>;

    /// `columns` of the terminal, 0: show nothing. The second is counted from `begun`.
    Progress(Draw draw, std::size_t columns, Instant begun);
    ~Progress() { erase(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// Begins a step: `importing bad.csv`, of `total` octets or rules or whatever at() will count;
    /// 0 when nobody knows how many.
    void step(std::string_view what, std::uint64_t total, Instant now);
    /// `done` of this step's total. Cheap, but reading the clock for it is not: call it once in a
    /// thousand lines.
    void at(std::uint64_t done, Instant now);
    /// Takes the line away, before anything else is printed there. The next at() shows it again.
    void erase();

private:
    std::string line(std::uint64_t done, Instant now) const;

    Draw draw_;
    std::size_t columns_;
    Instant next_;  ///< not drawn before
    std::string what_;
    std::uint64_t total_ = 0;
    Instant step_begun_;
    std::unique_ptr<AtInterruption> erased_by_signal_;  ///< while it is shown
};

}  // namespace smtpblock
