#include "common/store_walk.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/rule_codec.h"
#include "common/store_tables.h"

namespace smtpblock {
namespace {

class Walk {
public:
    explicit Walk(StoreSnapshot& snapshot) : snapshot_(snapshot) {}

    /// The next rules; fewer than there is room for at the end.
    Result<void> read(std::vector<Rule>& batch) {
        batch.clear();
        if (auto begun = snapshot_.begin(); !begun) return begun;
        const EndOfSnapshot end(snapshot_);
        const StoreEnvironment& store = snapshot_.store();
        const StoreRecord& record = snapshot_.record();
        if (!revision_) revision_ = record.revision;
        if (*revision_ != record.revision) undisturbed_ = false;

        lmdb::TableCursor ids(snapshot_.transaction(), store.ids());
        std::string value;
        int number = ids.seek(NumberKey(next_).view());
        for (; number == MDB_SUCCESS && batch.size() < rules_a_snapshot; number = ids.next()) {
            number = lmdb::get(snapshot_.transaction(), store.rules(), ids.value(), value);
            if (number == MDB_NOTFOUND) return store.damaged("an ID leads to no rule");
            if (number != MDB_SUCCESS) break;
            auto rule = decode_rule(ids.value(), value);
            if (!rule || NumberKey(rule->id).view() != ids.key())
                return store.damaged("a rule's checksum is wrong");
            ++rules_;
            checksum_ += rule_checksum(value);
            next_ = rule->id + 1;
            batch.push_back(std::move(*rule));
        }
        if (number == MDB_SUCCESS) return {};
        if (number != MDB_NOTFOUND) return store.explain(number);
        if (undisturbed_ && (rules_ != record.rules() || checksum_ != record.checksum))
            return store.damaged("the sum of its rules is not what its state record says");
        return {};
    }

private:
    StoreSnapshot& snapshot_;
    RuleId next_ = 0;
    std::optional<std::uint64_t> revision_;
    bool undisturbed_ = true;
    std::uint64_t rules_ = 0;
    std::uint64_t checksum_ = 0;
};

}  // namespace

Result<void> walk_rules(StoreSnapshot& snapshot, const std::function<bool(const Rule&)>& visit) {
    Walk walk(snapshot);
    std::vector<Rule> batch;
    do {
        if (auto read = walk.read(batch); !read) return read;
        for (const Rule& rule : batch)
            if (!visit(rule)) return {};
    } while (batch.size() == rules_a_snapshot);
    return {};
}

}  // namespace smtpblock
