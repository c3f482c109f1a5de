// A pattern and the values that are compared with it. The first octet says of which type it is;
// then come lines: the pattern as written, and each value.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "common/glob.h"
#include "common/text.h"
#include "fuzz/require.h"
#include "unit/memory_rules.h"
#include "unit/slow_decision.h"

namespace smtpblock::fuzz {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

/// The slow reading takes time without bound for many stars, and knows ASCII only.
bool is_easy(std::string_view glob, std::string_view value) {
    return is_ascii(glob) && is_ascii(value) && glob.size() + value.size() < 64 &&
           std::count(glob.begin(), glob.end(), '*') < 4;
}

bool matches_glob(std::string_view glob, std::string_view value) {
    const bool matches = glob_matches(glob, value);
    if (is_easy(glob, value))
        require(test::slow_glob(glob, value) == matches, "a glob matches what it means");
    return matches;
}

bool has_prefix(std::string_view octets, std::string_view prefix) {
    const auto length = static_cast<unsigned char>(prefix.back());
    prefix.remove_suffix(1);
    if (octets.size() != prefix.size()) return false;
    for (unsigned bit = 0; bit < length; ++bit) {
        const auto differ = static_cast<unsigned char>(octets[bit / 8] ^ prefix[bit / 8]);
        if ((differ >> (7 - bit % 8) & 1U) != 0) return false;
    }
    return true;
}

/// What man/smtpblock-patterns.7 says, without a key.
bool matches(const Pattern& pattern, const Address& address) {
    const std::string subject(pattern.subject());
    const std::string& domain = address.domain;
    switch (pattern.kind()) {
        case PatternKind::address:
            return !domain.empty() && subject == address.local + "@" + domain;
        case PatternKind::domain:
            return subject == domain;
        case PatternKind::below_domain:
            return domain.ends_with("." + subject);
        case PatternKind::local_part:
            return subject == address.local;
        case PatternKind::email_glob:
            return matches_glob(subject, address.local + (domain.empty() ? "" : "@" + domain));
        case PatternKind::null_sender:
        case PatternKind::name:
        case PatternKind::below_name:
        case PatternKind::literal:
        case PatternKind::no_name:
        case PatternKind::ehlo_glob:
        case PatternKind::prefix:
            return false;
    }
    return false;
}

bool matches(const Pattern& pattern, const EhloName& name) {
    const std::string subject(pattern.subject());
    switch (pattern.kind()) {
        case PatternKind::name:
            return !name.address && !name.text.empty() && subject == name.text;
        case PatternKind::below_name:
            return !name.address && name.text.ends_with("." + subject);
        case PatternKind::literal:
            return name.address && name.address->octets() == subject;
        case PatternKind::no_name:
            return name.text.empty();
        case PatternKind::ehlo_glob:
            if (!name.address) return matches_glob(subject, name.text);
            return matches_glob(subject, lower(name.address->literal())) ||
                   matches_glob(subject, name.address->text());
        case PatternKind::prefix:
            return name.address && has_prefix(name.address->octets(), subject);
        case PatternKind::address:
        case PatternKind::domain:
        case PatternKind::below_domain:
        case PatternKind::local_part:
        case PatternKind::null_sender:
        case PatternKind::email_glob:
            return false;
    }
    return false;
}

void check_value(const Pattern& pattern, const MemoryRules& rules, std::string_view value) {
    const Address address = Address::of_identity(value, "");
    const EhloName name = EhloName::parse(value);
    Query query;
    query.recipient_delimiter = "";
    bool expected = false;
    if (pattern.type() == RuleType::email) {
        query.users = {&address, 1};
        expected = matches(pattern, address);
    } else {
        query.ehlo_names = {&name, 1};
        expected = matches(pattern, name);
    }
    const Verdict verdict = decide(query, rules).verdict;
    require(verdict == (expected ? Verdict::reject : Verdict::pass),
            "a pattern decides what it matches, and nothing else");
}

/// A value that a pattern without wildcards must match: itself.
void check_own_value(const Pattern& pattern, const MemoryRules& rules) {
    Query query;
    query.recipient_delimiter = "";
    Address address;
    EhloName name;
    const std::string text = pattern.text();
    if (pattern.kind() == PatternKind::null_sender) {
        query.null_sender = true;
    } else if (pattern.kind() == PatternKind::address) {
        const auto at = pattern.subject().rfind('@');
        address.local = pattern.subject().substr(0, at);
        address.domain = pattern.subject().substr(at + 1);
        query.sender = &address;
    } else if (pattern.kind() == PatternKind::name || pattern.kind() == PatternKind::literal ||
               pattern.kind() == PatternKind::no_name) {
        // A name that holds a wildcard is written with an escape, and greeted with without it.
        name = EhloName::parse(pattern.kind() == PatternKind::name ? pattern.subject() : text);
        query.ehlo_names = {&name, 1};
    } else {
        return;
    }
    require(decide(query, rules).verdict == Verdict::reject, "a pattern matches itself");
}

void try_one(RuleType type, const std::vector<std::string_view>& lines) {
    const auto pattern = Pattern::parse(type, lines.front());
    if (!pattern) {
        require(pattern.error().code == ErrorCode::bad_input, "a pattern is good or bad");
        const std::string_view message = pattern.error().message;
        require(std::none_of(message.begin(), message.end(), is_control), "an error is one line");
        require(message.find("write ") != message.npos, "that says what to write");
        return;
    }
    const std::string text = pattern->text();
    const auto again = Pattern::parse(type, text);
    require(again && *again == *pattern && again->text() == text,
            "the canonical form is its own, and the same pattern");
    require(Pattern::from_subject(pattern->kind(), pattern->subject()) == *pattern,
            "it comes back from its subject");
    const auto shown = Pattern::parse(type, pattern->text_for_people());
    require(shown && *shown == *pattern, "and from what people read");

    MemoryRules rules;
    rules.add(std::string(word(type)) + " " + text + " reject both");
    check_own_value(*pattern, rules);
    for (const std::string_view value : lines) check_value(*pattern, rules, value);
}

}  // namespace
}  // namespace smtpblock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace smtpblock;
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    fuzz::try_one(data[0] % 2 == 0 ? RuleType::email : RuleType::ehlo, fuzz::lines_of(text));
    return 0;
}
