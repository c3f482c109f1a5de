#include "common/pattern_domain.h"

#include <algorithm>
#include <optional>

#include "common/domain_name.h"
#include "common/glob.h"
#include "common/idna.h"
#include "common/ip_address.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr auto bad = ErrorCode::bad_input;

/// `name` without its empty labels: what was probably meant.
std::string mended(std::string_view name) {
    std::string out;
    each_label(name, [&](std::string_view label) {
        if (!label.empty()) out += (out.empty() ? "" : ".") + std::string(label);
        return true;
    });
    return out;
}

/// What no domain has: an octet of ASCII that is no label's, nor one of `also`, or dots at odd
/// places.
std::optional<Failure> fault_in(std::string_view whole, std::string_view written,
                                std::string_view also) {
    const std::string_view name = without_trailing_dot(written);
    const std::string better = mended(name);
    if (better.empty())
        return fail(bad, "{}: the domain is empty; write example.com", quoted(whole));
    const auto odd = std::find_if(name.begin(), name.end(), [&](char c) {
        return !is_label_octet(c) && !is_eight_bit(c) && c != '.' &&
               also.find(c) == std::string_view::npos;
    });
    if (odd != name.end())
        return fail(bad, "{}: no domain has the character {}; write letters, digits, - and dots",
                    quoted(whole), quoted({odd, 1}));
    const std::string whole_better =
        std::string(whole.substr(0, whole.size() - written.size())) + better;
    if (written.find("..") != std::string_view::npos)
        return fail(bad, "{}: two dots in a row in the domain; write {}", quoted(whole),
                    quoted(whole_better));
    if (name.starts_with('.') && whole != written)
        return fail(bad, "{}: the domain begins with a dot; write {}", quoted(whole),
                    quoted(whole_better));
    if (name.starts_with('.'))
        return fail(bad, "{}: the domain begins with a dot; write {} for it, {} for what is below",
                    quoted(whole), quoted(better), quoted("*." + better));
    return std::nullopt;
}

}  // namespace

Result<std::string> pattern_domain(std::string_view whole, std::string_view written) {
    if (written.starts_with('[')) {
        auto literal = canonical_domain(written);
        if (!literal)
            return fail(bad,
                        "{}: {} is no address literal; write [192.0.2.7] or [IPv6:2001:db8::1]",
                        quoted(whole), quoted(written));
        return std::move(*literal);
    }
    auto domain = canonical_domain(written);
    if (domain) return std::move(*domain);
    if (auto fault = fault_in(whole, written, {})) return std::move(*fault);
    return fail(bad, "{}: {} is no domain; write letters, digits, - and single dots", quoted(whole),
                quoted(written));
}

Result<std::string> pattern_domain_glob(std::string_view whole, std::string_view written) {
    // Dots of other scripts are dots before anything is looked at, or a fault would hide in them.
    const std::string dotted = with_plain_dots(written);
    const std::string whole_dotted =
        std::string(whole.substr(0, whole.size() - written.size())) + dotted;
    if (auto fault = fault_in(whole_dotted, dotted, "*?[]:")) return std::move(*fault);
    return name_glob(whole_dotted, dotted);
}

Result<std::string> name_glob(std::string_view whole, std::string_view written) {
    std::string dotted = with_plain_dots(glob_with_short_runs(written));
    while (dotted.size() > 1 && dotted.ends_with('.')) dotted.pop_back();
    std::string glob;
    std::string instead(whole.substr(0, whole.size() - written.size()));
    std::string_view mixed;
    bool first = true;
    each_label(dotted, [&](std::string_view label) {
        const std::string_view dot = first ? "" : ".";
        first = false;
        const bool is_mixed = !is_ascii(label) && has_wildcard(label);
        if (is_mixed && mixed.empty()) mixed = label;
        instead.append(dot).append(is_mixed ? "xn--*" : label);
        glob.append(dot);
        glob += is_ascii(label) ? lower(label) : glob_escaped(idna_form(glob_unescaped(label)));
        return true;
    });
    if (!mixed.empty())
        return fail(bad,
                    "{}: {} has a wildcard beside characters beyond ASCII, and its A-label is "
                    "compared; write the label whole, or {}",
                    quoted(whole), quoted(mixed), quoted(instead));
    return glob;
}

}  // namespace smtpblock
