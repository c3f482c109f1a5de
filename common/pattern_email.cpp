#include <algorithm>

#include "common/address.h"
#include "common/glob.h"
#include "common/idna.h"
#include "common/ip_address.h"
#include "common/pattern.h"
#include "common/pattern_domain.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr auto bad = ErrorCode::bad_input;

bool is_quoted(std::string_view local) {
    return local.starts_with('"');
}

/// A comma needs quotes in an address, but an account may have one in its name (`a,b@example.com`),
/// and whoever blocks it types what the log shows. This is how the local part stands without.
std::string without_commas(std::string_view local) {
    std::string out(local);
    std::replace(out.begin(), out.end(), ',', '-');
    return out;
}

bool has_odd_dots(std::string_view local) {
    return local.starts_with('.') || local.ends_with('.') ||
           local.find("..") != std::string_view::npos;
}

/// `whole`, which begins with `written`, with that quoted: what was probably meant.
std::string with_quoted_local_part(std::string_view whole, std::string_view written) {
    return quoted(quoted_local_part(glob_unescaped(written)) +
                  std::string(whole.substr(written.size())));
}

Result<std::string> pattern_local_part(std::string_view whole, std::string_view written) {
    if (!is_quoted(written) && std::any_of(written.begin(), written.end(), is_white_space))
        return fail(bad, "{}: white space in an unquoted local part; write {}", quoted(whole),
                    with_quoted_local_part(whole, written));
    const bool escaped = !is_quoted(written) && written.find('\\') != std::string_view::npos;
    const std::string unescaped = escaped ? glob_unescaped(written) : std::string();
    const std::string_view meant = escaped ? unescaped : written;
    auto local = canonical_local_part(meant);
    if (!local && !is_quoted(meant) && canonical_local_part(without_commas(meant)))
        local = folded(meant);
    if (!local && meant.find('"') == std::string::npos)
        return fail(bad, "{}: {} is no local part without quotes; write {}", quoted(whole),
                    quoted(written), with_quoted_local_part(whole, written));
    if (!local || local->empty())
        return fail(bad,
                    "{}: {} is no local part; write user@example.com, or \"odd user\"@example.com",
                    quoted(whole), quoted(written));
    if (!is_quoted(written) && has_odd_dots(meant))
        return fail(bad, "{}: a dot begins, ends or is doubled in the local part; write {}",
                    quoted(whole), with_quoted_local_part(whole, written));
    if (local->size() > key_local_part_octets)
        return fail(bad,
                    "{}: the local part has {} octets; no address has more than {}; write its "
                    "beginning and a *",
                    quoted(whole), local->size(), key_local_part_octets);
    return std::move(*local);
}

/// The canonical glob of `written`, which begins `whole`: a local part, or a whole address.
Result<std::string> text_glob(std::string_view whole, std::string_view written) {
    const auto is_odd = [](char c) { return is_white_space(c) || c == '"' || c == '@'; };
    const auto odd = std::find_if(written.begin(), written.end(), is_odd);
    if (odd != written.end()) {
        std::string instead(whole);
        std::replace_if(instead.begin(),
                        instead.begin() + static_cast<std::ptrdiff_t>(written.size()), is_odd, '?');
        return fail(bad, "{}: {} cannot stand beside a wildcard in a local part; write {}",
                    quoted(whole), quoted({odd, 1}), quoted(instead));
    }
    return glob_with_pieces(glob_with_short_runs(written), folded);
}

/// A glob without an `@`, which is compared with local parts and domains alike.
Result<std::string> address_glob(std::string_view written) {
    if (!is_ascii(written))
        return fail(bad,
                    "{}: a domain beyond ASCII is compared as A-labels, a local part is not; write "
                    "{} for local parts, or *@ and the A-labels",
                    quoted(written), quoted(std::string(written) + "@*"));
    while (written.size() > 1 && written.ends_with('.')) written.remove_suffix(1);
    return text_glob(written, written);
}

