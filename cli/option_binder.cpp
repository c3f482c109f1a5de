#include "cli/option_binder.h"

#include <CLI/CLI.hpp>

namespace smtpblock {

void OptionBinder::flag(const char* name, const char* help, bool& into) {
    app_.add_flag(name, into, help)->group(heading_);
}

void OptionBinder::text(const char* name, const char* value_name, const char* help,
                        std::optional<std::string>& into) {
    one(name, value_name, help, [&into](const std::string& word) { into = word; });
}

void OptionBinder::texts(const char* name, const char* value_name, const char* help,
                         std::vector<std::string>& into) {
    const auto take = [&words = words_, &into](const std::vector<std::string>& tokens) {
        for (const std::string& token : tokens) into.push_back(words.of(token));
    };
    app_.add_option_function<std::vector<std::string>>(name, take, help)
        ->type_name(value_name)
        ->group(heading_);
}

void OptionBinder::only_one_of(std::initializer_list<const char*> names) {
    for (const char* one : names)
        for (const char* other : names)
            if (one != other) app_.get_option(one)->excludes(app_.get_option(other));
}

void OptionBinder::one(const char* name, const char* value_name, const char* help,
                       std::function<void(const std::string&)> take) {
    const auto take_token = [&words = words_, take = std::move(take)](const std::string& token) {
        take(words.of(token));
    };
    app_.add_option_function<std::string>(name, take_token, help)
        ->type_name(value_name)
        ->take_last()
        ->group(heading_);
}

}  // namespace smtpblock
