#include "daemon/smtp/refusal_times.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace smtpblock::smtp {
namespace {

using namespace std::chrono_literals;

/// smtpd_error_sleep_time is in whole seconds; less is the work of the day.
constexpr auto shortest_pause = 900ms;
/// Longer ones are of other reasons, a DNS that does not answer above all; so are slow answers to
/// the first errors of a session.
constexpr auto longest_pause = 5s;
constexpr std::uint32_t fewest_errors = 3;

constexpr auto never = std::numeric_limits<std::uint32_t>::max();

constexpr std::size_t index_of(RcptNeeds needs) {
    return static_cast<std::size_t>(needs);
}

}  // namespace

void RefusalTimes::Lately::add(Duration took, bool refused) {
    if (!refused && refused_) return;
    if (refused && !refused_) count_ = next_ = 0;
    refused_ = refused;
    times_[next_] = took;
    next_ = (next_ + 1) % times_.size();
    count_ = std::min(count_ + 1, times_.size());
}

Duration RefusalTimes::Lately::mean() const {
    return std::accumulate(times_.begin(), times_.begin() + static_cast<std::ptrdiff_t>(count_),
                           Duration()) /
           static_cast<Duration::rep>(count_);
}

void RefusalTimes::learn(const Seen& seen, std::uint32_t soft_limit) {
    const auto slow_before = slow_from_;
    adopt(seen, soft_limit);
    const bool is_news = told_ < Lately::most || slow_from_ != slow_before;
    if (!seen.refused || !is_news) return;
    ++told_;
    news_.push_back(seen);
}

std::vector<RefusalTimes::Seen> RefusalTimes::take_news() {
    return std::exchange(news_, {});
}

/// A pause shows from some number of errors on. An answer that is slow for a reason of its own is
/// forgotten when a later one is fast.
void RefusalTimes::adopt(const Seen& seen, std::uint32_t soft_limit) {
    const Duration more = seen.took - usual(seen.needs);
    const Duration pause = more / replies_to_rcpt(seen.needs);
    if (seen.errors >= fewest_errors && pause >= shortest_pause && pause <= longest_pause) {
        slow_from_ = std::min(slow_from_.value_or(seen.errors), seen.errors);
        slow_by_ = std::max<Duration>(std::chrono::round<std::chrono::seconds>(pause), 1s);
        return;
    }
    if (seen.errors >= slow_from_.value_or(soft_limit)) slow_from_ = never;
    alone_[index_of(seen.needs)].add(seen.took, seen.refused);
}

void RefusalTimes::learn_next(Duration took) {
    next_.add(std::max(took, Duration()), true);
}

/// Of recipients in that place, else what comes nearest.
std::optional<std::size_t> RefusalTimes::known(RcptNeeds needs) const {
    for (const RcptNeeds other :
         {needs, RcptNeeds::mail, RcptNeeds::nothing, RcptNeeds::connection})
        if (!alone_[index_of(other)].empty()) return index_of(other);
    return std::nullopt;
}

Duration RefusalTimes::draw(RcptNeeds needs) {
    const auto place = known(needs);
    return place ? alone_[*place].draw() : Duration();
}

Duration RefusalTimes::usual(RcptNeeds needs) const {
    const auto place = known(needs);
    return place ? alone_[*place].mean() : Duration();
}

Duration RefusalTimes::draw_next() {
    return next_.empty() ? draw(RcptNeeds::nothing) / 2 : next_.draw();
}

Duration RefusalTimes::pause(std::uint32_t errors, std::uint32_t soft_limit) const {
    return errors >= slow_from_.value_or(soft_limit) ? slow_by_ : Duration();
}

}  // namespace smtpblock::smtp
