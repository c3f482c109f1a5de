// What is asked of the rules at each moment: which values, in which directions (the contract, 3).
#pragma once

#include <string_view>

#include "common/matcher.h"
#include "daemon/smtp/policy.h"

namespace smtpblock::guard {

/// Views into `subject` and `recipient_delimiter`.
Query query_for(smtp::Moment moment, const smtp::Subject& subject,
                std::string_view recipient_delimiter, Time now);

}  // namespace smtpblock::guard
