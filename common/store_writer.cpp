#include "common/store_writer.h"

#include <cerrno>
#include <utility>

#include "common/interruption.h"
#include "common/rule_codec.h"
#include "common/store.h"
#include "common/store_environment.h"
#include "common/store_fault.h"
#include "common/store_record.h"
#include "common/store_tables.h"
#include "common/text.h"
#include "common/write_deadline.h"

namespace smtpblock {
namespace {

constexpr auto failed = ErrorCode::failed;

class TransactionEdit final : public Edit {
public:
    TransactionEdit(const StoreEnvironment& store, MDB_txn* transaction, const Editor& editor,
                    StoreRecord& record)
        : store_(store), transaction_(transaction), editor_(editor), record_(record) {}

    Result<Rule> add(const NewRule& wanted) override {
        if (auto fits = check_length(wanted.pattern, wanted.description); !fits)
            return std::move(fits).failure();
        if (auto free = make_room(wanted.pattern, 0); !free) return std::move(free).failure();
        Rule rule{record_.next_id++, wanted.pattern,     wanted.direction,
                  wanted.action,     wanted.description, editor_.name,
                  editor_.now,       editor_.now,        wanted.expires};
        // The highest ID so far: appended, which keeps the pages of the table full.
        if (auto put = put_rule(rule, MDB_APPEND); !put) return std::move(put).failure();
        return rule;
    }

    Result<Rule> change(Rule rule) override {
        auto before = find(rule.id);
        if (!before) return std::move(before).failure();
        if (!*before) return no_rule(rule.id);
        if (auto fits = check_length(rule.pattern, rule.description); !fits)
            return std::move(fits).failure();
        if (auto free = make_room(rule.pattern, rule.id); !free) return std::move(free).failure();
        if (auto gone = erase_rule(**before); !gone) return std::move(gone).failure();
        rule.created = (*before)->created;
        rule.updated = editor_.now;
        rule.by = editor_.name;
        if (auto put = put_rule(rule, 0); !put) return std::move(put).failure();
        return rule;
    }

    Result<void> remove(RuleId id) override {
        auto rule = find(id);
        if (!rule) return std::move(rule).failure();
        if (!*rule) return no_rule(id);
        return erase_rule(**rule);
    }

    Result<std::optional<Rule>> find(RuleId id) override {
        return rule_of(store_, transaction_, id);
    }

    Result<std::optional<Rule>> find(const Pattern& pattern) override {
        return rule_of(store_, transaction_, pattern);
    }

    bool changed() const { return changed_; }
    /// What a step left half done: then nothing may be committed, whatever `work` says.
    int broken() const { return broken_; }

private:
    static Failure no_rule(RuleId id) {
        return fail(ErrorCode::not_found, "{}: no such rule; see 'smtpblock list'", id);
    }

    static Result<void> check_length(const Pattern& pattern, const std::string& description) {
        if (description.size() <= description_octets) return {};
        return fail(ErrorCode::bad_input, "{}: a description of {} octets; the most is {}",
                    quoted(pattern.text()), description.size(), description_octets);
    }

    /// Sees to it that no rule but `own` stands under the pattern's key.
    Result<void> make_room(const Pattern& pattern, RuleId own) {
        const RuleKey key = pattern.key();
        auto there = rule_at(store_, transaction_, key.view());
        if (!there) return std::move(there).failure();
        if (!*there || (*there)->id == own) return {};
        const Rule& taken = **there;
        if (expired(taken.expires, editor_.now)) return erase_rule(taken);
        if (taken.pattern != pattern)
            return fail(failed, "{}: cannot be told from rule {}, {}; delete that one first",
                        quoted(pattern.text()), taken.id, quoted(taken.pattern.text()));
        return fail(ErrorCode::already_exists,
                    "{} is rule {} already ({} {} {}); use edit {}, or --replace",
                    quoted(pattern.text()), taken.id, word(pattern.type()), word(taken.direction),
                    word(taken.action), taken.id);
    }

    Result<void> put_rule(const Rule& rule, unsigned id_flags) {
        const RuleKey key = rule.pattern.key();
        const std::string value = encode_rule(rule);
        if (auto done = step(lmdb::put(transaction_, store_.rules(), key.view(), value, 0)); !done)
            return done;
        const IdKey id(rule.id);
        if (auto done =
                step(lmdb::put(transaction_, store_.ids(), id.view(), key.view(), id_flags));
            !done)
            return done;
        record_.checksum += rule_checksum(value);
        record_.count_one_more(rule.pattern);
        note_glob(rule.pattern);
        return {};
    }

