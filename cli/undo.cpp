// `smtpblock undo`: the last edits taken back, in one edit, and what that did to which rule.
#include "cli/commands.h"
#include "cli/daemons.h"
#include "cli/history_text.h"
#include "cli/meanings.h"
#include "cli/revision_report.h"
#include "cli/rule_text.h"

namespace smtpblock {

Result<int> run(const UndoArguments& arguments, const Context& context, Terminal& terminal) {
    std::uint64_t edits = 1;
    if (arguments.edits) {
        const auto count = count_meant(*arguments.edits);
        if (!count) return Failure(count.error());
        edits = *count;
    }
    auto writer = StoreWriter::open(context.store, context.config.history);
    if (!writer) return std::move(writer).failure();
    if (auto undone = (*writer)->undo(context.editor, edits); !undone)
        return std::move(undone).failure();
    const std::uint64_t revision = (*writer)->revision();
    writer->reset();  // before the store is opened for reading: LMDB wants it open once a process
    return report_revision(revision, "undone", context, terminal);
}

}  // namespace smtpblock
