// A line for syslog of every rule that was edited, or of every file that was: what became of it,
// and who did it. The store
// remembers the last editor alone, and whoever can write the store can write that.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/rule.h"
#include "common/store_load.h"

namespace smtpblock {

class EditLog {
public:
    using Write = std::function<void(const std::string& line)>;

    /// `who` ends each line.
    EditLog(Write write, std::string who) : write_(std::move(write)), who_(std::move(who)) {}

    /// `what`: `added`, `changed`, `deleted`.
    void tell(std::string_view what, const Rule& rule) const;
    /// `what`: `imported`, `applied`.
    void tell(std::string_view what, std::string_view file, const LoadReport& report) const;
    /// A line of another kind: `pause until=2026-12-01T18:00:00Z`.
    void tell(std::string_view what) const;

private:
    Write write_;
    std::string who_;
};

}  // namespace smtpblock
