// `smtpblock add`: reads what to block, makes it rules in one edit, and says where they are in
// force. The store is made first where there is none.
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "cli/commands.h"
#include "cli/daemons.h"
#include "cli/meanings.h"
#include "cli/rule_text.h"
#include "cli/store_making.h"
#include "common/text.h"

namespace smtpblock {
namespace {

std::string_view trimmed(std::string_view line) {
    constexpr std::string_view blank = " \t\r";
    const auto begin = line.find_first_not_of(blank);
    if (begin == std::string_view::npos) return {};
    return line.substr(begin, line.find_last_not_of(blank) - begin + 1);
}

/// Reads patterns as they were written, each of which may be given more than once.
class PatternReader {
public:
    PatternReader(std::optional<RuleType> type, bool may_match_everything)
        : type_(type), may_match_everything_(may_match_everything) {}

    Result<void> add(std::string_view written) {
        const auto type = type_ ? type_ : evident_type(written);
        if (!type)
            return fail(ErrorCode::bad_input,
                        "{}: a domain or an EHLO name; add --type email or --type ehlo",
                        quoted(written));
        auto pattern = Pattern::parse(*type, written);
        if (!pattern) return std::move(pattern).failure();
        if (auto narrow = check_breadth(*pattern, written, may_match_everything_); !narrow)
            return narrow;
        if (seen_.insert(fmt::format("{} {}", word(*type), pattern->text())).second)
            patterns_.push_back(std::move(*pattern));
        return {};
    }

    /// One a line; blank lines are skipped. An error names the line.
    Result<void> add_lines(Terminal& terminal) {
        for (std::size_t number = 1;; ++number) {
            const auto line = terminal.read_line();
            if (!line) return terminal.input_ended();
            if (trimmed(*line).empty()) continue;
            if (auto added = add(trimmed(*line)); !added)
                return fail(added.error().code, "line {}: {}", number, added.error().message);
        }
    }

    Result<void> ask(Terminal& terminal) {
        const auto written = terminal.ask("Block which address, domain or EHLO name?");
        if (!written || trimmed(*written).empty())
            return fail(ErrorCode::bad_input, "add: nothing was named; nothing was changed");
        if (!type_ && !evident_type(trimmed(*written))) {
            const auto type =
                terminal.ask("Is that a sender's domain (email) or an EHLO name (ehlo)?");
            if (type) type_ = rule_type_of(trimmed(*type));
        }
        return add(trimmed(*written));
    }

