#include "daemon/policy/helo_name.h"

#include <algorithm>
#include <string>

namespace smtpblock::policy {
namespace {

constexpr auto npos = std::string_view::npos;
constexpr char shown = '?';

/// What may be shown so, less the blank, which ends a name.
constexpr std::string_view meanings = "?<>()\\\";@";
constexpr std::ptrdiff_t most_unknown = 2;

/// No rule is for a longer name.
constexpr std::size_t longest = 512;

/// The blank that ends a name is neither its first character nor the last of the line.
std::size_t find_blank(std::string_view told, std::size_t from) {
    const auto at = told.find(shown, from);
    return at == npos || at + 1 == told.size() ? npos : at;
}

/// `text` with all meanings of what is unknown in it from `at` on.
void add_originals(std::string text, std::size_t at, std::vector<std::string>& originals) {
    at = text.find(shown, at);
    if (at == npos) return originals.push_back(std::move(text));
    for (const char meaning : meanings) {
        text[at] = meaning;
        add_originals(text, at + 1, originals);
    }
}

/// Of the name as a whole, and of what stands before each blank.
std::vector<std::string> originals_of(std::string_view told) {
    std::vector<std::string> originals;
    for (std::size_t end = 0; end != npos;) {
        end = find_blank(told, end + 1);
        const std::string name = EhloName::text_form(told.substr(0, end));
        const auto unknown = std::count(name.begin(), name.end(), shown);
        if (unknown > most_unknown || name.size() > longest) break;
        if (unknown > 0) add_originals(name, 0, originals);
    }
    return originals;
}

}  // namespace

std::vector<EhloName> names_of_helo(std::string_view helo_name) {
    const std::string_view told = helo_name.substr(0, helo_name.find_first_of(" \t"));
    std::vector<EhloName> names;
    const auto unknown = told.find(shown);
    if (unknown != npos && unknown > 0 && find_blank(told, unknown) != npos)
        names.push_back(EhloName::parse(told.substr(0, unknown)));
    names.push_back(EhloName::parse(told));
    if (unknown != npos) {
        names.back().originals = originals_of(told);
        std::erase(names.back().originals, names.back().text);
    }
    return names;
}

}  // namespace smtpblock::policy
