#include "common/time_text.h"

#include <array>
#include <cstdint>
#include <ctime>
#include <optional>

#include "common/text.h"

namespace smtpblock {
namespace {

using std::chrono::seconds;

struct Unit {
    char letter;
    std::int64_t seconds;
};
constexpr std::array<Unit, 5> units{
    {{'w', 604800}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}};
constexpr std::int64_t longest = 1000LL * 366 * 86400;

/// Takes what it recognises from the head of a text.
class Scanner {
public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    bool at_end() const { return rest_.empty(); }
    bool take(char c) {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool take_one_of(std::string_view set) {
        if (rest_.empty() || set.find(rest_.front()) == std::string_view::npos) return false;
        rest_.remove_prefix(1);
        return true;
    }
    /// Exactly `digits` digits.
    std::optional<int> number(std::size_t digits) {
        if (rest_.size() < digits) return std::nullopt;
        int value = 0;
        for (const char c : rest_.substr(0, digits)) {
            if (!is_digit(c)) return std::nullopt;
            value = value * 10 + (c - '0');
        }
        rest_.remove_prefix(digits);
        return value;
    }
    void skip_digits() {
        while (!rest_.empty() && is_digit(rest_.front())) rest_.remove_prefix(1);
    }

private:
    std::string_view rest_;
};

struct Clock {
    int hour = 0, minute = 0, second = 0;
};

/// `18:00` or `18:00:05`, with a fraction of a second that is dropped.
std::optional<Clock> take_clock(Scanner& scanner) {
    const auto hour = scanner.number(2);
    if (!hour || *hour > 23 || !scanner.take(':')) return std::nullopt;
    const auto minute = scanner.number(2);
    if (!minute || *minute > 59) return std::nullopt;
    Clock clock{*hour, *minute, 0};
    if (!scanner.take(':')) return clock;
    const auto second = scanner.number(2);
    if (!second || *second > 60) return std::nullopt;  // 60: a leap second
    clock.second = *second;
    if (scanner.take('.')) scanner.skip_digits();
    return clock;
}

std::optional<std::chrono::year_month_day> take_date(Scanner& scanner) {
    const auto year = scanner.number(4);
    if (!year || *year < 1970 || !scanner.take('-')) return std::nullopt;
    const auto month = scanner.number(2);
    if (!month || !scanner.take('-')) return std::nullopt;
    const auto day = scanner.number(2);
    if (!day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return std::nullopt;
    return date;
}

/// `Z` or `+01:00`: how far the zone is ahead of UTC.
std::optional<seconds> take_zone(Scanner& scanner) {
    if (scanner.take_one_of("Zz")) return seconds{0};
    const bool ahead = scanner.take('+');
    if (!ahead && !scanner.take('-')) return std::nullopt;
    const auto hours = scanner.number(2);
    if (!hours || *hours > 23 || !scanner.take(':')) return std::nullopt;
    const auto minutes = scanner.number(2);
    if (!minutes || *minutes > 59) return std::nullopt;
    const seconds offset{*hours * 3600 + *minutes * 60};
    return ahead ? offset : -offset;
}

std::tm broken_down(Time time) {
    const std::time_t clock = time.time_since_epoch().count();
    std::tm parts{};
    ::localtime_r(&clock, &parts);
    return parts;
}

/// A time of the local clock; one that a change to summer time skips is moved behind the gap.
Time local_time(std::tm parts) {
    parts.tm_isdst = -1;
    return Time{seconds{std::mktime(&parts)}};
}

std::optional<Time> next_clock_time(std::string_view written, Time now) {
    Scanner scanner(written);
    const auto clock = take_clock(scanner);
    if (!clock || !scanner.at_end()) return std::nullopt;
    std::tm parts = broken_down(now);
    parts.tm_hour = clock->hour;
    parts.tm_min = clock->minute;
    parts.tm_sec = clock->second;
    const Time today = local_time(parts);
    if (today > now) return today;
    ++parts.tm_mday;
    return local_time(parts);
}

std::optional<Time> date_time(std::string_view written) {
    Scanner scanner(written);
    const auto date = take_date(scanner);
    if (!date) return std::nullopt;
    std::optional<Clock> clock = Clock{};
    std::optional<seconds> zone;
    if (!scanner.at_end()) {
        if (!scanner.take_one_of("Tt ")) return std::nullopt;
        clock = take_clock(scanner);
        if (!clock) return std::nullopt;
        if (!scanner.at_end()) {
            zone = take_zone(scanner);
            if (!zone || !scanner.at_end()) return std::nullopt;
        }
    }
    if (zone)
        return Time{std::chrono::sys_days{*date}} + std::chrono::hours{clock->hour} +
               std::chrono::minutes{clock->minute} + seconds{clock->second} - *zone;
    std::tm parts{};
    parts.tm_year = static_cast<int>(date->year()) - 1900;
    parts.tm_mon = static_cast<int>(static_cast<unsigned>(date->month())) - 1;
    parts.tm_mday = static_cast<int>(static_cast<unsigned>(date->day()));
    parts.tm_hour = clock->hour;
    parts.tm_min = clock->minute;
    parts.tm_sec = clock->second;
    return local_time(parts);
}

std::string formatted(const std::tm& parts, const char* format) {
    std::array<char, 64> text{};
    return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

}  // namespace

Result<seconds> parse_duration(std::string_view written) {
    const auto bad = [&] {
        return fail(ErrorCode::bad_input, "{}: no duration; write 90s, 15m, 2h30m, 3d or 1w",
                    quoted(written));
    };
    if (written.empty()) return bad();
    std::int64_t total = 0;
    auto unit = units.begin();
    for (std::size_t i = 0; i < written.size(); ++i) {
        if (!is_digit(written[i])) return bad();
        std::int64_t count = 0;
        for (; i < written.size() && is_digit(written[i]); ++i)
            count = std::min(count * 10 + (written[i] - '0'), longest + 1);
        if (i == written.size()) return bad();
        while (unit != units.end() && unit->letter != written[i]) ++unit;
        if (unit == units.end()) return bad();
        total += std::min(count, longest / unit->seconds + 1) * unit->seconds;
        ++unit;
        if (total > longest)
            return fail(ErrorCode::bad_input,
                        "{}: longer than a thousand years; write a shorter one", quoted(written));
    }
    return seconds{total};
}

Result<Time> parse_time(std::string_view written, Time now) {
    if (const auto time = next_clock_time(written, now)) return *time;
    if (const auto time = date_time(written)) return *time;
    return fail(ErrorCode::bad_input,
                "{}: no time; write 2026-12-01, '2026-12-01 18:00', 18:00 or 2026-12-01T17:00:00Z",
                quoted(written));
}

bool has_text(Time time) {
    constexpr Time end{std::chrono::seconds{253'402'300'800}};  // the year 10000
    return time >= Time{} && time < end;
}

std::string utc_text(Time time) {
    // A list of millions has a time or two in each line, and strftime takes its own.
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    std::string text = "0000-00-00T00:00:00Z";
    const auto put = [&](std::size_t at, std::size_t digits, unsigned value) {
        for (; digits > 0; --digits, value /= 10)
            text[at + digits - 1] = static_cast<char>('0' + value % 10);
    };
    put(0, 4, static_cast<unsigned>(static_cast<int>(date.year())));
    put(5, 2, static_cast<unsigned>(date.month()));
    put(8, 2, static_cast<unsigned>(date.day()));
    put(11, 2, static_cast<unsigned>(clock.hours().count()));
    put(14, 2, static_cast<unsigned>(clock.minutes().count()));
    put(17, 2, static_cast<unsigned>(clock.seconds().count()));
    return text;
}

std::string local_text(Time time) {
    return formatted(broken_down(time), "%Y-%m-%d %H:%M:%S %Z");
}

std::string duration_text(seconds duration) {
    std::int64_t left = duration.count();
    std::string text;
    int shown = 0;
    for (const Unit& unit : units) {
        const std::int64_t count = left / unit.seconds;
        left %= unit.seconds;
        if (count > 0) text += fmt::format("{}{}", count, unit.letter);
        if (!text.empty() && ++shown == 2) break;
    }
    return text.empty() ? "0s" : text;
}

}  // namespace smtpblock
