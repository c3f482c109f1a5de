#include "common/store_load.h"

#include <utility>

#include "common/octets.h"
#include "common/rule_codec.h"
#include "common/store_fault.h"
#include "common/store_tables.h"
#include "common/store_transaction.h"
#include "common/text.h"

namespace smtpblock {
namespace {

/// A million rules of the usual length stay in memory.
constexpr std::size_t load_budget_octets = std::size_t{256} << 20U;
constexpr std::uint64_t steps_a_tick = 4096;

constexpr unsigned action_shift = 2;
constexpr unsigned direction_bits = 3;

int open_cursor(MDB_txn* transaction, MDB_dbi table, lmdb::Cursor& cursor) {
    MDB_cursor* made = nullptr;
    const int number = guarded([&] { return mdb_cursor_open(transaction, table, &made); });
    cursor.reset(made);
    return number;
}

}  // namespace

/// A rule between read() and write(): what stands in rules_ under its key.
struct StoreLoad::Entry {
    std::uint64_t number = 0;  ///< by the order of the lines
    std::uint64_t line = 0;
    Direction direction = Direction::both;
    Action action = Action::reject;
    std::optional<Time> expires;
    std::string key;

    static void encode(std::uint64_t number, const FedRule& fed, bool cut, std::string& octets) {
        octets.clear();
        OctetWriter out(std::move(octets));
        out.number(number);
        out.number(fed.line);
        out.octet(
            static_cast<std::uint8_t>(static_cast<unsigned>(fed.rule.direction) |
                                      static_cast<unsigned>(fed.rule.action) << action_shift));
        out.octet(fed.rule.expires ? 1 : 0);
        if (fed.rule.expires) out.time(*fed.rule.expires);
        out.text(fed.rule.description);
        if (cut) out.raw(fed.rule.pattern.subject());
        octets = out.take();
    }

    void assign(const Record& record) {
        key.assign(record.key);
        octets_.assign(record.value);
        OctetReader in(octets_);
        number = in.number();
        line = in.number();
        const unsigned bits = in.octet();
        direction = static_cast<Direction>(bits & direction_bits);
        action = static_cast<Action>(bits >> action_shift);
        expires.reset();
        if (in.octet() != 0) expires = in.time();
        description_octets_ = in.text().size();
        subject_octets_ = in.left();
    }

    std::string_view description() const {
        return std::string_view(octets_).substr(
            octets_.size() - subject_octets_ - description_octets_, description_octets_);
    }
    PatternKind kind() const { return static_cast<PatternKind>(key.front()); }
    std::string_view subject() const {
        if (key.size() < key_octets) return std::string_view(key).substr(1);
        return std::string_view(octets_).substr(octets_.size() - subject_octets_);
    }
    Pattern pattern() const { return *Pattern::from_subject(kind(), subject()); }
    bool equals(const Entry& other) const {
        return direction == other.direction && action == other.action && expires == other.expires &&
               description() == other.description();
    }
    bool equals(const Rule& rule) const {
        return direction == rule.direction && action == rule.action && expires == rule.expires &&
               description() == rule.description;
    }

private:
    std::string octets_;
    std::size_t description_octets_ = 0;
    std::size_t subject_octets_ = 0;
};

/// The entries in the order of their keys, of each key the one that counts.
class StoreLoad::Entries {
public:
    Entries(std::unique_ptr<RecordReader> reader, bool last_counts)
        : reader_(std::move(reader)), last_counts_(last_counts) {
        has_ahead_ = read();
    }

    /// Of the entries with the next key the one that counts; `other(first, second)` is called
    /// where there are more, with neighbours. False at the end, or after a failure.
    template <class Other>
    bool next(Entry& entry, Other other) {
        if (!has_ahead_) return false;
        std::swap(entry, ahead_);
        while ((has_ahead_ = read()) && ahead_.key == entry.key) {
            other(entry, ahead_);
            if (last_counts_) std::swap(entry, ahead_);
        }
        return !failure_;
    }
    bool next(Entry& entry) {
        return next(entry, [](const Entry&, const Entry&) {});
    }

    Result<void> end() {
        if (failure_) return std::move(*failure_);
        return {};
    }

private:
    bool read() {
        auto record = reader_->next();
        if (!record)
            failure_ = std::move(record).failure();
        else if (*record)
            ahead_.assign(**record);
        return record && *record;
    }

