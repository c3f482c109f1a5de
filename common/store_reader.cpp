#include "common/store_reader.h"

#include <unistd.h>

#include <utility>

#include "common/shared_store.h"
#include "common/snapshot_rules.h"
#include "common/store_backup.h"
#include "common/store_completion.h"
#include "common/store_snapshot.h"
#include "common/store_tables.h"
#include "common/store_walk.h"

namespace smtpblock {

struct StoreReader::Open {
    explicit Open(std::shared_ptr<SharedStore> shared)
        : store(std::move(shared)), snapshot(store) {}

    std::shared_ptr<SharedStore> store;
    StoreSnapshot snapshot;
    SnapshotRules rules{snapshot};
    std::string trouble;
};

StoreReader::StoreReader(std::unique_ptr<Open> open) : open_(std::move(open)) {}
StoreReader::~StoreReader() = default;

Result<std::unique_ptr<StoreReader>> StoreReader::open(const StorePaths& paths) {
    auto made = std::make_unique<Open>(std::make_shared<SharedStore>(paths));
    if (auto begun = made->snapshot.begin(); !begun) return std::move(begun).failure();
    made->snapshot.end();
    return std::unique_ptr<StoreReader>(new StoreReader(std::move(made)));
}

std::unique_ptr<StoreReader> StoreReader::for_another_thread() const {
    return std::unique_ptr<StoreReader>(new StoreReader(std::make_unique<Open>(open_->store)));
}

Decision StoreReader::decide(const Query& query) {
    StoreSnapshot& snapshot = open_->snapshot;
    SnapshotRules& rules = open_->rules;
    Decision decision;
    auto ready = snapshot.begin();
    if (ready) ready = rules.sync();
    if (ready) {
        decision = smtpblock::decide(query, rules);
        if (decision.verdict == Verdict::trouble) ready = rules.why();
    }
    if (!ready) {
        decision.verdict = Verdict::trouble;
        open_->trouble = ready.error().message;
        snapshot.close();
    } else if (snapshot.record().paused(query.now)) {
        decision.verdict = Verdict::pass;
        decision.paused_until = snapshot.record().paused_until;
    }
    snapshot.end();
    return decision;
}

const std::string& StoreReader::trouble() const {
    return open_->trouble;
}

Result<std::optional<Time>> StoreReader::paused(Time now) {
    StoreSnapshot& snapshot = open_->snapshot;
    if (auto begun = snapshot.begin(); !begun) return std::move(begun).failure();
    const EndOfSnapshot end(snapshot);
    return snapshot.record().paused(now) ? snapshot.record().paused_until : std::nullopt;
}

Result<StoreState> StoreReader::state() {
    StoreSnapshot& snapshot = open_->snapshot;
    if (auto begun = snapshot.begin(); !begun) return std::move(begun).failure();
    const EndOfSnapshot end(snapshot);
    const StoreRecord& record = snapshot.record();
    StoreState state;
    state.uuid = record.uuid_text();
    state.revision = record.revision;
    state.rules = record.rules();
    state.email_rules = record.rules(RuleType::email);
    state.ehlo_rules = record.rules(RuleType::ehlo);
    state.paused_until = record.paused_until;
    if (record.revision != 0) state.last_edit = record.last_edit;
    state.bytes = snapshot.octets();
    return state;
}

Result<std::optional<Rule>> StoreReader::find(RuleId id) {
    StoreSnapshot& snapshot = open_->snapshot;
    if (auto begun = snapshot.begin(); !begun) return std::move(begun).failure();
    const EndOfSnapshot end(snapshot);
    return rule_of(snapshot.store(), snapshot.transaction(), id);
}

Result<std::optional<Rule>> StoreReader::find(const Pattern& pattern) {
    StoreSnapshot& snapshot = open_->snapshot;
    if (auto begun = snapshot.begin(); !begun) return std::move(begun).failure();
    const EndOfSnapshot end(snapshot);
    return rule_of(snapshot.store(), snapshot.transaction(), pattern);
}

Result<void> StoreReader::each(const std::function<bool(const Rule&)>& visit) {
    return walk_rules(open_->snapshot, visit);
}

Result<std::vector<RuleId>> StoreReader::rules_once_of(const Pattern& pattern) {
    return smtpblock::rules_once_of(open_->snapshot, pattern);
}

Result<std::vector<Pattern>> StoreReader::patterns_beginning(std::string_view typed,
                                                             std::optional<RuleType> type,
                                                             std::size_t most) {
    return smtpblock::patterns_beginning(open_->snapshot, typed, type, most);
}

Result<std::vector<RuleId>> StoreReader::ids_beginning(std::string_view digits, std::size_t most) {
    return smtpblock::ids_beginning(open_->snapshot, digits, most);
}

Result<void> StoreReader::history(const HistoryQuery& query, HistoryVisitor& visitor) {
    return walk_history(open_->snapshot, query, visitor);
}

Result<VerifyReport> StoreReader::verify(const std::function<void(std::uint64_t)>& progress) {
    return verify_store(open_->snapshot, progress);
}

Result<void> StoreReader::backup(const std::string& file) {
    StoreSnapshot& snapshot = open_->snapshot;
    if (auto begun = snapshot.begin(); !begun) return begun;
    const EndOfSnapshot end(snapshot);
    return write_backup(snapshot.store(), file);
}

std::vector<pid_t> StoreReader::readers() {
    StoreSnapshot& snapshot = open_->snapshot;
    if (auto begun = snapshot.begin(); !begun) return {};
    const EndOfSnapshot end(snapshot);
    std::vector<pid_t> processes = snapshot.store().readers();
    std::erase(processes, ::getpid());
    return processes;
}

}  // namespace smtpblock
