// What the tests of the mechanisms share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/smtp/sasl_exchange.h"
#include "unit/stirred.h"

namespace smtpblock::smtp {

inline const KeyedHash& test_keyed_hash() {
    static const KeyedHash hash = stirred;
    return hash;
}

/// What came of responses given one after the other to a new exchange.
struct Played {
    SaslStep last;
    std::vector<std::string> identities;
    bool has_response = false;

    bool malformed() const { return last.kind == SaslStep::Kind::malformed; }
    bool open() const { return last.kind == SaslStep::Kind::open; }
    /// Empty when nothing was to be spoilt.
    std::string spoilt() const { return std::string(last.spoilt.view()); }
};

inline Played played(Mechanism mechanism, const std::vector<std::string>& responses) {
    const auto exchange = start_exchange(mechanism, test_keyed_hash());
    Played out;
    for (const std::string& response : responses) out.last = exchange->take(response);
    out.identities = exchange->identities();
    out.has_response = exchange->has_response();
    return out;
}

}  // namespace smtpblock::smtp
