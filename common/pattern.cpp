#include "common/pattern.h"

#include <algorithm>

#include "common/domain_name.h"
#include "common/glob.h"
#include "common/idna.h"
#include "common/ip_address.h"
#include "common/plain_pattern.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr auto bad = ErrorCode::bad_input;

// What is written may be longer than what it means: by escapes, quotes and IDNA.
constexpr std::size_t written_octets = 4096;
constexpr std::size_t email_octets = 2048;  // a command line has no more (limits.command_line)
constexpr std::size_t ehlo_octets = 512;

std::string_view without_white_space_around(std::string_view text) {
    while (!text.empty() && is_white_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_white_space(text.back())) text.remove_suffix(1);
    return text;
}

Failure too_long(RuleType type, std::string_view written, std::size_t octets) {
    const bool email = type == RuleType::email;
    return fail(bad, "{}...: {} octets; an {} pattern has at most {}; write a shorter one with *",
                quoted(written.substr(0, 32)), octets, email ? "email" : "ehlo",
                email ? email_octets : ehlo_octets);
}

/// Where the `@` before the domain stands in a subject.
std::size_t at_sign(std::string_view subject) {
    return subject.rfind('@');
}

bool is_sound_prefix(std::string_view subject) {
    if (subject.size() != 5 && subject.size() != 17) return false;
    const std::size_t bits = static_cast<std::uint8_t>(subject.back());
    subject.remove_suffix(1);
    if (bits > subject.size() * 8) return false;
    for (std::size_t i = bits; i < subject.size() * 8; ++i)
        if ((static_cast<unsigned char>(subject[i / 8]) >> (7 - i % 8) & 1U) != 0) return false;
    return true;
}

}  // namespace

RuleType type_of(PatternKind kind) {
    switch (kind) {
        case PatternKind::address:
        case PatternKind::domain:
        case PatternKind::below_domain:
        case PatternKind::local_part:
        case PatternKind::null_sender:
        case PatternKind::email_glob:
            return RuleType::email;
        case PatternKind::name:
        case PatternKind::below_name:
        case PatternKind::literal:
        case PatternKind::no_name:
        case PatternKind::ehlo_glob:
        case PatternKind::prefix:
            return RuleType::ehlo;
    }
    return RuleType::ehlo;
}

std::optional<RuleType> evident_type(std::string_view written) {
    if (written == "<>" || written.find('@') != std::string_view::npos) return RuleType::email;
    return std::nullopt;
}

Result<Pattern> Pattern::parse(RuleType type, std::string_view written) {
    if (const auto kind = plain_kind(type, written)) return Pattern(*kind, lower(written));
    if (written.size() > written_octets) return too_long(type, written, written.size());
    if (!is_utf8(written))
        return fail(bad, "{}: not valid UTF-8; write it in UTF-8, or ? for such an octet",
                    quoted(written));
    if (std::any_of(written.begin(), written.end(), is_control)) {
        std::string instead(written);
        std::erase_if(instead, is_control);
        return fail(bad, "{}: control characters match nothing; write {}", quoted(written),
                    quoted(instead));
    }
    if (const auto trimmed = without_white_space_around(written); trimmed != written) {
        const auto meant = !trimmed.empty() ? trimmed : type == RuleType::email ? "<>" : "\"\"";
        return fail(bad, "{}: white space around it; write {}", quoted(written), quoted(meant));
    }
    auto pattern = type == RuleType::email ? parse_email(written) : parse_ehlo(written);
    if (!pattern || pattern->kind() == PatternKind::literal ||
        pattern->kind() == PatternKind::prefix)
        return pattern;
    const std::string_view subject = pattern->subject();
    if (const auto hidden = is_ascii(subject) ? "" : hidden_character(subject); !hidden.empty())
        return fail(bad, "{}: {} cannot be seen where the pattern is shown; write ? for it",
                    quoted(written), code_point_name(hidden));
    if (subject.size() > (type == RuleType::email ? email_octets : ehlo_octets))
        return too_long(type, written, subject.size());
    return pattern;
}

std::optional<Pattern> Pattern::from_key(std::string_view key) {
    if (key.empty() || key.size() >= key_octets) return std::nullopt;
    return from_subject(static_cast<PatternKind>(key.front()), key.substr(1));
}

