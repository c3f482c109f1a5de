#include "daemon/guard/sightings.h"

#include <utility>

namespace smtpblock::guard {

void Sightings::add(RuleId rule, Field field, std::string_view text, Time when) {
    const std::lock_guard hold(mutex_);
    const auto known = records_.find(rule);
    if (known == records_.end() && records_.size() == most_rules_) return;
    const bool first = records_.empty();
    (known == records_.end() ? records_[rule] : known->second).add(field, text, when);
    if (first) changed_.notify_one();
}

SeenRecords Sightings::wait(std::chrono::milliseconds more) {
    std::unique_lock hold(mutex_);
    changed_.wait(hold, [&] { return ended_ || !records_.empty(); });
    changed_.wait_for(hold, more, [&] { return ended_; });
    return std::exchange(records_, {});
}

void Sightings::give_back(SeenRecords records) {
    const std::lock_guard hold(mutex_);
    for (const auto& [rule, later] : records_)
        if (records.size() < most_rules_ || records.contains(rule)) records[rule].add(later);
    records_ = std::move(records);
}

void Sightings::end() {
    const std::lock_guard hold(mutex_);
    ended_ = true;
    changed_.notify_all();
}

bool Sightings::ended() const {
    const std::lock_guard hold(mutex_);
    return ended_;
}

}  // namespace smtpblock::guard
