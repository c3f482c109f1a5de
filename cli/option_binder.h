// Binds the options of one command to its arguments, each with the function that turns the user's
// word into what it means. A thin front before CLI11, whose header takes seconds to compile.
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/guard.h"
#include "common/result.h"
#include "common/rule.h"

namespace CLI {
class App;
}

namespace smtpblock {

class OptionBinder {
public:
    /// All of it, and what options are bound to, must outlive the parsing; the binder need not.
    /// `failure` takes the first word that makes no sense.
    OptionBinder(CLI::App& app, Time now, const Words& words, std::optional<Failure>& failure)
        : app_(app), now_(now), words_(words), failure_(failure) {}

    /// What durations count from.
    Time now() const { return now_; }

    /// `--json`: it is there, or not.
    void flag(const char* name, const char* help, bool& into);

    /// `--store DIR`, or without dashes an operand. The last one counts.
    void text(const char* name, const char* value_name, const char* help,
              std::optional<std::string>& into);

    /// The same, as often as one likes.
    void texts(const char* name, const char* value_name, const char* help,
               std::vector<std::string>& into);

    /// An option whose word `read` turns into its value.
    template <class T, class Read>
    void value(const char* name, const char* value_name, const char* help, std::optional<T>& into,
               Read read) {
        one(name, value_name, help, [&failure = failure_, &into, read](const std::string& word) {
            Result<T> meant = read(word);
            if (meant)
                into = *meant;
            else if (!failure)
                failure = std::move(meant).failure();
        });
    }

    /// Refuses two of these options together.
    void only_one_of(std::initializer_list<const char*> names);

    /// The heading in --help of the options that are bound from now on.
    void under(const char* heading) { heading_ = heading; }

private:
    void one(const char* name, const char* value_name, const char* help,
             std::function<void(const std::string&)> take);

    CLI::App& app_;
    Time now_;
    const Words& words_;
    std::optional<Failure>& failure_;
    const char* heading_ = "Options";
};

}  // namespace smtpblock
