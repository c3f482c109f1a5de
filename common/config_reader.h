// One table of a TOML file, read key by key. The first thing that is wrong is kept, with file,
// line, column and key, and what is read after it does nothing; keys that nobody asked for are
// found by finish(). The only header that shows toml++, included by the files that read the
// configuration.
#pragma once

// clang-format off: their order counts
#include <cstdint>
#define TOML_EXCEPTIONS 0
// What it asserts of a key (`[:`) it checks again behind it: that may not end the program.
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/impl/forward_declarations.h>
// What it calls unreachable in its tables of characters is reached, by those from U+00A1 to U+0499
// outside of quotes: they are not in the table.
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE return false
#include <toml++/impl/unicode.h>
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE __builtin_unreachable()
#include <toml++/toml.h>
// clang-format on

#include <chrono>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"

namespace smtpblock {

class ConfigReader {
public:
    /// `prefix` stands before the keys in messages: empty, or `listener.`.
    ConfigReader(const toml::table& table, std::string file, std::string prefix);

    /// Each leaves `into` alone when the key is absent.
    void read(std::string_view key, std::string& into);
    void read(std::string_view key, std::size_t& into, std::size_t least, std::size_t most);
    void read(std::string_view key, std::chrono::seconds& into, std::chrono::seconds least);

    /// A word, or one of the booleans written as `true` and `false`. `later` are those of the
    /// contract that this version cannot do.
    template <class T>
    void choose(std::string_view key, T& into,
                std::initializer_list<std::pair<std::string_view, T>> supported,
                std::initializer_list<std::string_view> later = {}) {
        const auto written = word(key);
        if (!written) return;
        std::vector<std::string_view> words;
        for (const auto& [candidate, value] : supported) {
            if (candidate == *written) {
                into = value;
                return;
            }
            words.push_back(candidate);
        }
        refuse_word(key, *written, words, later);
    }

    /// The strings of an array (a bare string counts as an array of one); `visit` says what is
    /// wrong with one. False when the key is absent or something was wrong.
    bool each(std::string_view key, const std::function<Result<void>(std::string_view)>& visit);

    /// The table at `key`, or null.
    const toml::table* table(std::string_view key);
    /// The tables of an array, which is to be written as `shape` says: `[[key]]` by default.
    std::vector<const toml::table*> tables(std::string_view key, std::string_view shape = {});

    bool has(std::string_view key) const { return table_.contains(key); }
    /// Keeps an error at `key`, or at the table itself when it has no such key.
    void refuse(std::string_view key, std::string_view why);
    void refuse_at(const toml::source_region& place, std::string_view key, std::string_view why);
    /// A key of the contract that this version does not know what to do with.
    void not_yet(std::string_view key, std::string_view instead);

    /// After the last key: refuses keys that nobody asked for. What went wrong, if anything.
    std::optional<Error> finish();

private:
    const toml::node* take(std::string_view key);
    std::optional<std::string> word(std::string_view key);
    void refuse_word(std::string_view key, std::string_view written,
                     const std::vector<std::string_view>& supported,
                     std::initializer_list<std::string_view> later);

    const toml::table& table_;
    std::string file_;
    std::string prefix_;
    std::vector<std::string_view> asked_;
    std::optional<Error> error_;
};

}  // namespace smtpblock
