#include "common/store_transaction.h"

#include <utility>

#include "common/rule_codec.h"
#include "common/store.h"
#include "common/store_fault.h"
#include "common/store_tables.h"
#include "common/text.h"

namespace smtpblock {
namespace {

Failure no_rule(RuleId id) {
    return fail(ErrorCode::not_found, "{}: no such rule; see 'smtpblock list'", id);
}

int put_at_cursor(MDB_cursor* cursor, std::string_view key, std::string_view value,
                  unsigned flags) {
    MDB_val at = lmdb::value_of(key);
    MDB_val what = lmdb::value_of(value);
    return guarded([&] { return mdb_cursor_put(cursor, &at, &what, flags); });
}

}  // namespace

StoreTransaction::StoreTransaction(const StoreEnvironment& store, MDB_txn* transaction,
                                   const Editor& editor, const StoreRecord& record,
                                   std::uint64_t history)
    : store_(store),
      transaction_(transaction),
      editor_(editor),
      before_(record),
      record_(record),
      history_(history) {}

Result<Rule> StoreTransaction::add(const NewRule& wanted) {
    if (auto fits = check_length(wanted.pattern, wanted.description); !fits)
        return std::move(fits).failure();
    if (auto free = make_room(wanted.pattern, 0); !free) return std::move(free).failure();
    Rule rule{record_.next_id++, wanted.pattern,     wanted.direction,
              wanted.action,     wanted.description, editor_.name,
              editor_.now,       editor_.now,        wanted.expires};
    // The highest ID so far: appended, which keeps the pages of the table full.
    if (auto put_in = put(rule, MDB_APPEND); !put_in) return std::move(put_in).failure();
    return rule;
}

Result<Rule> StoreTransaction::change(Rule rule) {
    auto before = find(rule.id);
    if (!before) return std::move(before).failure();
    if (!*before) return no_rule(rule.id);
    if ((*before)->pattern == rule.pattern) return replace(**before, std::move(rule));
    if (auto fits = check_length(rule.pattern, rule.description); !fits)
        return std::move(fits).failure();
    if (auto free = make_room(rule.pattern, rule.id); !free) return std::move(free).failure();
    if (auto gone = erase(**before); !gone) return std::move(gone).failure();
    rule.created = (*before)->created;
    rule.updated = editor_.now;
    rule.by = editor_.name;
    if (auto put_in = put(rule, 0); !put_in) return std::move(put_in).failure();
    return rule;
}

Result<Rule> StoreTransaction::replace(const Rule& before, Rule after) {
    if (same_settings(before, after)) return before;  // an edit of nothing would be in undo's way
    if (auto fits = check_length(after.pattern, after.description); !fits)
        return std::move(fits).failure();
    after.created = before.created;
    after.updated = editor_.now;
    after.by = editor_.name;
    const RuleKey key = before.pattern.key();
    const std::string old_value = encode_rule(before);
    const std::string value = encode_rule(after);
    if (auto kept = keep_before(before.id, key.view(), old_value); !kept)
        return std::move(kept).failure();
    if (auto done = step(lmdb::put(transaction_, store_.rules(), key.view(), value, 0)); !done)
        return std::move(done).failure();
    record_.checksum += rule_checksum(value);
    record_.checksum -= rule_checksum(old_value);
    return after;
}

Result<void> StoreTransaction::remove(RuleId id) {
    auto rule = find(id);
    if (!rule) return std::move(rule).failure();
    if (!*rule) return no_rule(id);
    return erase(**rule);
}

Result<std::optional<Rule>> StoreTransaction::find(RuleId id) {
    return rule_of(store_, transaction_, id);
}

Result<std::optional<Rule>> StoreTransaction::find(const Pattern& pattern) {
    return rule_of(store_, transaction_, pattern);
}

void StoreTransaction::pause(std::optional<Time> until) {
    if (record_.paused_until == until) return;
    record_.paused_until = until;
    changed_ = true;
}

/// Sees to it that no rule but `own` stands under the pattern's key.
Result<void> StoreTransaction::make_room(const Pattern& pattern, RuleId own) {
    const RuleKey key = pattern.key();
    auto there = rule_at(store_, transaction_, key.view());
    if (!there) return std::move(there).failure();
    if (!*there || (*there)->id == own) return {};
    const Rule& taken = **there;
    if (expired(taken.expires, editor_.now)) return erase(taken);
    if (own != 0 && taken.pattern == pattern)
        return fail(ErrorCode::already_exists,
                    "{} is rule {} already ({} {} {}); use edit {}, or delete it first",
                    quoted(pattern.text()), taken.id, word(pattern.type()), word(taken.direction),
                    word(taken.action), taken.id);
    return in_the_way(pattern, taken);
}

Result<void> StoreTransaction::put_back(const Rule& rule) {
    if (auto kept = keep_before(rule.id, {}, {}); !kept) return kept;
    if (rule.id >= record_.next_id) record_.next_id = rule.id + 1;
    return put(rule, 0);
}

Result<void> StoreTransaction::put(const Rule& rule, unsigned id_flags) {
    const RuleKey key = rule.pattern.key();
    const std::string value = encode_rule(rule);
    if (auto done = step(lmdb::put(transaction_, store_.rules(), key.view(), value, 0)); !done)
        return done;
    const NumberKey id(rule.id);
    if (auto done = step(lmdb::put(transaction_, store_.ids(), id.view(), key.view(), id_flags));
        !done)
        return done;
    count_in(rule.pattern.kind(), rule.pattern.subject(), value);
    return {};
}

Result<void> StoreTransaction::put_rule(MDB_cursor* rules, std::string_view key,
                                        std::string_view subject, std::string_view value,
                                        bool at_end) {
    if (auto done = step(put_at_cursor(rules, key, value, at_end ? MDB_APPEND : 0U)); !done)
        return done;
    count_in(static_cast<PatternKind>(key.front()), subject, value);
    return {};
}

void StoreTransaction::raise_next_id(RuleId id) {
    if (id <= record_.next_id) return;
    record_.next_id = id;
    changed_ = true;
}

Result<void> StoreTransaction::put_id(MDB_cursor* ids, RuleId id, std::string_view key) {
    record_.next_id = id + 1;
    return step(put_at_cursor(ids, NumberKey(id).view(), key, MDB_APPEND));
}

Result<void> StoreTransaction::erase(const Rule& rule) {
    const RuleKey key = rule.pattern.key();
    const std::string value = encode_rule(rule);
    if (auto kept = keep_before(rule.id, key.view(), value); !kept) return kept;
    if (auto done = step(lmdb::erase(transaction_, store_.rules(), key.view())); !done) return done;
    if (auto done = step(lmdb::erase(transaction_, store_.ids(), NumberKey(rule.id).view())); !done)
        return done;
    record_.checksum -= rule_checksum(value);
    record_.count_one_less(rule.pattern.kind(), rule.pattern.subject());
    note_glob(rule.pattern.kind());
    return {};
}

/// The state before this edit is what it met first.
Result<void> StoreTransaction::keep_before(RuleId id, std::string_view rule_key,
                                           std::string_view rule_value) {
    if (id >= before_.next_id || history_ == 0) return {};
    const ChangeKey key(id, revision());
    const int number = lmdb::put(transaction_, store_.changes(), key.view(),
                                 encode_before(rule_key, rule_value), MDB_NOOVERWRITE);
    if (number == MDB_KEYEXIST) return {};
    if (number == MDB_SUCCESS) touched_.push_back(id);
    return step(number);
}

void StoreTransaction::count_in(PatternKind kind, std::string_view subject,
                                std::string_view value) {
    record_.checksum += rule_checksum(value);
    record_.count_one_more(kind, subject);
    note_glob(kind);
}

void StoreTransaction::note_glob(PatternKind kind) {
    if (kind == PatternKind::email_glob || kind == PatternKind::ehlo_glob)
        record_.glob_revision = revision();
}

Result<void> StoreTransaction::step(int number) {
    changed_ = true;
    if (number == MDB_SUCCESS) return {};
    broken_ = number;
    return store_.explain(number);
}

Result<void> StoreTransaction::finish(EditVerb verb) {
    record_.revision = revision();
    record_.last_edit = editor_.now;
    if (history_ > 0) {
        EditRecord edit;
        edit.revision = revision();
        edit.verb = verb;
        edit.editor = editor_;
        edit.first_new = before_.next_id;
        edit.next_new = record_.next_id;
        edit.pause_changed = before_.paused_until != record_.paused_until;
        if (edit.pause_changed) edit.paused_before = before_.paused_until;
        if (edit.pause_changed) edit.paused_after = record_.paused_until;
        edit.touched = runs_of(std::move(touched_));
        const NumberKey key(edit.revision);
        if (auto done = step(
                lmdb::put(transaction_, store_.edits(), key.view(), encode_edit(edit), MDB_APPEND));
            !done)
            return done;
    }
    if (auto trimmed = trim(); !trimmed) return trimmed;
    return step(lmdb::put(transaction_, store_.unnamed(), state_key, encode_record(record_), 0));
}

/// Forgets the edits that are more than the history keeps. A record that is damaged goes like any
/// other: what it leaves in the table of changes harms nobody.
Result<void> StoreTransaction::trim() {
    lmdb::TableCursor edits(transaction_, store_.edits());
    for (;;) {
        const int number = edits.first();
        if (number == MDB_NOTFOUND) return {};
        if (number != MDB_SUCCESS) return step(number);
        const std::uint64_t oldest = NumberKey::number_of(edits.key());
        if (oldest + history_ > revision()) return {};
        if (const auto edit = decode_edit(oldest, edits.value()))
            for (const IdRun& run : edit->touched)
                for (RuleId id = run.first; id <= run.last; ++id) {
                    const int gone =
                        lmdb::erase(transaction_, store_.changes(), ChangeKey(id, oldest).view());
                    if (gone != MDB_NOTFOUND)
                        if (auto done = step(gone); !done) return done;
                }
        if (auto done = step(lmdb::erase(transaction_, store_.edits(), edits.key())); !done)
            return done;
    }
}

Result<void> check_length(const Pattern& pattern, const std::string& description) {
    if (description.size() <= description_octets) return {};
    return fail(ErrorCode::bad_input, "{}: a description of {} octets; the most is {}",
                quoted(pattern.text()), description.size(), description_octets);
}

Failure in_the_way(const Pattern& pattern, const Rule& taken) {
    if (taken.pattern != pattern)
        return fail(ErrorCode::failed, "{}: cannot be told from rule {}, {}; delete that one first",
                    quoted(pattern.text()), taken.id, quoted(taken.pattern.text()));
    return fail(ErrorCode::already_exists,
                "{} is rule {} already ({} {} {}); use edit {}, or --replace",
                quoted(pattern.text()), taken.id, word(pattern.type()), word(taken.direction),
                word(taken.action), taken.id);
}

}  // namespace smtpblock
