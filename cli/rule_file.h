// A file of rules, read one rule at a time. What a format is like stands in its own file
// (rule_file_csv.h and others); here is what they have in common: what a line says becomes a rule
// as `add` would make it, what is wrong with a line is told with its number, and with one such line
// the whole file fails, unless bad lines are to be skipped.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/input_file.h"
#include "cli/line_reader.h"
#include "cli/rule_format.h"
#include "common/rule_feed.h"

namespace smtpblock {

/// What holds where a file says nothing: the options that `add` has.
struct RuleDefaults {
    std::optional<RuleType> type{};  ///< nothing: what the pattern shows by itself
    Direction direction = Direction::both;
    Action action = Action::reject;
    std::optional<Time> expires{};
    std::string description{};
};

enum class OnBadLine : std::uint8_t { fail, skip };

struct RuleFileOptions {
    std::string name;  ///< the file's, for messages
    RuleDefaults defaults;
    Time now;
    OnBadLine on_bad_line = OnBadLine::fail;
    bool may_match_everything = false;  ///< else such a pattern is a bad line
    std::string way_out;                ///< what the user can do about a bad line
    /// Hears of each bad line, and why it is bad.
    std::function<void(std::uint64_t line, const std::string& why)> tell;
};

class RuleFile : public RuleFeed {
public:
    static std::unique_ptr<RuleFile> open(RuleFormat format, OctetSource source,
                                          RuleFileOptions options);

    /// The rules in their order, but for those that have run out already. Errors: the source's;
    /// bad_input at the end of a file with a bad line.
    Result<std::optional<FedRule>> next() override;

    std::uint64_t bad_lines() const { return bad_lines_; }
    /// How many rules were left out because they have run out.
    std::uint64_t run_out() const { return run_out_; }
    /// What the user must know of how the file was read, as sentences; asked at its end.
    virtual std::vector<std::string> notes() const;

protected:
    /// What a line, or several that belong together, say of one rule, as written.
    struct Entry {
        std::uint64_t line = 0;
        std::string fault;      ///< why it is no rule; empty when it may be one
        bool hopeless = false;  ///< behind this fault nothing can be read, whatever is skipped
        std::string_view pattern;
        std::optional<std::string_view> type, direction, action, expires, description;

        void clear();
    };

    explicit RuleFile(RuleFileOptions options) : options_(std::move(options)) {}
    const RuleDefaults& defaults() const { return options_.defaults; }
    /// Fills an empty entry, whose views are valid until the next call. False at the end of the
    /// file.
    virtual Result<bool> read(Entry& entry) = 0;

private:
    Result<NewRule> rule_of(const Entry& entry) const;

    RuleFileOptions options_;
    Entry entry_;
    std::uint64_t bad_lines_ = 0;
    std::uint64_t run_out_ = 0;
};

/// Why no format can take a line; empty when it is sound.
std::string fault_of(const LineReader::Line& line);

}  // namespace smtpblock
