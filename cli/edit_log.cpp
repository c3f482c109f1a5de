#include "cli/edit_log.h"

#include <fmt/format.h>

#include "cli/json.h"
#include "common/time_text.h"

namespace smtpblock {

void EditLog::tell(std::string_view what, const Rule& rule) const {
    // In quotes as JSON has them, so that no pattern can end its value and begin another.
    write_(fmt::format("{} rule={} type={} pattern={} dir={} action={} expires={} {}", what,
                       rule.id, word(rule.pattern.type()), json_string(rule.pattern.text()),
                       word(rule.direction), word(rule.action),
                       rule.expires ? utc_text(*rule.expires) : "-", who_));
}

void EditLog::tell(std::string_view what) const {
    write_(fmt::format("{} {}", what, who_));
}

void EditLog::tell(std::string_view what, std::string_view file, const LoadReport& report) const {
    write_(fmt::format("{} file={} added={} changed={} unchanged={} removed={} {}", what,
                       json_string(file), report.added, report.changed, report.unchanged,
                       report.removed, who_));
}

}  // namespace smtpblock
