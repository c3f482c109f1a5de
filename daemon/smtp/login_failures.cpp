#include "daemon/smtp/login_failures.h"

#include <utility>

#include "daemon/smtp/limits.h"

namespace smtpblock::smtp {

void LoginFailures::learn(Mechanism mechanism, LoginFailure failure) {
    if (failure.words.size() + failure.challenge.size() > limits::learnt_failure_octets) return;
    auto& seen = seen_[static_cast<std::size_t>(mechanism)];
    if (!seen || seen->words != failure.words || seen->challenge != failure.challenge)
        news_.add(mechanism);
    seen = std::move(failure);
}

std::vector<LoginFailures::News> LoginFailures::take_news() {
    std::vector<News> news;
    if (news_.empty()) return news;
    for (const Mechanism mechanism : mechanisms)
        if (news_.has(mechanism))
            news.push_back({mechanism, *seen_[static_cast<std::size_t>(mechanism)]});
    news_ = {};
    return news;
}

void LoginFailures::adopt(const News& news) {
    seen_[static_cast<std::size_t>(news.mechanism)] = news.failure;
}

LoginFailure LoginFailures::answer_to(Mechanism mechanism) const {
    if (const auto& own = seen_[static_cast<std::size_t>(mechanism)]) return *own;
    for (const auto& other : seen_)
        if (other) return {{}, other->words, other->delay};
    return {};
}

}  // namespace smtpblock::smtp
