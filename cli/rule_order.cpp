#include "cli/rule_order.h"

#include "common/octets.h"
#include "common/rule_codec.h"

namespace smtpblock {
namespace {

/// Sorts as the number does.
std::string number_key(std::uint64_t number) {
    OctetWriter key;
    key.fixed32(static_cast<std::uint32_t>(number >> 32U));
    key.fixed32(static_cast<std::uint32_t>(number));
    return key.take();
}

std::string time_key(Time time) {
    return number_key(static_cast<std::uint64_t>(time.time_since_epoch().count()));
}

/// What sorts, octet by octet, as the rules are to be sorted.
std::string sort_key(SortKey key, const Rule& rule) {
    switch (key) {
        case SortKey::id:
            return number_key(rule.id);
        case SortKey::type:
            return number_key(static_cast<std::uint64_t>(rule.pattern.type()));
        case SortKey::dir:
            return number_key(static_cast<std::uint64_t>(rule.direction));
        case SortKey::action:
            return number_key(static_cast<std::uint64_t>(rule.action));
        case SortKey::expires:
            return rule.expires ? time_key(*rule.expires) : "\xff";  // behind every end
        case SortKey::pattern:
            return rule.pattern.text();
        case SortKey::created:
            return time_key(rule.created);
        case SortKey::updated:
            return time_key(rule.updated);
    }
    return {};
}

}  // namespace

Result<void> RuleOrder::add(const Rule& rule) {
    OctetWriter value;
    value.text(rule.pattern.key().view());
    value.raw(encode_rule(rule));
    return sort_.add(sort_key(key_, rule), value.take());
}

Result<void> RuleOrder::each(const std::function<bool(const Rule&)>& visit) {
    auto reader = sort_.sorted();
    if (!reader) return std::move(reader).failure();
    for (;;) {
        auto record = (*reader)->next();
        if (!record) return std::move(record).failure();
        if (!*record) return {};
        OctetReader value((*record)->value);
        const std::string_view key = value.text();
        const auto rule = decode_rule(key, value.raw(value.left()));
        if (!rule) return fail(ErrorCode::failed, "a temporary file was damaged; try again");
        if (!visit(*rule)) return {};
    }
}

}  // namespace smtpblock
