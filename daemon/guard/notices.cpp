#include "daemon/guard/notices.h"

#include <utility>

#include "daemon/guard/log_record.h"

namespace smtpblock::guard {
namespace {

constexpr smtp::Duration between_warnings = std::chrono::minutes(1);

}  // namespace

void Notices::pause(const std::optional<Time>& until, smtp::Instant (*clock)()) {
    if (!until && told_of_pause_.load(std::memory_order_relaxed) == never) return;
    const Ticks now = clock().time_since_epoch().count();
    const auto is_due = [&] {
        const Ticks told = told_of_pause_.load(std::memory_order_relaxed);
        if (!until) return told != never;
        return told == never || now - told >= between_warnings.count();
    };
    if (!is_due()) return;
    const std::lock_guard hold(mutex_);
    if (!is_due()) return;
    told_of_pause_ = until ? now : never;
    LogRecord record("store");
    if (until) {
        record.add("state", "paused").add("until", utc_text(*until));
        record.add("detail", "everything passes; 'smtpblock resume' ends it");
    } else {
        record.add("state", "enforcing").add("detail", "the pause is over");
    }
    record.write(log_, LogLevel::warning);
}

void Notices::trouble(std::string_view why, std::string_view enforcing, smtp::Instant now) {
    const std::lock_guard hold(mutex_);
    ++failed_checks_;
    if (told_of_trouble_ && now - *told_of_trouble_ < between_warnings) return;
    told_of_trouble_ = now;
    tell_of_recovery_ = true;
    LogRecord record("store");
    record.add("state", "trouble").add("failed", failed_checks_);
    record.add("enforcing", enforcing).add("detail", why).write(log_, LogLevel::error);
}

void Notices::no_trouble() {
    if (failed_checks_.load(std::memory_order_relaxed) == 0) return;
    const std::lock_guard hold(mutex_);
    const std::uint64_t failed = failed_checks_.exchange(0);
    if (!std::exchange(tell_of_recovery_, false)) return;
    LogRecord record("store");
    record.add("state", "recovered").add("failed", failed).write(log_, LogLevel::info);
}

bool Notices::is_first_bare_identity(std::string_view listener) {
    const std::lock_guard hold(mutex_);
    return bare_listeners_.emplace(listener).second;
}

}  // namespace smtpblock::guard
