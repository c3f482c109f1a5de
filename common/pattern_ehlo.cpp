#include <algorithm>
#include <charconv>

#include "common/ehlo_name.h"
#include "common/glob.h"
#include "common/idna.h"
#include "common/ip_address.h"
#include "common/pattern.h"
#include "common/pattern_domain.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr auto bad = ErrorCode::bad_input;

/// `octets` with all but their first `bits` bits cleared.
std::string masked(std::string octets, unsigned bits) {
    for (unsigned i = 0; i < octets.size(); ++i) {
        const unsigned kept = bits <= i * 8 ? 0 : std::min(bits - i * 8, 8U);
        const unsigned mask = 0xff00U >> kept & 0xffU;
        octets[i] = static_cast<char>(static_cast<unsigned char>(octets[i]) & mask);
    }
    return octets;
}

std::string prefix_text(std::string_view octets, unsigned bits) {
    return fmt::format("{}/{}", IpAddress::from_octets(octets)->text(), bits);
}

/// As a name is compared; of whatever script the dots are.
std::string without_dots_at_end(std::string_view written) {
    std::string out = with_plain_dots(written);
    while (out.size() > 1 && out.ends_with('.')) out.pop_back();
    return out;
}

std::optional<unsigned> number(std::string_view digits) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

/// The bits of a netmask such as 255.255.255.0.
std::optional<unsigned> netmask_bits(std::string_view text) {
    const auto mask = IpAddress::parse(text);
    if (!mask || !mask->is_v4()) return std::nullopt;
    for (unsigned bits = 0; bits <= 32; ++bits)
        if (masked("\xff\xff\xff\xff", bits) == mask->octets()) return bits;
    return std::nullopt;
}

/// `10.0.0.0` for `10` and `10.0`, which some programs take for it; empty for anything else.
std::string with_four_numbers(std::string_view base) {
    if (base.find(':') != std::string_view::npos) return {};
    while (base.ends_with('.')) base.remove_suffix(1);
    std::string out(base);
    while (std::count(out.begin(), out.end(), '.') < 3) out += ".0";
    return base.size() != out.size() && IpAddress::of_literal(out) ? out : "";
}

}  // namespace

/// Nothing when it is no prefix, but a name with a slash.
std::optional<Result<Pattern>> Pattern::parse_prefix(std::string_view written) {
    const auto slash = written.rfind('/');
    if (slash == std::string_view::npos) return std::nullopt;
    std::string_view length = written.substr(slash + 1);
    std::string base(written.substr(0, slash));
    if (base.starts_with('[') && length.ends_with(']')) {  // [192.0.2.0/24]
        base += ']';
        length.remove_suffix(1);
    }
    if (const auto meant = with_four_numbers(base); !meant.empty() && number(length))
        return fail(bad, "{}: an IPv4 address has four numbers; write {}", quoted(written),
                    quoted(meant + "/" + std::string(length)));
    const auto address = IpAddress::of_literal(base);
    if (!address) return std::nullopt;

    std::string octets(address->octets());
    const bool mapped = address->is_v4() && base.find(':') != std::string::npos;
    const unsigned all = mapped || !address->is_v4() ? 128 : 32;
    auto bits = number(length);
    if (const auto mask = netmask_bits(length); mask && all == 32)
        return fail(bad, "{}: a prefix has a length, not a mask; write {}", quoted(written),
                    quoted(prefix_text(masked(octets, *mask), *mask)));
    if (!bits && std::any_of(length.begin(), length.end(), [](char c) { return !is_digit(c); }))
        return std::nullopt;
    if (!bits || *bits > all)
        return fail(bad,
                    "{}: the length of this prefix is a number up to {}; write {} for {} alone",
                    quoted(written), all, quoted(address->literal()), address->text());
    if (mapped && *bits >= 96)
        *bits -= 96;
    else if (mapped)
        octets = std::string(10, '\0') + "\xff\xff" + octets;
    if (masked(octets, *bits) != octets)
        return fail(bad, "{}: bits are set behind the first {}; write {}, or {} for {} alone",
                    quoted(written), *bits, quoted(prefix_text(masked(octets, *bits), *bits)),
                    quoted(address->literal()), address->text());
    if (*bits == octets.size() * 8) return Pattern(PatternKind::literal, octets);
    return Pattern(PatternKind::prefix, octets + static_cast<char>(*bits));
}

Result<Pattern> Pattern::parse_ehlo(std::string_view written) {
    if (written.empty()) return Pattern(PatternKind::no_name, "");
    if (const auto space = std::find_if(written.begin(), written.end(), is_white_space);
        space != written.end())
        return fail(bad, "{}: an EHLO name ends at the first white space; write {}",
                    quoted(written), quoted({written.begin(), space}));
    if (auto prefix = parse_prefix(without_dots_at_end(written))) return std::move(*prefix);

    if (!has_wildcard(written)) {
        const EhloName name = EhloName::parse(glob_unescaped(written));
        if (name.address) return Pattern(PatternKind::literal, std::string(name.address->octets()));
        if (name.text.empty()) return Pattern(PatternKind::no_name, "");
        return Pattern(PatternKind::name, name.text);
    }
    const std::string shortened = with_plain_dots(glob_with_short_runs(written));
    if (shortened.starts_with(below) && shortened.find_first_not_of('.', 1) == std::string::npos)
        return fail(bad, "{}: nothing stands behind the dot; write {} for every name",
                    quoted(written), quoted("*"));
    if (shortened.starts_with(below) && !has_wildcard(shortened.substr(below.size())))
        return Pattern(PatternKind::below_name,
                       EhloName::text_form(glob_unescaped(shortened.substr(below.size()))));
    auto glob = name_glob(written, written);
    if (!glob) return std::move(glob).failure();
    return Pattern(PatternKind::ehlo_glob, std::move(*glob));
}

}  // namespace smtpblock
