#include "common/store_undo.h"

#include <optional>
#include <string>

#include "common/edit_record.h"
#include "common/store_tables.h"

namespace smtpblock {
namespace {

class Undo {
public:
    explicit Undo(StoreTransaction& edit) : edit_(edit), store_(edit.store()) {}

    Result<void> revert(const EditRecord& record) {
        if (auto gone = erase_from(record.first_new, record.next_new); !gone) return gone;
        // All of them, before any comes back: they may have exchanged their patterns.
        for (const IdRun& run : record.touched)
            if (auto gone = erase_from(run.first, run.last + 1); !gone) return gone;
        for (const IdRun& run : record.touched)
            for (RuleId id = run.first; id <= run.last; ++id)
                if (auto back = put_back(id, record.revision); !back) return back;
        const auto& pause = record.paused_before;
        const bool is_over = pause && *pause <= edit_.editor().now;
        if (record.pause_changed) edit_.pause(is_over ? std::nullopt : pause);
        return {};
    }

private:
    Result<void> erase_from(RuleId first, RuleId end) {
        lmdb::TableCursor ids(edit_.transaction(), store_.ids());
        for (RuleId from = first;;) {
            const int number = ids.seek(NumberKey(from).view());
            if (number == MDB_NOTFOUND) return {};
            if (number != MDB_SUCCESS) return store_.explain(number);
            const RuleId id = NumberKey::number_of(ids.key());
            if (id >= end) return {};
            if (auto gone = edit_.remove(id); !gone) return gone;
            from = id + 1;
        }
    }

    Result<void> put_back(RuleId id, std::uint64_t revision) {
        std::string octets;
        const int number = lmdb::get(edit_.transaction(), store_.changes(),
                                     ChangeKey(id, revision).view(), octets);
        if (number == MDB_NOTFOUND) return store_.damaged("the history lacks a rule");
        if (number != MDB_SUCCESS) return store_.explain(number);
        std::optional<Rule> before;
        if (!decode_before(octets, id, before))
            return store_.damaged("a rule's checksum in the history is wrong");
        return before ? edit_.put_back(*before) : Result<void>{};
    }

    StoreTransaction& edit_;
    const StoreEnvironment& store_;
};

}  // namespace

Result<void> undo_edits(StoreTransaction& edit, std::uint64_t edits) {
    Undo undo(edit);
    // Else an edit that left no trace would be in the way of those before it.
    edit.count_as_edit();
    std::uint64_t revision = edit.record().revision;
    for (std::uint64_t done = 0; done < edits; ++done, --revision) {
        std::string octets;
        const int number = revision == 0
                               ? MDB_NOTFOUND
                               : lmdb::get(edit.transaction(), edit.store().edits(),
                                           NumberKey(revision).view(), octets, store_record_octets);
        if (number == MDB_NOTFOUND && done == 0)
            return fail(ErrorCode::not_found,
                        "undo: the history is empty; see 'smtpblock history'");
        if (number == MDB_NOTFOUND)
            return fail(ErrorCode::not_found,
                        "undo: the history has {} edits and not {}; write undo {}, or see "
                        "'smtpblock history'",
                        done, edits, done);
        if (number != MDB_SUCCESS) return edit.store().explain(number);
        const auto record = decode_edit(revision, octets);
        if (!record) return edit.store().damaged("an edit's checksum in the history is wrong");
        if (auto reverted = undo.revert(*record); !reverted) return reverted;
    }
    return {};
}

}  // namespace smtpblock
