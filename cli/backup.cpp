// `smtpblock backup` and `smtpblock restore`: a copy of the live store in one file, and the rules
// of such a file as one edit.
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/revision_report.h"
#include "common/store_reader.h"
#include "common/text.h"

namespace smtpblock {

Result<int> run(const BackupArguments& arguments, const Context& context, Terminal& terminal) {
    if (!arguments.file || arguments.file->empty())
        return fail(ErrorCode::bad_input, "backup: no file; name the one to write");
    auto reader = StoreReader::open(context.store);
    if (!reader) return std::move(reader).failure();
    const auto state = (*reader)->state();
    if (!state) return Failure(state.error());
    if (auto written = (*reader)->backup(*arguments.file); !written)
        return std::move(written).failure();
    if (terminal.json())
        terminal.line(
            JsonObject().string("file", *arguments.file).number("rules", state->rules).text());
    else if (!terminal.quiet())
        terminal.line(fmt::format("{}: {} rules", printable(*arguments.file), state->rules));
    return finished(terminal, exit_done, "written");
}

Result<int> run(const RestoreArguments& arguments, const Context& context, Terminal& terminal) {
    if (!arguments.file || arguments.file->empty())
        return fail(ErrorCode::bad_input,
                    "restore: no file; name one that 'smtpblock backup' made");
    auto writer = StoreWriter::open(context.store, context.config.history);
    if (!writer) return std::move(writer).failure();
    if (auto restored = (*writer)->restore(context.editor, *arguments.file); !restored)
        return std::move(restored).failure();
    const std::uint64_t revision = (*writer)->revision();
    writer->reset();  // before the store is opened for reading: LMDB wants it open once a process
    return report_revision(revision, "restored", context, terminal);
}

}  // namespace smtpblock
