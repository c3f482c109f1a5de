// The commands, a file each. A command does what its arguments say, prints through the terminal and
// returns the exit status; what stops it comes back as an error.
#pragma once

#include <string>

#include "cli/arguments.h"
#include "cli/edit_log.h"
#include "cli/settings.h"
#include "cli/terminal.h"
#include "common/config.h"
#include "common/result.h"
#include "common/store_paths.h"
#include "common/store_writer.h"

namespace smtpblock {

inline constexpr int exit_done = 0;
inline constexpr int exit_blocked = 10;
inline constexpr int exit_differs = 11;

/// What every command works on.
struct Context {
    StorePaths store;
    Editor editor;  ///< its time is the command's now
    EditLog log;
    Config config;  ///< the defaults for a command that does not need it
    Environment environment;
};

Result<int> run(const InitArguments&, const Context&, Terminal&);
Result<int> run(const AddArguments&, const Context&, Terminal&);
Result<int> run(const EditArguments&, const Context&, Terminal&);
Result<int> run(const DeleteArguments&, const Context&, Terminal&);
Result<int> run(const ListArguments&, const Context&, Terminal&);
Result<int> run(const ShowArguments&, const Context&, Terminal&);
Result<int> run(const CheckArguments&, const Context&, Terminal&);
Result<int> run(const ImportArguments&, const Context&, Terminal&);
Result<int> run(const ExportArguments&, const Context&, Terminal&);
Result<int> run(const ApplyArguments&, const Context&, Terminal&);
Result<int> run(const ProbeArguments&, const Context&, Terminal&);
Result<int> run(const HistoryArguments&, const Context&, Terminal&);
Result<int> run(const UndoArguments&, const Context&, Terminal&);
Result<int> run(const PauseArguments&, const Context&, Terminal&);
Result<int> run(const ResumeArguments&, const Context&, Terminal&);
Result<int> run(const StatusArguments&, const Context&, Terminal&);
Result<int> run(const BackupArguments&, const Context&, Terminal&);
Result<int> run(const RestoreArguments&, const Context&, Terminal&);

/// Writes what was printed; then the status is `status`. See Terminal::finish().
Result<int> finished(Terminal& terminal, int status, std::string_view done = {});

}  // namespace smtpblock