    const std::vector<Pattern>& patterns() const { return patterns_; }

private:
    std::optional<RuleType> type_;
    bool may_match_everything_;
    std::vector<Pattern> patterns_;
    std::unordered_set<std::string> seen_;
};

Result<std::vector<Pattern>> patterns_of(const AddArguments& arguments, Terminal& terminal) {
    PatternReader reader(arguments.type, arguments.yes);
    if (arguments.patterns.empty() && !terminal.can_ask())
        return fail(ErrorCode::bad_input,
                    "add: no pattern; write one, or - to read them from standard input");
    if (arguments.patterns.empty())
        if (auto asked = reader.ask(terminal); !asked) return std::move(asked).failure();
    for (const std::string& written : arguments.patterns) {
        auto added = written == "-" ? reader.add_lines(terminal) : reader.add(written);
        if (!added) return std::move(added).failure();
    }
    return reader.patterns();
}

constexpr std::string_view unchanged = "unchanged";

struct Outcome {
    std::string_view result;
    Rule rule;
};

/// `rule` set to what `wanted` says.
Rule replaced(Rule rule, const NewRule& wanted) {
    rule.direction = wanted.direction;
    rule.action = wanted.action;
    rule.description = wanted.description;
    rule.expires = wanted.expires;
    return rule;
}

NewRule wanted_rule(const AddArguments& arguments, const Pattern& pattern) {
    return {pattern, arguments.direction.value_or(Direction::both),
            arguments.action.value_or(Action::reject), arguments.description.value_or(""),
            arguments.expires};
}

Result<Outcome> add_one(Edit& edit, const AddArguments& arguments, const Context& context,
                        const Pattern& pattern) {
    const NewRule wanted = wanted_rule(arguments, pattern);
    if (arguments.replace || arguments.if_absent) {
        auto existing = edit.find(pattern);
        if (!existing) return std::move(existing).failure();
        if (*existing && !expired((*existing)->expires, context.editor.now)) {
            Rule replacing = replaced(**existing, wanted);
            if (arguments.if_absent || same_settings(**existing, replacing))
                return Outcome{unchanged, std::move(**existing)};
            auto changed = edit.change(std::move(replacing));
            if (!changed) return std::move(changed).failure();
            return Outcome{"changed", std::move(*changed)};
        }
    }
    auto added = edit.add(wanted);
    if (!added) return std::move(added).failure();
    return Outcome{"added", std::move(*added)};
}

/// What becomes of the patterns where there is no store yet.
std::vector<Outcome> in_new_store(const AddArguments& arguments, const Context& context,
                                  const std::vector<Pattern>& patterns) {
    std::vector<Outcome> outcomes;
    for (const Pattern& pattern : patterns) {
        const NewRule wanted = wanted_rule(arguments, pattern);
        outcomes.push_back(
            {"added",
             {outcomes.size() + 1, pattern, wanted.direction, wanted.action, wanted.description,
              context.editor.name, context.editor.now, context.editor.now, wanted.expires}});
    }
    return outcomes;
}

/// Adds all patterns or none, in one edit; with --dry-run does so and leaves the edit undone.
Result<std::vector<Outcome>> add_all(StoreWriter& writer, const AddArguments& arguments,
                                     const Context& context, const std::vector<Pattern>& patterns) {
    std::vector<Outcome> outcomes;
    auto edited = writer.edit(context.editor, EditVerb::add, [&](Edit& edit) -> Result<void> {
        for (const Pattern& pattern : patterns) {
            auto outcome = add_one(edit, arguments, context, pattern);
            if (!outcome) return std::move(outcome).failure();
            outcomes.push_back(std::move(*outcome));
        }
        if (arguments.dry_run) return fail(ErrorCode::failed, "add: a dry run");
        return {};
    });
    const bool rehearsed = arguments.dry_run && outcomes.size() == patterns.size();
    if (!edited && !rehearsed) return std::move(edited).failure();
    return outcomes;
}

struct Added {
    std::vector<Outcome> outcomes;
    StoreReach reach;
};

Result<Added> added(const AddArguments& arguments, const Context& context,
                    const std::vector<Pattern>& patterns, Terminal& terminal) {
    auto writer = StoreWriter::open(context.store, context.config.history);
    if (!writer && writer.error().code == ErrorCode::no_store) {
        if (arguments.dry_run) return Added{in_new_store(arguments, context, patterns), {}};
        if (auto made = make_store(context.store, terminal); !made)
            return std::move(made).failure();
        writer = StoreWriter::open(context.store, context.config.history);
    }
    if (!writer) return std::move(writer).failure();
    auto outcomes = add_all(**writer, arguments, context, patterns);
    if (!outcomes) return std::move(outcomes).failure();
    return Added{std::move(*outcomes), (*writer)->reach()};
}

}  // namespace

Result<int> run(const AddArguments& arguments, const Context& context, Terminal& terminal) {
    const auto patterns = patterns_of(arguments, terminal);
    if (!patterns) return Failure(patterns.error());

    const auto done = added(arguments, context, *patterns, terminal);
    if (!done) return Failure(done.error());

    for (const Outcome& outcome : done->outcomes)
        if (outcome.result != unchanged && !arguments.dry_run)
            context.log.tell(outcome.result, outcome.rule);
    const bool tells_result = arguments.replace || arguments.if_absent;
    for (const Outcome& outcome : done->outcomes)
        print_edited(terminal, outcome.rule, tells_result ? outcome.result : "");
    auto printed = terminal.finish(arguments.dry_run ? "" : "added");
    if (!printed) return std::move(printed).failure();
    for (const Pattern& pattern : *patterns)
        if (const auto note = pattern.note(); !note.empty())
            terminal.note(fmt::format("{}: {}", quoted(pattern.text()), note));
    if (arguments.dry_run)
        terminal.note("a dry run: nothing was changed");
    else
        tell_where_in_force(done->reach, context.editor.now, terminal);
    return exit_done;
}

}  // namespace smtpblock