    Result<void> erase_rule(const Rule& rule) {
        const RuleKey key = rule.pattern.key();
        std::string value;
        if (auto done = step(lmdb::get(transaction_, store_.rules(), key.view(), value)); !done)
            return done;
        if (auto done = step(lmdb::erase(transaction_, store_.rules(), key.view())); !done)
            return done;
        if (auto done = step(lmdb::erase(transaction_, store_.ids(), IdKey(rule.id).view())); !done)
            return done;
        record_.checksum -= rule_checksum(value);
        record_.count_one_less(rule.pattern);
        note_glob(rule.pattern);
        return {};
    }

    void note_glob(const Pattern& pattern) {
        if (pattern.kind() == PatternKind::email_glob || pattern.kind() == PatternKind::ehlo_glob)
            record_.glob_revision = record_.revision + 1;
    }

    Result<void> step(int number) {
        changed_ = true;
        if (number == MDB_SUCCESS) return {};
        broken_ = number;
        return store_.explain(number);
    }

    const StoreEnvironment& store_;
    MDB_txn* transaction_;
    const Editor& editor_;
    StoreRecord& record_;
    bool changed_ = false;
    int broken_ = MDB_SUCCESS;
};

}  // namespace

struct StoreWriter::Open {
    Failure nothing_changed(int number) const {
        Error error = store->explain(number).take();
        error.message += "; nothing was changed";
        return Failure(std::move(error));
    }

    Result<StoreRecord> read_record(MDB_txn* transaction) const;

    StorePaths paths;
    std::unique_ptr<StoreEnvironment> store;
};

Result<StoreRecord> StoreWriter::Open::read_record(MDB_txn* transaction) const {
    MDB_envinfo info{};
    int number = guarded([&] { return mdb_env_info(store->get(), &info); });
    if (number != MDB_SUCCESS) return store->explain(number);
    // Under the write lock the lock table and the head of the file agree (see store_snapshot.cpp).
    if (mdb_txn_id(transaction) != info.me_last_txnid + 1)
        return fail(failed,
                    "{}: it was exchanged while processes had it open; end them all (smtpblockd), "
                    "then try again",
                    quoted(paths.rules_data()));
    std::string raw;
    number = lmdb::get(transaction, store->unnamed(), state_key, raw);
    if (number != MDB_SUCCESS) return store->explain(number);
    StoreRecord record;
    if (auto read = store->read_record(raw, record); !read) return std::move(read).failure();
    return record;
}

StoreWriter::StoreWriter(std::unique_ptr<Open> open) : open_(std::move(open)) {}
StoreWriter::~StoreWriter() = default;

Result<std::unique_ptr<StoreWriter>> StoreWriter::open(const StorePaths& paths) {
    const WriteDeadline deadline(paths.root());
    auto opened = StoreEnvironment::open(paths, StoreAccess::write);
    if (!opened) return std::move(opened).failure();
    int dead = 0;
    mdb_reader_check((*opened)->get(), &dead);
    return std::unique_ptr<StoreWriter>(
        new StoreWriter(std::make_unique<Open>(Open{paths, *std::move(opened)})));
}

Result<void> StoreWriter::edit(const Editor& editor,
                               const std::function<Result<void>(Edit&)>& work) {
    const StoreEnvironment& store = *open_->store;
    lmdb::Transaction transaction;
    {
        const WriteDeadline deadline(open_->paths.root());
        const int number = lmdb::begin(store.get(), 0, transaction);
        if (number != MDB_SUCCESS) return open_->nothing_changed(number);
    }
    auto record = open_->read_record(transaction.get());
    if (!record) return std::move(record).failure();

    TransactionEdit edit(store, transaction.get(), editor, *record);
    auto done = work(edit);
    if (edit.broken() != MDB_SUCCESS) return open_->nothing_changed(edit.broken());
    if (!done || !edit.changed()) return done;

    ++record->revision;
    record->last_edit = editor.now;
    int number =
        lmdb::put(transaction.get(), store.unnamed(), state_key, encode_record(*record), 0);
    const InterruptionsWait wait;  // nobody could tell whether a commit that was cut off is done
    if (number == MDB_SUCCESS) number = lmdb::commit(transaction);
    if (number == MDB_SUCCESS) edit_was_made();
    if (number != MDB_SUCCESS) return open_->nothing_changed(number);
    return {};
}

}  // namespace smtpblock
