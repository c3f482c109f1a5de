// What was asked for, a struct a command: parse() has turned every word into what it means, but for
// those that name patterns and rules, whose meaning depends on the other words and on the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/rule_format.h"
#include "common/rule.h"

namespace smtpblock {

enum class Color : std::uint8_t { automatic, always, never };

/// Understood before and after the command.
struct GlobalOptions {
    std::optional<std::string> store{};
    std::optional<std::string> config{};
    bool json = false;
    bool quiet = false;
    std::optional<Color> color{};
};

struct InitArguments {
    std::optional<std::string> group;
    std::optional<std::string> admin_group;
};

/// What is said of each rule that is named, or comes from a file that does not say it.
struct RuleSettings {
    std::optional<RuleType> type;
    std::optional<Direction> direction;
    std::optional<Action> action;
    std::optional<Time> expires;
    std::optional<std::string> description;
};

struct AddArguments : RuleSettings {
    bool replace = false;
    bool if_absent = false;
    bool dry_run = false;
    bool yes = false;
    std::vector<std::string> patterns;  ///< `-`: standard input, one a line
};

struct EditArguments {
    std::optional<std::string> rule;
    std::optional<RuleType> type;  ///< selects; the type of a rule cannot change
    std::optional<std::string> pattern;
    std::optional<Direction> direction;
    std::optional<Action> action;
    std::optional<Time> expires;
    bool forever = false;
    bool yes = false;
    std::optional<std::string> description;
};

struct DeleteArguments {
    std::vector<std::string> rules;
    std::optional<RuleType> type;
    bool expired = false;
};

enum class SortKey : std::uint8_t { id, type, dir, action, expires, pattern, created, updated };

struct ListArguments {
    std::optional<RuleType> type;
    std::optional<Direction> direction;
    std::optional<Action> action;
    std::optional<std::string> match;
    std::optional<SortKey> sort;
    std::optional<std::chrono::seconds> expiring;
    bool expired = false;
    bool all = false;
};

struct ShowArguments {
    std::optional<std::string> rule;
    std::optional<RuleType> type;
};

struct CheckArguments {
    std::optional<Direction> direction;
    std::vector<std::string> ehlo;
    std::optional<std::string> from;
    std::optional<std::string> user;
};

struct ImportArguments : RuleSettings {
    std::optional<RuleFormat> format;
    bool replace = false;
    bool if_absent = false;
    bool skip_bad = false;
    bool yes = false;
    bool dry_run = false;
    std::optional<std::string> file;  ///< `-`: standard input
};

struct ExportArguments {
    std::optional<RuleFormat> format;
    std::optional<RuleType> type;
};

struct ApplyArguments {
    bool prune = false;
    bool yes = false;
    bool dry_run = false;
    std::optional<std::string> file;
};

struct ProbeArguments {
    bool policy = false;
    std::optional<std::string> server;
    std::optional<std::string> ehlo;
    std::optional<std::string> from;
    std::optional<std::string> user;
    std::optional<std::string> to;
};

struct HistoryArguments {
    std::optional<std::string> rule;
    std::optional<RuleType> type;
    std::optional<std::uint64_t> limit;
};

struct UndoArguments {
    std::optional<std::string> edits;
};

struct PauseArguments {
    std::optional<Time> until;
};

struct ResumeArguments {};

struct StatusArguments {
    bool verify = false;
};

struct BackupArguments {
    std::optional<std::string> file;
};

struct RestoreArguments {
    std::optional<std::string> file;
};

using Command =
    std::variant<InitArguments, AddArguments, EditArguments, DeleteArguments, ListArguments,
                 ShowArguments, CheckArguments, ProbeArguments, ImportArguments, ExportArguments,
                 ApplyArguments, HistoryArguments, UndoArguments, PauseArguments, ResumeArguments,
                 StatusArguments, BackupArguments, RestoreArguments>;

}  // namespace smtpblock
