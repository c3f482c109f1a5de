// The history of a store: an edit as it lies in the table of edits, and what was before it in the
// table of changes. An edit is kept under its revision:
//
//   octet    format, 1
//   4 octets CRC-32C of the key and of what follows
//   octet    verb
//   number   time, then uid, then the login's uid plus one (0: nobody logged in)
//   text     who, as rules have it
//   number   the first ID that it gave, then the first that it did not
//   octet    bit 0 it changed the pause, 1 there was one before, 2 there is one after
//   number   until when, of each that there is
//   number   how many runs of other IDs it touched; of each: IDs since the last, IDs in it less one
//
// Under an ID and a revision lies the rule as it was before that edit: an octet, 1, the rule's key
// as a text, and its value; or an octet, 0, when there was no rule of that ID. IDs that the edit
// gave have nothing there.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/rule.h"

namespace smtpblock {

/// What an edit was made with. The value is what is stored: never change one.
enum class EditVerb : std::uint8_t {
    add = 'a',
    edit = 'e',
    remove = 'd',
    import = 'i',
    apply = 'y',
    undo = 'u',
    restore = 'r',
    pause = 'p',
    resume = 'q',
};
/// The command of that name: `add`, `delete`.
std::string_view word(EditVerb verb);

/// Who edits, and when.
struct Editor {
    std::string name;  ///< login name; `root (alice)` under sudo
    Time now;
    uid_t uid = 0;                     ///< the real one
    std::optional<uid_t> login_uid{};  ///< the kernel's uid of the login, if there was one
};

/// IDs from `first` to `last`, both included.
struct IdRun {
    RuleId first = 0;
    RuleId last = 0;
    friend bool operator==(const IdRun&, const IdRun&) = default;
};

struct EditRecord {
    std::uint64_t revision = 0;  ///< that the store had after it
    EditVerb verb = EditVerb::add;
    Editor editor;
    RuleId first_new = 1;  ///< new IDs are from here on
    RuleId next_new = 1;   ///< and before this one
    bool pause_changed = false;
    std::optional<Time> paused_before;
    std::optional<Time> paused_after;
    std::vector<IdRun> touched;  ///< other IDs, ascending
};

/// What is told of `ids`, which may come in any order but each once.
std::vector<IdRun> runs_of(std::vector<RuleId> ids);

std::string encode_edit(const EditRecord& record);
/// Nothing when it is damaged.
std::optional<EditRecord> decode_edit(std::uint64_t revision, std::string_view octets);

/// `rule_key` and `rule_value` as they lie in the table of rules; no key: there was no rule.
std::string encode_before(std::string_view rule_key, std::string_view rule_value);
/// False when it is damaged. `before` is empty when there was no rule.
bool decode_before(std::string_view octets, RuleId id, std::optional<Rule>& before);

}  // namespace smtpblock