    std::unique_ptr<RecordReader> reader_;
    bool last_counts_;
    Entry ahead_;
    bool has_ahead_ = false;
    std::optional<Failure> failure_;
};

StoreLoad::StoreLoad(const LoadOptions& options, LoadObserver& observer)
    : options_(options), observer_(observer), rules_(load_budget_octets) {}

Result<void> StoreLoad::read(RuleFeed& feed) {
    std::string octets;
    for (;;) {
        auto fed = feed.next();
        if (!fed) return std::move(fed).failure();
        if (!*fed) return {};
        const NewRule& rule = (*fed)->rule;
        if (auto fits = check_length(rule.pattern, rule.description); !fits) return fits;
        const RuleKey key = rule.pattern.key();
        Entry::encode(rules_.size(), **fed, key.cut(), octets);
        if (auto added = rules_.add(key.view(), octets); !added) return added;
        tick();
    }
}

Result<void> StoreLoad::write(StoreTransaction& edit) {
    store_was_empty_ = edit.record().rules() == 0;
    if (options_.prune && !options_.may_empty && !options_.dry_run && rules_.size() == 0 &&
        !store_was_empty_)
        return fail(
            ErrorCode::bad_input,
            "no rule came, so all {} would be removed; add --yes when that is what you want",
            edit.record().rules());
    first_id_ = edit.next_id();
    steps_ = 0;
    all_steps_ = 3 * rules_.size();
    if (auto sorted = sort_out(edit); !sorted) return sorted;
    if (refused_) return Failure(std::move(*refused_));
    if (auto done = put(edit); !done) return done;
    if (!options_.dry_run)
        if (auto done = put_ids(edit); !done) return done;
    return options_.prune ? prune(edit) : Result<void>{};
}

/// Finds what is in the way, and which lines make new rules: only then is it known which ID each
/// of them gets.
Result<void> StoreLoad::sort_out(StoreTransaction& edit) {
    new_ = RankedBits(rules_.size());
    auto reader = rules_.sorted();
    if (!reader) return std::move(reader).failure();
    Entries entries(*std::move(reader), options_.on_existing == OnExisting::replace);
    const auto twice = [&](const Entry& first, const Entry& second) {
        if (first.subject() != second.subject())
            refuse(second.line,
                   fail(ErrorCode::failed, "{}: cannot be told from that of line {}; leave one out",
                        quoted(second.pattern().text()), first.line)
                       .take());
        else if (options_.on_existing == OnExisting::refuse ||
                 (options_.refuse_contradictions && !first.equals(second)))
            refuse(second.line,
                   fail(ErrorCode::already_exists, "{} is in line {} already; leave one out",
                        quoted(second.pattern().text()), first.line)
                       .take());
        else
            ++report_.unchanged;
    };
    Entry entry;
    while (entries.next(entry, twice)) {
        tick();
        auto rule = there(edit, entry);
        if (!rule) return std::move(rule).failure();
        if (!*rule || expired((*rule)->expires, edit.editor().now))
            new_.set(entry.number);
        else if (options_.on_existing == OnExisting::refuse ||
                 (*rule)->pattern.subject() != entry.subject())
            refuse(entry.line, in_the_way(entry.pattern(), **rule).take());
    }
    new_.seal();
    return entries.end();
}

Result<std::optional<Rule>> StoreLoad::there(StoreTransaction& edit, const Entry& entry) const {
    if (store_was_empty_) return std::optional<Rule>{};
    return rule_at(edit.store(), edit.transaction(), entry.key);
}

void StoreLoad::refuse(std::uint64_t line, Error error) {
    observer_.in_the_way(line, error.message);
    if (!refused_) refused_ = std::move(error);
}

Result<void> StoreLoad::put(StoreTransaction& edit) {
    auto reader = rules_.sorted();
    if (!reader) return std::move(reader).failure();
    Entries entries(*std::move(reader), options_.on_existing == OnExisting::replace);
    lmdb::Cursor rules;
    if (const int number = open_cursor(edit.transaction(), edit.store().rules(), rules);
        number != MDB_SUCCESS)
        return edit.store().explain(number);
    Entry entry;
    while (entries.next(entry)) {
        tick();
        auto rule = there(edit, entry);
        if (!rule) return std::move(rule).failure();
        const bool is_new = new_.test(entry.number);
        if (is_new && *rule && !options_.dry_run)  // it has run out
            if (auto gone = edit.erase(**rule); !gone) return gone;
        auto done = is_new ? put_new(edit, rules.get(), entry) : merge(edit, entry, **rule);
        if (!done) return done;
    }
    return entries.end();
}

Result<void> StoreLoad::put_new(StoreTransaction& edit, MDB_cursor* rules, const Entry& entry) {
    ++report_.added;
    const Editor& editor = edit.editor();
    encode_rule({.key = entry.key,
                 .subject = entry.subject(),
                 .id = first_id_ + new_.rank(entry.number),
                 .direction = entry.direction,
                 .action = entry.action,
                 .expires = entry.expires,
                 .created = editor.now,
                 .updated = editor.now,
                 .by = editor.name,
                 .description = entry.description()},
                value_);
    if (observer_.wants_difference()) {
        const auto rule = decode_rule(entry.key, value_);
        observer_.difference(LoadResult::added, nullptr, &*rule);
    }
    if (options_.dry_run) return {};
    return edit.put_rule(rules, entry.key, entry.subject(), value_, store_was_empty_);
}

Result<void> StoreLoad::merge(StoreTransaction& edit, const Entry& entry, const Rule& before) {
    if (options_.on_existing == OnExisting::keep || entry.equals(before)) {
        ++report_.unchanged;
        if (observer_.wants_difference())
            observer_.difference(LoadResult::unchanged, &before, &before);
        return {};
    }
    ++report_.changed;
    Rule after = before;
    after.direction = entry.direction;
    after.action = entry.action;
    after.expires = entry.expires;
    after.description = entry.description();
    if (!options_.dry_run) {
        auto changed = edit.replace(before, std::move(after));
        if (!changed) return std::move(changed).failure();
        after = std::move(*changed);
    }
    if (observer_.wants_difference()) observer_.difference(LoadResult::changed, &before, &after);
    return {};
}

Result<void> StoreLoad::put_ids(StoreTransaction& edit) {
    auto reader = rules_.as_added();
    if (!reader) return std::move(reader).failure();
    lmdb::Cursor ids;
    if (const int number = open_cursor(edit.transaction(), edit.store().ids(), ids);
        number != MDB_SUCCESS)
        return edit.store().explain(number);
    RuleId id = first_id_;
    for (std::uint64_t number = 0;; ++number) {
        tick();
        auto record = (*reader)->next();
        if (!record) return std::move(record).failure();
        if (!*record) return {};
        if (!new_.test(number)) continue;
        if (auto done = edit.put_id(ids.get(), id++, (*record)->key); !done) return done;
    }
}

/// Removes what did not come: both sides are walked in the order of the keys.
Result<void> StoreLoad::prune(StoreTransaction& edit) {
    auto reader = rules_.sorted();
    if (!reader) return std::move(reader).failure();
    Entries entries(*std::move(reader), false);
    Entry entry;
    bool has_entry = entries.next(entry);
    lmdb::TableCursor rules(edit.transaction(), edit.store().rules());
    int number = rules.first();
    for (; number == MDB_SUCCESS; tick()) {
        while (has_entry && entry.key < rules.key()) has_entry = entries.next(entry);
        const std::string key = rules.key();
        if (has_entry && entry.key == key) {
            number = rules.next();
            continue;
        }
        const auto rule = decode_rule(key, rules.value());
        if (!rule) return edit.store().damaged("a rule's checksum is wrong");
        if (expired(rule->expires, edit.editor().now)) {
            number = rules.next();
            continue;
        }
        ++report_.removed;
        if (observer_.wants_difference())
            observer_.difference(LoadResult::removed, &*rule, nullptr);
        if (!options_.dry_run)
            if (auto gone = edit.erase(*rule); !gone) return gone;
        number = options_.dry_run ? rules.next() : rules.seek(key);
    }
    if (number != MDB_NOTFOUND) return edit.store().explain(number);
    return entries.end();
}

void StoreLoad::tick() {
    if (++steps_ % steps_a_tick == 0) observer_.progress(steps_, all_steps_);
}

}  // namespace smtpblock
