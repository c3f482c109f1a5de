#include "daemon/smtp/login_failures.h"

#include <utility>

#include "daemon/smtp/limits.h"

namespace smtpblock::smtp {

void LoginFailures::learn(Mechanism mechanism, LoginFailure failure) {
    if (failure.words.size() + failure.challenge.size() > limits::learnt_failure_octets) return;
    auto& seen = seen_[static_cast<std::size_t>(mechanism)];
    if (!seen || seen->words != failure.words || seen->challenge != failure.challenge) ++version_;
    seen = std::move(failure);
}

LoginFailure LoginFailures::answer_to(Mechanism mechanism) const {
    if (const auto& own = seen_[static_cast<std::size_t>(mechanism)]) return *own;
    for (const auto& other : seen_)
        if (other) return {{}, other->words, other->delay};
    return {};
}

}  // namespace smtpblock::smtp