Result<std::string> local_and_domain_glob(std::string_view whole, std::string_view local_written,
                                          std::string_view domain_written) {
    const bool wild_local = !is_quoted(local_written) && has_wildcard(local_written);
    if (domain_written.empty()) {
        const bool any = glob_with_short_runs(local_written) == "*";
        return fail(bad, "{}: no address ends with @; write {}", quoted(whole),
                    quoted(any ? "*" : std::string(whole) + "*"));
    }
    auto local =
        wild_local ? text_glob(whole, local_written) : pattern_local_part(whole, local_written);
    if (!local) return std::move(local).failure();
    auto domain = has_wildcard(domain_written) ? pattern_domain_glob(whole, domain_written)
                                               : pattern_domain(whole, domain_written);
    if (!domain) return std::move(domain).failure();
    return (wild_local ? *local : glob_escaped(*local)) + "@" + lower(*domain);
}

}  // namespace

/// A pattern without a local part: a domain, or all that is below it.
Result<Pattern> Pattern::parse_domain(std::string_view written) {
    if (!is_ascii(written))
        if (const auto dotted = with_plain_dots(written); dotted != written)
            return parse_domain(dotted);
    const std::string_view named = written.starts_with('@') ? written.substr(1) : written;
    const std::string shortened = has_wildcard(named) ? glob_with_short_runs(named) : "";
    const bool is_below = shortened.starts_with(below) && !has_wildcard(shortened.substr(2));
    if (is_below && named.size() != written.size())
        return fail(bad, "{}: no address begins with @; write {}", quoted(written), quoted(named));
    const auto name = is_below ? named.substr(named.find('.') + 1) : named;
    if (!is_below && has_wildcard(named)) {
        if (named.size() != written.size())
            return fail(bad, "{}: no address begins with @; write {}", quoted(written),
                        quoted("*" + std::string(written)));
        auto glob = address_glob(written);
        if (!glob) return std::move(glob).failure();
        return Pattern(PatternKind::email_glob, std::move(*glob));
    }
    if (std::any_of(name.begin(), name.end(), is_white_space)) {
        std::string instead(written);
        std::erase_if(instead, is_white_space);
        return fail(bad, "{}: white space in the domain; write {}", quoted(written),
                    quoted(instead));
    }
    if (const auto slash = name.find('/');
        slash != std::string_view::npos && IpAddress::of_literal(name.substr(0, slash)))
        return fail(bad, "{}: only an ehlo pattern has a range of addresses; write {} for one",
                    quoted(written),
                    quoted(IpAddress::of_literal(name.substr(0, slash))->literal()));
    auto domain = pattern_domain(written, name);
    if (!domain) return std::move(domain).failure();
    if (is_below && domain->starts_with('['))
        return fail(bad, "{}: nothing is below an address literal; write {}", quoted(written),
                    quoted(*domain));
    return Pattern(is_below ? PatternKind::below_domain : PatternKind::domain, std::move(*domain));
}

Result<Pattern> Pattern::parse_email(std::string_view written) {
    if (written == "<>") return Pattern(PatternKind::null_sender, "");
    if (written.empty())
        return fail(bad, "'': an empty email pattern; write <> for the null sender");
    if (const auto open = written.rfind('<');
        open != std::string_view::npos && written.back() == '>')
        return fail(
            bad, "{}: no angle brackets; write {}", quoted(written),
            quoted(written.ends_with("<>") ? "<>"
                                           : written.substr(open + 1, written.size() - open - 2)));

    const auto at = written.rfind('@');
    if (at == std::string_view::npos || at == 0) return parse_domain(written);
    const auto local_written = written.substr(0, at);
    const auto domain_written = written.substr(at + 1);
    if ((!is_quoted(local_written) && has_wildcard(local_written)) ||
        has_wildcard(domain_written)) {
        auto glob = local_and_domain_glob(written, local_written, domain_written);
        if (!glob) return std::move(glob).failure();
        return Pattern(PatternKind::email_glob, std::move(*glob));
    }

    auto local = pattern_local_part(written, local_written);
    if (!local) return std::move(local).failure();
    if (domain_written.empty()) return Pattern(PatternKind::local_part, std::move(*local));
    auto domain = pattern_domain(written, domain_written);
    if (!domain) return std::move(domain).failure();
    return Pattern(PatternKind::address, std::move(local->append("@").append(*domain)));
}

std::string Pattern::local_part_text(std::string_view local) {
    if (!is_quoted(quoted_local_part(without_commas(local))) && glob_escaped(local) == local)
        return std::string(local);
    const std::string text = quoted_local_part(local);
    return is_quoted(text) ? text : '"' + text + '"';
}

}  // namespace smtpblock
