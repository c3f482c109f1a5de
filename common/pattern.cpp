#include "common/pattern.h"

#include <algorithm>

#include "common/address.h"
#include "common/domain_name.h"
#include "common/ehlo_name.h"
#include "common/ip_address.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr std::size_t local_part_octets = 64;  // RFC 5321 4.5.3.1.1
constexpr std::size_t ehlo_pattern_octets = 512;

constexpr std::string_view below = "*.";

bool is_white_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string_view without_white_space_around(std::string_view text) {
    while (!text.empty() && is_white_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_white_space(text.back())) text.remove_suffix(1);
    return text;
}

bool has_wildcard(std::string_view text) {
    return text.find_first_of("*?") != std::string_view::npos;
}

Failure no_glob(std::string_view written) {
    return fail(ErrorCode::bad_input,
                "{}: * stands only alone before a dot; write *.example.com for all below it",
                quoted(written));
}

/// A comma needs quotes in an address, but an account may have one in its name (`a,b@example.com`),
/// and whoever blocks it types what the log shows. This is how the local part stands without.
std::string without_commas(std::string_view local) {
    std::string out(local);
    std::replace(out.begin(), out.end(), ',', '-');
    return out;
}

/// Quoted also where it would else read as a glob.
std::string local_part_text(const std::string& local) {
    const std::string plain = without_commas(local);
    if (quoted_local_part(plain) == plain && !has_wildcard(local)) return local;
    return has_wildcard(local) && !quoted_local_part(local).starts_with('"')
               ? '"' + local + '"'
               : quoted_local_part(local);
}

/// Where the `@` before the domain stands: the last one outside a quoted local part.
std::size_t at_sign(std::string_view written) {
    return written.rfind('@');
}

Result<std::string> pattern_local_part(std::string_view whole, std::string_view written) {
    const auto bad = ErrorCode::bad_input;
    const bool is_quoted = written.starts_with('"');
    if (!is_quoted && std::any_of(written.begin(), written.end(), is_white_space))
        return fail(bad, "{}: white space in an unquoted local part; write {}", quoted(whole),
                    quoted(quoted_local_part(written) + std::string(whole.substr(written.size()))));
    const auto domain = whole.substr(written.size() + 1);
    if (written == "*" && !domain.empty() && Pattern::parse(RuleType::email, domain))
        return fail(bad, "{}: a domain stands for every address at it; write {}", quoted(whole),
                    quoted(domain));
    if (!is_quoted && has_wildcard(written)) return no_glob(whole);
    auto local = canonical_local_part(written);
    if (!local && !is_quoted && canonical_local_part(without_commas(written)))
        local = lower(written);
    if (!local || local->empty())
        return fail(bad,
                    "{}: {} is no local part; write user@example.com, or \"odd user\"@example.com",
                    quoted(whole), quoted(written));
    if (!is_quoted && (written.starts_with('.') || written.ends_with('.') ||
                       written.find("..") != std::string_view::npos))
        return fail(bad, "{}: a dot begins, ends or is doubled in the local part; write {}",
                    quoted(whole),
                    quoted(quoted_local_part(*local) + std::string(whole.substr(written.size()))));
    if (local->size() > local_part_octets)
        return fail(bad, "{}: the local part has {} octets; no address has more than {}",
                    quoted(whole), local->size(), local_part_octets);
    return std::move(*local);
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
    if (!is_utf8(written))
        return fail(ErrorCode::bad_input, "{}: not valid UTF-8; write it in UTF-8",
                    quoted(written));
    if (std::any_of(written.begin(), written.end(), is_control))
        return fail(ErrorCode::bad_input, "{}: control characters match nothing; remove them",
                    quoted(written));
    if (const auto trimmed = without_white_space_around(written); trimmed != written) {
        const auto meant = !trimmed.empty() ? trimmed : type == RuleType::email ? "<>" : "\"\"";
        return fail(ErrorCode::bad_input, "{}: white space around it; write {}", quoted(written),
                    quoted(meant));
    }
    return type == RuleType::email ? parse_email(written) : parse_ehlo(written);
}

