#include "common/store_tables.h"

#include "common/rule_codec.h"

namespace smtpblock {

IdKey::IdKey(RuleId id) {
    for (auto octet = octets_.rbegin(); octet != octets_.rend(); ++octet, id >>= 8U)
        *octet = static_cast<char>(id & 0xffU);
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
    const int number = lmdb::get(transaction, store.ids(), IdKey(id).view(), key);
    if (number == MDB_NOTFOUND) return std::optional<Rule>{};
    if (number != MDB_SUCCESS) return store.explain(number);
    auto rule = rule_at(store, transaction, key);
    if (rule && (!*rule || (*rule)->id != id))
        return store.damaged("an ID leads to another rule than its own");
    return rule;
}

}  // namespace smtpblock
