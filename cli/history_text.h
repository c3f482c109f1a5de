// Edits as commands print them: lines for people, fields or JSON for scripts, a change a line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/terminal.h"
#include "common/store_history.h"

namespace smtpblock {

/// `added`, `changed`, `deleted`.
std::string_view word_of(const RuleChange& change);

class HistoryPrinter final : public HistoryVisitor {
public:
    HistoryPrinter(Terminal& terminal, Time now) : terminal_(terminal), now_(now) {}

    bool edit(const EditRecord& record) override;
    bool change(const EditRecord& record, const RuleChange& change) override;
    /// After the last one.
    void end();
    std::uint64_t edits() const { return edits_; }

private:
    void print_pause(const EditRecord& record);
    void print_for_people(const RuleChange& change);

    Terminal& terminal_;
    Time now_;
    std::uint64_t edits_ = 0;
    std::uint64_t changes_ = 0;  ///< of the edit under way
};

}  // namespace smtpblock
