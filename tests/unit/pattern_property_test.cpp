// Patterns over writings that nobody chose: generated from fragments that mean something, put
// together in any order. rapidcheck prints how to see a failure again (RC_PARAMS).
#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

#include "common/address.h"
#include "common/ehlo_name.h"
#include "common/glob.h"
#include "common/pattern.h"
#include "common/text.h"

namespace smtpblock {
namespace {

using Words = std::vector<std::string>;

rc::Gen<std::string> joined(rc::Gen<Words> words) {
    return rc::gen::map(std::move(words), [](const Words& parts) {
        std::string out;
        for (const auto& part : parts) out += part;
        return out;
    });
}

rc::Gen<std::string> words(const Words& fragments) {
    return joined(rc::gen::container<Words>(rc::gen::elementOf(fragments)));
}

/// At most `most` fragments, at least one.
rc::Gen<std::string> few(const Words& fragments, int most) {
    return rc::gen::mapcat(rc::gen::inRange(1, most + 1), [fragments](int number) {
        return joined(rc::gen::container<Words>(static_cast<std::size_t>(number),
                                                rc::gen::elementOf(fragments)));
    });
}

const Words letters{"a",      "B",      "0",      "-",      "_",          "\u00fc", "\u00dc",
                    "\u00df", "\u03c2", "\u2183", "\uff41", "\U0001f600", "xn--",   "u\u0308"};
const Words odd{".", "..", "@",      "\"",     "\\",     "*",      "?",    "\\*",    "\\?",
                ",", "+",  " ",      "(",      "<",      ">",      "/",    "\u3002", "\u0301",
                "[", "]",  "\u200b", "\u00a0", "\u037e", "\uff0a", "IPv6:"};
const Words whole{"example.com",
                  "b\u00fccher.example",
                  "xn--bcher-kva",
                  "192.0.2.7",
                  "192.0.2.007",
                  "[192.0.2.7]",
                  "[IPv6:2001:DB8::1]",
                  "::ffff:192.0.2.7",
                  "/24",
                  "*.",
                  "*@",
                  "@*",
                  "\"a b\"@",
                  "user@",
                  "<>",
                  "\"\""};

rc::Gen<std::string> anything() {
    Words all = letters;
    all.insert(all.end(), odd.begin(), odd.end());
    all.insert(all.end(), whole.begin(), whole.end());
    return words(all);
}

rc::Gen<std::string> labels(const Words& also) {
    Words all = letters;
    all.insert(all.end(), also.begin(), also.end());
    return joined(
        rc::gen::map(rc::gen::nonEmpty(rc::gen::container<Words>(few(all, 4))), [](Words parts) {
            for (std::size_t i = 1; i < parts.size(); ++i) parts[i].insert(0, ".");
            return parts;
        }));
}

rc::Gen<std::string> local_parts(const Words& also) {
    Words all = letters;
    all.insert(all.end(), also.begin(), also.end());
    return few(all, 6);
}

rc::Gen<std::string> email_writings() {
    const Words wild{"*", "?", "\\*", "\\?", "\\", "+"};
    const auto quoted_local =
        rc::gen::map(few({"a", "B", " ", "@", "*", "\\\\", "\\\"", "\u00dc"}, 6),
                     [](const std::string& text) { return '"' + text + '"'; });
    const auto local = rc::gen::oneOf(local_parts({"+", "."}), local_parts(wild), quoted_local);
    const auto domain =
        rc::gen::oneOf(labels({}), labels({"*", "?"}),
                       rc::gen::element<std::string>("", "*", "[192.0.2.7]", "[IPv6:2001:DB8::1]"));
    const auto address = rc::gen::map(rc::gen::pair(local, domain), [](const auto& parts) {
        return parts.first + "@" + parts.second;
    });
    const auto below =
        rc::gen::map(labels({}), [](const std::string& text) { return "*." + text; });
    return rc::gen::oneOf(anything(), address, address, below, labels(wild));
}

rc::Gen<std::string> ehlo_writings() {
    const Words wild{"*", "?", "\\*", "\\?", "\\", "(", "!"};
    const auto below =
        rc::gen::map(labels({"\\*"}), [](const std::string& text) { return "*." + text; });
    const auto prefix = rc::gen::map(
        rc::gen::tuple(rc::gen::inRange(0, 256), rc::gen::inRange(0, 34),
                       rc::gen::element<std::string>("", "::ffff:", "[", "[IPv6:2001:db8::")),
        [](const auto& parts) {
            const auto& [number, length, before] = parts;
            const bool bracket = before.starts_with('[');
            const bool v6 = before.ends_with("db8::");
            return before + (v6 ? "" : "10." + std::to_string(number) + ".0.0") +
                   (bracket ? "]/" : "/") +
                   std::to_string(length + (before.starts_with(':') || v6 ? 95 : 0));
        });
    return rc::gen::oneOf(anything(), labels({}), labels(wild), below, prefix);
}

void holds(RuleType type, const std::string& written) {
    const auto pattern = Pattern::parse(type, written);
    if (!pattern) {
        RC_ASSERT(pattern.error().code == ErrorCode::bad_input);
        RC_ASSERT(pattern.error().message.find("write ") != std::string::npos);
        return;
    }
    RC_ASSERT(pattern->type() == type);
    const auto again = Pattern::parse(type, pattern->text());
    RC_LOG() << pattern->text() << (again ? "" : ": " + again.error().message) << '\n';
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == *pattern);
    RC_ASSERT(again->text() == pattern->text());
    const auto for_people = Pattern::parse(type, pattern->text_for_people());
    RC_LOG() << pattern->text_for_people() << '\n';
    RC_ASSERT(for_people.has_value());
    RC_ASSERT(*for_people == *pattern);
    RC_ASSERT(Pattern::from_subject(pattern->kind(), pattern->subject()) == *pattern);
    const RuleKey key = pattern->key();
    if (!key.cut()) RC_ASSERT(Pattern::from_key(key.view()) == *pattern);
}

/// A pattern for this very value, made from it as a store would; nothing when its text holds what
/// no pattern may.
std::optional<Pattern> exact(PatternKind kind, const std::string& subject) {
    if (!is_utf8(subject) || !hidden_character(subject).empty()) return std::nullopt;
    return Pattern::from_subject(kind, subject);
}

}  // namespace