std::optional<Pattern> Pattern::from_subject(PatternKind kind, std::string_view subject) {
    switch (kind) {
        case PatternKind::address:
            if (at_sign(subject) == std::string_view::npos) return std::nullopt;
            break;
        case PatternKind::domain:
        case PatternKind::below_domain:
        case PatternKind::local_part:
        case PatternKind::name:
        case PatternKind::below_name:
            if (subject.empty()) return std::nullopt;
            break;
        case PatternKind::email_glob:
        case PatternKind::ehlo_glob:
            if (!has_wildcard(subject)) return std::nullopt;
            break;
        case PatternKind::literal:
            if (!IpAddress::from_octets(subject)) return std::nullopt;
            break;
        case PatternKind::prefix:
            if (!is_sound_prefix(subject)) return std::nullopt;
            break;
        case PatternKind::null_sender:
        case PatternKind::no_name:
            if (!subject.empty()) return std::nullopt;
            break;
        default:
            return std::nullopt;
    }
    return Pattern(kind, std::string(subject));
}

std::string Pattern::text() const {
    switch (kind_) {
        case PatternKind::address: {
            const auto at = at_sign(subject_);
            return local_part_text(subject_.substr(0, at)) + subject_.substr(at);
        }
        case PatternKind::local_part:
            return local_part_text(subject_) + "@";
        case PatternKind::null_sender:
            return "<>";
        case PatternKind::no_name:
            return "\"\"";
        case PatternKind::literal:
            return IpAddress::from_octets(subject_)->literal();
        case PatternKind::below_domain:
            return std::string(below) + subject_;
        case PatternKind::domain:
        case PatternKind::ehlo_glob:
            return subject_;
        case PatternKind::name:
            return glob_escaped(subject_);
        case PatternKind::below_name:
            return std::string(below) + glob_escaped(subject_);
        case PatternKind::email_glob: {
            const auto at = at_sign(subject_);
            const std::string local = subject_.substr(0, at);
            if (at == std::string::npos || has_wildcard(local)) return subject_;
            return local_part_text(glob_unescaped(local)) + subject_.substr(at);
        }
        case PatternKind::prefix:
            return fmt::format(
                "{}/{}", IpAddress::from_octets(subject_.substr(0, subject_.size() - 1))->text(),
                static_cast<unsigned>(static_cast<std::uint8_t>(subject_.back())));
    }
    return subject_;
}

std::string Pattern::text_for_people() const {
    const std::string canonical = text();
    if (type() == RuleType::ehlo) return u_label_text(canonical);
    const auto at = canonical.rfind('@');
    if (at != std::string::npos)
        return canonical.substr(0, at + 1) + u_label_text(canonical.substr(at + 1));
    return kind_ == PatternKind::email_glob ? canonical : u_label_text(canonical);
}

std::string Pattern::note() const {
    const auto domain = std::string_view(subject_).substr(
        kind_ == PatternKind::address ? at_sign(subject_) + 1 : 0);
    switch (kind_) {
        case PatternKind::name:
        case PatternKind::below_name:
            if (is_host_name(subject_)) return {};
            return "it is no host name; only this very text matches";
        case PatternKind::address:
        case PatternKind::domain:
        case PatternKind::below_domain:
            if (domain.starts_with('[') || is_dns_name(domain)) return {};
            return "no domain in the DNS has such a name; only this very text matches";
        case PatternKind::prefix:
            return "it matches address literals in the EHLO name, not the client's own address";
        case PatternKind::email_glob:
            if (subject_.find('@') == std::string::npos && !subject_.starts_with('*'))
                return "it is compared with the whole address, which begins with the local part; " +
                       quoted("*@" + subject_) + " is for domains";
            if (subject_.starts_with("*@") && !has_wildcard(subject_.substr(2)))
                return quoted(subject_.substr(2)) + " matches the same, and goes before any glob";
            return {};
        case PatternKind::local_part:
        case PatternKind::null_sender:
        case PatternKind::literal:
        case PatternKind::no_name:
        case PatternKind::ehlo_glob:
            return {};
    }
    return {};
}

bool Pattern::matches_everything() const {
    if (kind_ != PatternKind::email_glob && kind_ != PatternKind::ehlo_glob) return false;
    const auto takes_all = [](std::string_view glob) {
        return glob.find('*') != std::string_view::npos &&
               glob.find_first_not_of("*?") == std::string_view::npos;
    };
    const std::string_view glob = subject_;
    const auto at = kind_ == PatternKind::email_glob ? at_sign(glob) : std::string_view::npos;
    if (at == std::string_view::npos) return takes_all(glob);
    return takes_all(glob.substr(0, at)) && takes_all(glob.substr(at + 1));
}

}  // namespace smtpblock