Result<Pattern> Pattern::parse_email(std::string_view written) {
    const auto bad = ErrorCode::bad_input;
    if (written == "<>") return Pattern(PatternKind::null_sender, "");
    if (written.empty())
        return fail(bad, "'': an empty email pattern; write <> for the null sender");
    if (written.starts_with('<') && written.ends_with('>'))
        return fail(bad, "{}: no angle brackets; write {}", quoted(written),
                    quoted(written.substr(1, written.size() - 2)));

    const auto at = at_sign(written);
    if (at == std::string_view::npos || at == 0) {
        const auto domain_part = at == 0 ? written.substr(1) : written;
        const bool is_below = at != 0 && domain_part.starts_with(below);
        const auto name = is_below ? domain_part.substr(below.size()) : domain_part;
        if (std::any_of(name.begin(), name.end(), is_white_space))
            return fail(bad, "{}: white space in the domain; remove it", quoted(written));
        if (has_wildcard(name)) return no_glob(written);
        auto domain = pattern_domain(written, name);
        if (!domain) return std::move(domain).failure();
        if (is_below && domain->starts_with('['))
            return fail(bad, "{}: nothing is below an address literal; write {}", quoted(written),
                        quoted(*domain));
        return Pattern(is_below ? PatternKind::below_domain : PatternKind::domain,
                       std::move(*domain));
    }

    auto local = pattern_local_part(written, written.substr(0, at));
    if (!local) return std::move(local).failure();
    if (at + 1 == written.size()) return Pattern(PatternKind::local_part, std::move(*local));
    if (has_wildcard(written.substr(at + 1))) return no_glob(written);
    auto domain = pattern_domain(written, written.substr(at + 1));
    if (!domain) return std::move(domain).failure();
    return Pattern(PatternKind::address, *local + "@" + *domain);
}

Result<Pattern> Pattern::parse_ehlo(std::string_view written) {
    const auto bad = ErrorCode::bad_input;
    if (written.empty() || written == "\"\"") return Pattern(PatternKind::no_name, "");
    if (std::any_of(written.begin(), written.end(), is_white_space))
        return fail(bad, "{}: an EHLO name ends at the first white space; write {}",
                    quoted(written), quoted(written.substr(0, written.find_first_of(" \t"))));
    if (written.size() > ehlo_pattern_octets)
        return fail(bad, "{}...: {} octets; an ehlo pattern has at most {}",
                    quoted(written.substr(0, 32)), written.size(), ehlo_pattern_octets);
    if (const auto slash = written.find('/');
        slash != std::string_view::npos && IpAddress::parse(written.substr(0, slash)))
        return fail(bad, "{}: a range of addresses is no EHLO name; write one address, {}",
                    quoted(written), quoted(written.substr(0, slash)));

    const bool is_below = written.starts_with(below) && written.size() > below.size();
    if (has_wildcard(is_below ? written.substr(below.size()) : written)) return no_glob(written);
    if (is_below)
        return Pattern(PatternKind::below_name, EhloName::text_form(written.substr(below.size())));
    const EhloName name = EhloName::parse(written);
    if (name.address) return Pattern(PatternKind::literal, std::string(name.address->octets()));
    return Pattern(PatternKind::name, name.text);
}

std::optional<Pattern> Pattern::from_key(std::string_view key) {
    if (key.empty() || key.size() >= key_octets) return std::nullopt;
    return from_subject(static_cast<PatternKind>(key.front()), key.substr(1));
}

std::optional<Pattern> Pattern::from_subject(PatternKind kind, std::string_view subject) {
    switch (kind) {
        case PatternKind::address:
            if (subject.find('@') == std::string_view::npos) return std::nullopt;
            break;
        case PatternKind::domain:
        case PatternKind::below_domain:
        case PatternKind::local_part:
        case PatternKind::name:
        case PatternKind::below_name:
        case PatternKind::email_glob:
        case PatternKind::ehlo_glob:
            if (subject.empty()) return std::nullopt;
            break;
        case PatternKind::literal:
            if (!IpAddress::from_octets(subject)) return std::nullopt;
            break;
        case PatternKind::prefix: {
            if (subject.size() != 5 && subject.size() != 17) return std::nullopt;
            const unsigned length = static_cast<std::uint8_t>(subject.back());
            if (length > (subject.size() - 1) * 8) return std::nullopt;
            break;
        }
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
        case PatternKind::below_name:
            return std::string(below) + subject_;
        case PatternKind::domain:
        case PatternKind::name:
        case PatternKind::email_glob:
        case PatternKind::ehlo_glob:
            return subject_;
        case PatternKind::prefix:
            return fmt::format(
                "{}/{}", IpAddress::from_octets(subject_.substr(0, subject_.size() - 1))->text(),
                static_cast<unsigned>(static_cast<std::uint8_t>(subject_.back())));
    }
    return subject_;
}

std::string Pattern::note() const {
    const bool is_name = kind_ == PatternKind::name || kind_ == PatternKind::below_name;
    if (is_name && !is_host_name(subject_))
        return "it is no host name; only this very text matches";
    return {};
}

}  // namespace smtpblock
