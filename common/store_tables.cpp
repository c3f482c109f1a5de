#include "common/store_tables.h"

#include "common/rule_codec.h"

namespace smtpblock {

NumberKey::NumberKey(std::uint64_t number) {
    for (auto octet = octets_.rbegin(); octet != octets_.rend(); ++octet, number >>= 8U)
        *octet = static_cast<char>(number & 0xffU);
}

std::uint64_t NumberKey::number_of(std::string_view key) {
    if (key.size() != sizeof(std::uint64_t)) return 0;
    std::uint64_t number = 0;
    for (const char c : key) number = number << 8U | static_cast<unsigned char>(c);
    return number;
}

ChangeKey::ChangeKey(RuleId id, std::uint64_t revision) {
    const NumberKey first(id);
    const NumberKey second(revision);
    first.view().copy(octets_.data(), first.view().size());
    second.view().copy(octets_.data() + first.view().size(), second.view().size());
}

Result<std::optional<Rule>> rule_at(const StoreEnvironment& store, MDB_txn* transaction,
                                    std::string_view key) {
    std::string value;
    const int number = lmdb::get(transaction, store.rules(), key, value);
    if (number == MDB_NOTFOUND) return std::optional<Rule>{};
    if (number != MDB_SUCCESS) return store.explain(number);
    auto rule = decode_rule(key, value);
    if (!rule) return store.damaged("a rule's checksum is wrong");
    return rule;
}

Result<std::optional<Rule>> rule_of(const StoreEnvironment& store, MDB_txn* transaction,
                                    const Pattern& pattern) {
    auto rule = rule_at(store, transaction, pattern.key().view());
    if (rule && *rule && (*rule)->pattern != pattern) return std::optional<Rule>{};
    return rule;
}

Result<std::optional<Rule>> rule_of(const StoreEnvironment& store, MDB_txn* transaction,
                                    RuleId id) {
    std::string key;
    const int number = lmdb::get(transaction, store.ids(), NumberKey(id).view(), key);
    if (number == MDB_NOTFOUND) return std::optional<Rule>{};
    if (number != MDB_SUCCESS) return store.explain(number);
    auto rule = rule_at(store, transaction, key);
    if (rule && (!*rule || (*rule)->id != id))
        return store.damaged("an ID leads to another rule than its own");
    return rule;
}

}  // namespace smtpblock