TEST_CASE("the canonical form of what was written is its own, and comes back from its key") {
    rc::prop("email patterns", [] { holds(RuleType::email, *email_writings()); });
    rc::prop("ehlo patterns", [] { holds(RuleType::ehlo, *ehlo_writings()); });
}

TEST_CASE("whatever address the wire takes, a pattern can name") {
    rc::prop("Address::parse() and Pattern::parse() agree", [] {
        const auto address = Address::parse(*email_writings());
        if (!address || address->local.empty() || address->local.size() > 64) return;
        const auto pattern = exact(PatternKind::address, address->local + "@" + address->domain);
        if (!pattern) return;
        const auto parsed = Pattern::parse(RuleType::email, pattern->text());
        RC_LOG() << pattern->text() << (parsed ? "" : ": " + parsed.error().message) << '\n';
        RC_ASSERT(parsed.has_value());
        RC_ASSERT(*parsed == *pattern);
    });
}

TEST_CASE("whatever a client greets with, a pattern can name") {
    rc::prop("EhloName::parse() and Pattern::parse() agree", [] {
        const auto name = EhloName::parse(*ehlo_writings());
        if (name.text.empty() || name.text.size() > 512) return;
        if (name.text.find_first_of(" /") != std::string::npos) return;
        const auto pattern =
            name.address ? Pattern::from_subject(PatternKind::literal, name.address->octets())
                         : exact(PatternKind::name, name.text);
        if (!name.address && !pattern) return;
        RC_ASSERT(pattern.has_value());
        const auto parsed = Pattern::parse(RuleType::ehlo, pattern->text());
        RC_LOG() << pattern->text() << (parsed ? "" : ": " + parsed.error().message) << '\n';
        RC_ASSERT(parsed.has_value());
        RC_ASSERT(*parsed == *pattern);
    });
}

TEST_CASE("a name with some of its characters as wildcards is a glob that matches it") {
    rc::prop("of ASCII", [] {
        const auto name = *few({"a", "B", "-", ".x", "(", "\\", "*", "!"}, 8);
        const auto canonical = EhloName::parse(name).text;
        RC_PRE(canonical.find_first_not_of('.') != std::string::npos);
        const std::string written = *rc::gen::map(
            rc::gen::container<std::string>(name.size(), rc::gen::element('*', '?', '=')),
            [name](const std::string& marks) {
                std::string out;
                for (std::size_t i = 0; i < name.size(); ++i) {
                    const bool trap = !out.empty() && out.back() == '\\';  // would be an escape
                    if (marks[i] != '=' && !trap && name[i] != '.')
                        out += marks[i];
                    else
                        out += glob_escaped(name.substr(i, 1));
                }
                return out;
            });
        const auto pattern = Pattern::parse(RuleType::ehlo, written);
        if (!pattern || pattern->kind() != PatternKind::ehlo_glob) return;
        RC_LOG() << pattern->text() << '\n';
        RC_ASSERT(glob_matches(pattern->subject(), canonical));
    });
}

}  // namespace smtpblock
