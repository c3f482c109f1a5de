#include "daemon/smtp/upstream_profile.h"

#include <fmt/format.h>

#include <charconv>

#include "common/text.h"

namespace smtpblock::smtp {
namespace {

/// The next word of `text`, which is taken off it. `AUTH=LOGIN` (an old spelling) is two words.
std::string_view take_word(std::string_view& text) {
    const auto begin = text.find_first_not_of(" \t=");
    if (begin == std::string_view::npos) return text = {};
    text.remove_prefix(begin);
    const auto end = text.find_first_of(" \t=");
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(word.size());
    return word;
}

/// All that we say of a client.
bool takes_xclient(std::string_view attributes) {
    std::size_t taken = 0;
    for (auto word = take_word(attributes); !word.empty(); word = take_word(attributes))
        for (const std::string_view needed : {"NAME", "ADDR", "PORT", "PROTO", "HELO"})
            if (equal_ignoring_case(word, needed)) ++taken;
    return taken == 5;
}

}  // namespace

Keywords parse_keywords(const std::vector<std::string>& lines) {
    Keywords keywords;
    keywords.pipelining = keywords.eight_bit_mime = keywords.enhanced_status_codes = false;
    for (std::string_view line : lines) {
        const std::string_view keyword = take_word(line);
        if (equal_ignoring_case(keyword, "PIPELINING")) keywords.pipelining = true;
        if (equal_ignoring_case(keyword, "8BITMIME")) keywords.eight_bit_mime = true;
        if (equal_ignoring_case(keyword, "SMTPUTF8")) keywords.smtputf8 = true;
        if (equal_ignoring_case(keyword, "DSN")) keywords.dsn = true;
        if (equal_ignoring_case(keyword, "CHUNKING")) keywords.chunking = true;
        if (equal_ignoring_case(keyword, "STARTTLS")) keywords.starttls = true;
        if (equal_ignoring_case(keyword, "ENHANCEDSTATUSCODES"))
            keywords.enhanced_status_codes = true;
        if (equal_ignoring_case(keyword, "SIZE")) {
            const std::string_view limit = take_word(line);
            std::uint64_t octets = 0;
            std::from_chars(limit.data(), limit.data() + limit.size(), octets);
            keywords.size = octets;
        }
        if (equal_ignoring_case(keyword, "XCLIENT")) keywords.xclient = takes_xclient(line);
        if (!equal_ignoring_case(keyword, "AUTH")) continue;
        for (auto word = take_word(line); !word.empty(); word = take_word(line)) {
            if (const auto mechanism = mechanism_of(word)) keywords.mechanisms.add(*mechanism);
        }
    }
    return keywords;
}

Keywords keywords_of(const Reply& reply) {
    auto lines = reply.lines();
    lines.erase(lines.begin());
    return parse_keywords(lines);
}

std::string_view why_no_starttls(const Reply& to_ehlo) {
    if (to_ehlo.positive() && keywords_of(to_ehlo).starttls) return {};
    return "it does not offer STARTTLS; give it a certificate, or write smtps://";
}

std::string why_no_proxy(const Reply& to_ehlo) {
    if (to_ehlo.code < 500 || to_ehlo.code > 504) return {};
    return fmt::format("it does not take a PROXY header: {}", to_ehlo.text());
}

std::string_view why_no_xclient(const Reply& to_ehlo) {
    if (keywords_of(to_ehlo).xclient) return {};
    return "it does not take XCLIENT from this host; put the address by which this host comes into "
           "its smtpd_authorized_xclient_hosts";
}

std::string why_no_handshake(const Reply& to_starttls) {
    if (to_starttls.code == 220) return {};
    return fmt::format("it refuses STARTTLS: {}", to_starttls.text());
}

Keywords common_to(const Keywords& one, const Keywords& other) {
    Keywords both;
    both.pipelining = one.pipelining && other.pipelining;
    both.eight_bit_mime = one.eight_bit_mime && other.eight_bit_mime;
    both.enhanced_status_codes = one.enhanced_status_codes && other.enhanced_status_codes;
    if (one.size && other.size) {
        const bool one_is_less = *other.size == 0 || (*one.size != 0 && *one.size < *other.size);
        both.size = one_is_less ? one.size : other.size;
    }
    for (const Mechanism mechanism : mechanisms)
        if (one.mechanisms.has(mechanism) && other.mechanisms.has(mechanism))
            both.mechanisms.add(mechanism);
    both.smtputf8 = one.smtputf8 && other.smtputf8;
    both.dsn = one.dsn && other.dsn;
    both.starttls = one.starttls && other.starttls;
    both.chunking = one.chunking && other.chunking;
    both.xclient = one.xclient && other.xclient;
    return both;
}

UpstreamProfile::Known& UpstreamProfile::known(std::size_t upstream) {
    if (upstreams_.size() <= upstream) upstreams_.resize(upstream + 1);
    return upstreams_[upstream];
}

void UpstreamProfile::learn(std::size_t upstream, std::string_view host_named,
                            const Keywords& offered) {
    known(upstream) = {std::string(host_named), offered};
    merge();
}

void UpstreamProfile::learn(std::size_t upstream, std::string_view host_named) {
    known(upstream).host = host_named;
    merge();
}

const Keywords& UpstreamProfile::keywords_of(std::size_t upstream) const {
    if (upstream < upstreams_.size() && upstreams_[upstream].keywords)
        return *upstreams_[upstream].keywords;
    return keywords;
}

void UpstreamProfile::merge() {
    host.clear();
    std::optional<Keywords> all;
    for (const Known& one : upstreams_) {
        if (host.empty()) host = one.host;
        if (one.keywords) all = all ? common_to(*all, *one.keywords) : *one.keywords;
    }
    if (!all) return;
    keywords = *all;
    learnt = true;
}

}  // namespace smtpblock::smtp
