// What a mail server asks us by Postfix's policy delegation (SMTPD_POLICY_README), and what it is
// answered: a block in words that Postfix makes a refusal of like any other's, and else DUNNO, so
// that its later restrictions still count. Never OK.
//
// The client is known by what the request says of it. Requests of many clients come by one
// connection, so nothing that one said counts for another.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/address.h"
#include "common/ehlo_name.h"
#include "daemon/door/exchange.h"
#include "daemon/policy/context.h"
#include "daemon/policy/request.h"

namespace smtpblock::policy {

/// Of a listener, for all its connections and threads.
struct Settings {
    Context own;
    std::shared_ptr<const Contexts> others;
    /// The log knows of a request that named a listener that there is not.
    mutable std::atomic<bool> told_of_context{false};
    mutable std::atomic<bool> told_of_state{false};  ///< likewise, of a moment that there is not
};

door::Options options_for(std::shared_ptr<const Settings> settings);

/// What some texts were parsed to, the last time.
template <class T>
class Remembered {
public:
    using Texts = std::array<std::string_view, 3>;

    /// `parse` makes the value where it was made of other texts.
    template <class Parse>
    const T& of(const Texts& texts, Parse parse) {
        if (!value_ || !std::equal(texts.begin(), texts.end(), texts_.begin())) {
            value_.reset();
            std::copy(texts.begin(), texts.end(), texts_.begin());
            value_.emplace(parse());
        }
        return *value_;
    }

private:
    std::array<std::string, 3> texts_;
    std::optional<T> value_;
};

class Exchange : public door::Exchange {
public:
    Exchange(std::shared_ptr<const Settings> settings, smtp::Policy& rules, door::Asker asker);

    void on_bytes(std::string_view bytes) override;
    void on_eof() override;
    bool idle() const override { return held_.empty(); }

private:
    void answer(const Request& request);
    std::string_view decide(smtp::Moment moment, const Request& request);
    void tell_of_state(std::string_view state);
    const Context& context_of(const Request& request);
    std::string_view own_words(smtp::Moment moment, const smtp::Finding& finding);

    const std::shared_ptr<const Settings> settings_;
    smtp::Policy& rules_;
    const door::Asker asker_;
    RequestReader reader_;
    std::string held_;  ///< of a request that is not whole
    // The requests for one message have the same values: what they were parsed to is kept.
    Remembered<std::vector<EhloName>> names_;
    Remembered<Address> sender_;
    Remembered<std::vector<Address>> users_;
    std::string warning_;
};

}  // namespace smtpblock::policy
