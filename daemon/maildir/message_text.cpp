#include "daemon/maildir/message_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>

#include "common/ip_address.h"
#include "common/text.h"

namespace smtpblock::maildir {
namespace {

/// RFC 5322 3.3. The names are English whatever the locale.
std::string date_text(std::chrono::sys_seconds now) {
    constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t seconds = now.time_since_epoch().count();
    std::tm date{};
    gmtime_r(&seconds, &date);
    return fmt::format("{}, {} {} {} {:02}:{:02}:{:02} +0000",
                       days.at(static_cast<std::size_t>(date.tm_wday)), date.tm_mday,
                       months.at(static_cast<std::size_t>(date.tm_mon)), date.tm_year + 1900,
                       date.tm_hour, date.tm_min, date.tm_sec);
}

/// A name from the network, without what would be a comment or another field in a header.
std::string header_word(std::string_view name) {
    std::string out(name.substr(0, 255));
    std::replace_if(
        out.begin(), out.end(),
        [](char c) { return is_control(c) || is_eight_bit(c) || c == '(' || c == ')' || c == ';'; },
        '?');
    return out.empty() ? "unknown" : out;
}

}  // namespace

std::string Trace::text(std::chrono::sys_seconds now) const {
    std::string out = fmt::format("Return-Path: <{}>\n", sender);
    for (const std::string& recipient : recipients)
        out += fmt::format("Delivered-To: {}\n", recipient);
    const auto address = IpAddress::parse(client);
    out += fmt::format("Received: from {}", header_word(greeted_as));
    if (address) out += fmt::format(" ({})", address->literal());
    out += fmt::format("\n\tby {} with {} id {};\n\t{}\n", host, protocol, id, date_text(now));
    return out;
}

void Unstuffer::append(std::string_view wire, std::string& out) {
    while (!wire.empty()) {
        if (line_start_ && wire.front() == '.') wire.remove_prefix(1);
        const auto end = wire.find('\n');
        const bool whole = end != std::string_view::npos;
        std::string_view line = wire.substr(0, whole ? end : wire.size());
        wire.remove_prefix(whole ? end + 1 : wire.size());
        // Every CR here is the first half of a line end, which may come in two pieces.
        if (line.ends_with('\r')) line.remove_suffix(1);
        out += line;
        if (whole) out += '\n';
        line_start_ = whole;
    }
}

}  // namespace smtpblock::maildir
