// What a command talks to: standard input, output and error, and what is known of them. Output goes
// out in large pieces, the last one with finish(), which says whether all of it arrived; errors and
// notes go out at once. Streams of strings serve as well: that is how commands are tested.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/arguments.h"
#include "cli/pager.h"
#include "cli/progress.h"
#include "common/result.h"

namespace smtpblock {

enum class Style : std::uint8_t { plain, heading, bad, warning, good, faint };

class Terminal {
public:
    /// Writes all of a text and returns 0, or the errno that stopped it.
    using Write = std::function<int(std::string_view)>;

    struct Traits {
        bool can_ask = false;     ///< standard input is a terminal
        bool for_people = false;  ///< standard output is a terminal
        bool may_color = false;   ///< it understands colours, and NO_COLOR is not set
        std::size_t columns = 0;  ///< its width; 0: unknown
        /// The width of the terminal that standard error is; 0: it is none, or knows no escapes.
        std::size_t error_columns = 0;
        /// The command that shows long output a screen at a time; none: it goes by.
        std::optional<std::string> pager{};
    };

    Terminal(std::istream& in, Write out, std::ostream& err, Traits traits)
        : in_(in),
          out_(std::move(out)),
          err_(err),
          traits_(traits),
          begun_(Progress::Clock::now()) {}

    /// Applies what --json, --quiet and --color say.
    void present(const GlobalOptions& options);

    bool json() const { return json_; }
    bool quiet() const { return quiet_; }
    /// True when output is to be a table or sentences instead of fields for a script.
    bool for_people() const { return traits_.for_people && !json_ && !quiet_; }
    bool can_ask() const { return traits_.can_ask; }
    std::size_t columns() const { return traits_.columns; }

    /// `text` in colour where colours are wanted.
    std::string styled(Style style, std::string_view text) const;

    /// What follows may be long: a person gets it a screen at a time.
    void page() { paged_ = traits_.for_people && traits_.pager; }

    void line(std::string_view line);
    /// Output with newlines of its own.
    void text(std::string_view text);
    /// Writes what was collected so far, for somebody who waits for the rest.
    void show() { flush(); }
    /// False once output cannot be written any more: no need to make more of it.
    bool has_reader() const { return write_error_ == 0; }
    /// `note: …` on standard error; nothing with --quiet.
    void note(std::string_view text);
    /// A line on standard error; nothing with --quiet.
    void remark(std::string_view text);
    /// `smtpblock: …` on standard error.
    void error(std::string_view text);
    /// A question on standard error and its answer. Nothing at the end of input.
    std::optional<std::string> ask(std::string_view question);
    /// The same, and what is typed stays unseen.
    std::optional<std::string> ask_hidden(std::string_view question);
    /// Shows how far the command has come; nothing with --quiet, or where nobody looks.
    Progress progress();
    /// The next line of standard input, without its end. Nothing when there is none.
    std::optional<std::string> read_line();
    /// Reads at most so many octets of standard input, and says how many; 0 at the end. Errors:
    /// failed.
    Result<std::size_t> read(char* into, std::size_t octets);
    /// After read_line() had nothing: that was the end, and no error. Errors: failed.
    Result<void> input_ended() const;

    /// Writes what is left, and waits until a person has seen it. A reader that went away is no
    /// error; of any other the message says what was `done` all the same (`added`), if anything.
    Result<void> finish(std::string_view done = {});

private:
    void flush();

    std::istream& in_;
    Write out_;
    std::ostream& err_;
    Traits traits_;
    Progress::Instant begun_;
    bool json_ = false;
    bool quiet_ = false;
    bool colored_ = false;
    bool paged_ = false;
    std::unique_ptr<Pager> pager_;
    std::string collected_;
    int write_error_ = 0;
};

}  // namespace smtpblock
