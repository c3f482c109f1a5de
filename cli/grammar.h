// Every command: its name, its help, and the options that fill its arguments. A new command is a
// line in this table; only the options of the command that was typed are ever bound.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cli/arguments.h"
#include "cli/option_binder.h"

namespace smtpblock {

/// What a command line fills: a command with its arguments, or what help was asked about.
struct Wanted {
    GlobalOptions options{};
    Command command{};
    struct Help {
        std::optional<std::string> about;  ///< a command; none: all of it
    };
    std::optional<Help> help{};
};

/// What stands together in the list of commands.
enum class CommandGroup : std::uint8_t { rules, files, past, trouble, store };
enum class Operand : std::uint8_t { needed, optional };

struct CommandEntry {
    const char* name;
    const char* alias;  ///< empty: none
    const char* help;   ///< its first line says what the command is for
    void (*bind)(OptionBinder&, Wanted&);
    CommandGroup group;
    Operand operand = Operand::needed;  ///< when it takes any
};

/// In the order of --help.
std::span<const CommandEntry> command_entries();

/// By its name or its alias; null when there is none.
const CommandEntry* find_command(std::string_view word);

/// Over the options that bind_global_options() binds.
inline constexpr const char* everywhere = "Options of every command";

void bind_global_options(OptionBinder& bind, GlobalOptions& options);

}  // namespace smtpblock
