#include "common/store_verify.h"

#include <optional>
#include <string_view>
#include <utility>

#include "common/edit_record.h"
#include "common/rule_codec.h"
#include "common/store_tables.h"

namespace smtpblock {
namespace {

constexpr std::size_t entries_a_snapshot = 10'000;
constexpr std::size_t faults_told = 20;
constexpr int most_walks = 3;  // before it gives up on a moment without an edit

class Verify {
public:
    Verify(StoreSnapshot& snapshot, const std::function<void(std::uint64_t)>& progress)
        : snapshot_(snapshot), progress_(progress) {}

    Result<VerifyReport> run() {
        for (int walks = 1;; ++walks) {
            report_ = {};
            counted_ = {};
            ids_ = 0;
            revision_.reset();
            disturbed_ = false;
            if (auto walked = walk(); !walked) return std::move(walked).failure();
            if (!disturbed_) break;
            if (walks < most_walks) continue;
            report_.disturbed = true;
            break;
        }
        if (!disturbed_) compare();
        return std::move(report_);
    }

private:
    using Check = void (Verify::*)(const std::string& key, const std::string& value);

    Result<void> walk() {
        const std::pair<MDB_dbi (StoreEnvironment::*)() const, Check> tables[] = {
            {&StoreEnvironment::rules, &Verify::check_rule},
            {&StoreEnvironment::ids, &Verify::check_id},
            {&StoreEnvironment::edits, &Verify::check_edit},
            {&StoreEnvironment::changes, &Verify::check_change}};
        for (const auto& [table, check] : tables)
            if (auto walked = walk_table(table, check); !walked) return walked;
        return {};
    }

    Result<void> walk_table(MDB_dbi (StoreEnvironment::*table)() const, Check check) {
        std::string last;
        for (bool more = true, first = true; more; first = false) {
            if (auto begun = snapshot_.begin(); !begun) return begun;
            const EndOfSnapshot end(snapshot_);
            record_ = snapshot_.record();
            if (!revision_) revision_ = record_.revision;
            if (*revision_ != record_.revision) disturbed_ = true;

            lmdb::TableCursor cursor(snapshot_.transaction(), (snapshot_.store().*table)());
            int number = cursor.seek(last);
            if (!first && number == MDB_SUCCESS && cursor.key() == last) number = cursor.next();
            std::size_t entries = 0;
            for (; number == MDB_SUCCESS && entries < entries_a_snapshot; number = cursor.next()) {
                (this->*check)(cursor.key(), cursor.value());
                last = cursor.key();
                ++entries;
            }
            if (number != MDB_SUCCESS && number != MDB_NOTFOUND)
                return snapshot_.store().explain(number);
            more = number == MDB_SUCCESS;
            progress_(done_ += entries);
        }
        return {};
    }

    void check_rule(const std::string& key, const std::string& value) {
        ++report_.rules;
        const auto rule = decode_rule(key, value);
        if (!rule) return fault("a rule's checksum is wrong");
        counted_.checksum += rule_checksum(value);
        counted_.count_one_more(rule->pattern.kind(), rule->pattern.subject());
        std::string named;
        const int number = lmdb::get(snapshot_.transaction(), snapshot_.store().ids(),
                                     NumberKey(rule->id).view(), named);
        if (number != MDB_SUCCESS || named != key)
            fault(fmt::format("rule {} is not found by its ID", rule->id));
        if (rule->id >= record_.next_id)
            fault(fmt::format("rule {} has an ID that was not given yet", rule->id));
    }

    void check_id(const std::string& key, const std::string& value) {
        ++ids_;
        std::string found;
        if (lmdb::get(snapshot_.transaction(), snapshot_.store().rules(), value, found) !=
            MDB_SUCCESS)
            fault(fmt::format("ID {} leads to no rule", NumberKey::number_of(key)));
    }

    void check_edit(const std::string& key, const std::string& value) {
        ++report_.edits;
        const std::uint64_t revision = NumberKey::number_of(key);
        if (!decode_edit(revision, value))
            fault(fmt::format("the checksum of edit {} is wrong", revision));
    }

    void check_change(const std::string& key, const std::string& value) {
        ++report_.changes;
        const RuleId id = NumberKey::number_of(std::string_view(key).substr(0, 8));
        std::optional<Rule> before;
        if (!decode_before(value, id, before))
            fault(fmt::format("the history of rule {} is damaged", id));
    }

    void compare() {
        counted_.uuid = record_.uuid;
        counted_.revision = record_.revision;
        counted_.next_id = record_.next_id;
        counted_.last_edit = record_.last_edit;
        counted_.glob_revision = record_.glob_revision;
        counted_.paused_until = record_.paused_until;
        if (counted_.checksum != record_.checksum)
            fault("the sum of its rules is not what its state record says");
        counted_.checksum = record_.checksum;
        if (counted_ != record_) fault("its state record counts other rules than there are");
        if (ids_ != report_.rules)
            fault(fmt::format("there are {} IDs of {} rules", ids_, report_.rules));
    }

    void fault(std::string sentence) {
        if (++report_.all_faults <= faults_told) report_.faults.push_back(std::move(sentence));
    }

    StoreSnapshot& snapshot_;
    const std::function<void(std::uint64_t)>& progress_;
    VerifyReport report_;
    StoreRecord record_;   ///< of the last snapshot
    StoreRecord counted_;  ///< what was found
    std::uint64_t ids_ = 0;
    std::uint64_t done_ = 0;
    std::optional<std::uint64_t> revision_;
    bool disturbed_ = false;
};

}  // namespace

Result<VerifyReport> verify_store(StoreSnapshot& snapshot,
                                  const std::function<void(std::uint64_t done)>& progress) {
    return Verify(snapshot, progress).run();
}

}  // namespace smtpblock
