#include "common/store_completion.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>

#include "common/glob.h"
#include "common/lmdb.h"
#include "common/store_tables.h"
#include "common/text.h"

namespace smtpblock {
namespace {

/// Keys from `from` up to those that begin with `to`, or with anything above it.
struct KeyRange {
    std::string from;
    std::string to;

    static KeyRange beginning_with(std::string prefix) { return {prefix, std::move(prefix)}; }
    bool is_behind(std::string_view key) const { return key.substr(0, to.size()) > to; }
};

/// Entries of a range that turn out not to begin with what was typed, before it is given up.
constexpr std::size_t most_misses = 2000;

/// Numbers up to the highest one whose text, to the base, begins with that of `number`.
struct NumberRange {
    std::uint64_t first;
    std::uint64_t last;
};
std::vector<NumberRange> numbers_beginning(std::uint64_t number, unsigned base,
                                           std::uint64_t highest) {
    std::vector<NumberRange> ranges;
    std::uint64_t first = number;
    std::uint64_t last = number;
    while (true) {
        ranges.push_back({first, last});
        if (number == 0 || first > highest / base) return ranges;
        first *= base;
        last = last > (highest - (base - 1)) / base ? highest : last * base + (base - 1);
    }
}

std::string octets_of(std::uint64_t number, unsigned octets) {
    std::string text;
    while (octets-- > 0) text += static_cast<char>(number >> (8 * octets) & 0xffU);
    return text;
}

/// The ranges, behind `key`, of the addresses whose text begins with `typed`, or of more than
/// these: groups of digits that are complete, and one that may go on.
std::vector<KeyRange> addresses_beginning(std::string key, std::string_view typed, char separator,
                                          unsigned base, unsigned octets_a_group) {
    const std::uint64_t highest = (1U << (8 * octets_a_group)) - 1;
    while (true) {
        const auto end = typed.find(separator);
        const std::string_view group = typed.substr(0, end);
        std::uint64_t number = 0;
        const auto [behind, error] = std::from_chars(group.data(), group.data() + group.size(),
                                                     number, static_cast<int>(base));
        // What is no number, such as the zeros left out of an IPv6 address, is anything.
        if (error != std::errc() || behind != group.data() + group.size() || number > highest)
            return {KeyRange::beginning_with(key)};
        if (end == std::string_view::npos) {
            std::vector<KeyRange> ranges;
            for (const NumberRange& range : numbers_beginning(number, base, highest))
                ranges.push_back({key + octets_of(range.first, octets_a_group),
                                  key + octets_of(range.last, octets_a_group)});
            return ranges;
        }
        key += octets_of(number, octets_a_group);
        typed.remove_prefix(end + 1);
    }
}

/// Of literals behind their bracket: those of IPv6 have a tag.
std::vector<KeyRange> literals_beginning(const std::string& key, std::string_view typed) {
    constexpr std::string_view tag = "ipv6:";
    return typed.starts_with(tag) ? addresses_beginning(key, typed.substr(tag.size()), ':', 16, 2)
                                  : addresses_beginning(key, typed, '.', 10, 1);
}

/// Of prefixes, which have none: `20` may go on as `20.0.0.0/8` or as `2001:db8::/32`.
std::vector<KeyRange> prefixes_beginning(const std::string& key, std::string_view typed) {
    const std::string_view address = typed.substr(0, typed.find('/'));
    auto ranges = addresses_beginning(key, address, ':', 16, 2);
    if (address.find(':') == std::string_view::npos)
        for (KeyRange& range : addresses_beginning(key, address, '.', 10, 1))
            ranges.push_back(std::move(range));
    return ranges;
}

bool may_begin(std::string_view text, std::string_view typed) {
    return text.substr(0, typed.size()) == typed.substr(0, text.size());
}

/// The subject behind a text in which a last backslash may still lack what it is for.
std::string unescaped(std::string_view typed) {
    const auto other = typed.find_last_not_of('\\');
    const auto backslashes = typed.size() - (other == std::string_view::npos ? 0 : other + 1);
    return glob_unescaped(typed.substr(0, typed.size() - backslashes % 2));
}

/// Where the patterns of a kind are that begin with `typed`, and perhaps some that do not.
std::vector<KeyRange> ranges_of(PatternKind kind, std::string_view typed) {
    const std::string key(1, static_cast<char>(kind));
    const auto beginning = [&](std::string_view subject) {
        return std::vector{KeyRange::beginning_with(key + std::string(subject))};
    };
    constexpr std::string_view below = "*.";
    switch (kind) {
        case PatternKind::address:
        case PatternKind::local_part: {
            std::string_view local = typed;
            if (local.starts_with('"')) local = local.substr(1, local.find_first_of("\"\\", 1) - 1);
            if (kind == PatternKind::local_part && local.ends_with('@')) local.remove_suffix(1);
            return beginning(local);
        }
        case PatternKind::domain:
        case PatternKind::email_glob:
        case PatternKind::ehlo_glob:
            return beginning(typed);
        case PatternKind::name:
            return beginning(unescaped(typed));
        case PatternKind::below_domain:
        case PatternKind::below_name:
            if (!may_begin(below, typed)) return {};
            return beginning(typed.size() < below.size() ? "" : unescaped(typed.substr(2)));
        case PatternKind::null_sender:
        case PatternKind::no_name:
            return beginning("");
        case PatternKind::literal:
            if (!may_begin("[", typed)) return {};
            return literals_beginning(key, typed.substr(std::min<std::size_t>(typed.size(), 1)));
        case PatternKind::prefix:
            return prefixes_beginning(key, typed);
    }
    return {};
}

/// Calls `take` with the entries of a range until it answers false.
template <class Take>
int scan(lmdb::TableCursor& cursor, const KeyRange& range, Take take) {
    int number = cursor.seek(range.from);
    while (number == MDB_SUCCESS && !range.is_behind(cursor.key()) && take())
        number = cursor.next();
    return number == MDB_NOTFOUND ? MDB_SUCCESS : number;
}

/// Patterns of one kind.
int find_patterns(lmdb::TableCursor& cursor, PatternKind kind, std::string_view typed,
                  std::size_t most, std::vector<Pattern>& found) {
    std::size_t misses = 0;
    for (const KeyRange& range : ranges_of(kind, typed)) {
        const int number = scan(cursor, range, [&] {
            auto pattern = Pattern::from_key(cursor.key());
            const bool fits = pattern && starts_with_ignoring_case(pattern->text(), typed);
            if (!fits)
                ++misses;
            else if (std::find(found.begin(), found.end(), *pattern) == found.end())
                found.push_back(std::move(*pattern));  // ranges may overlap
            return found.size() < most && misses < most_misses;
        });
        if (number != MDB_SUCCESS) return number;
        if (found.size() >= most || misses >= most_misses) break;
    }
    return MDB_SUCCESS;
}

/// Some of each, so that one kind with many leaves room for the others.
std::vector<Pattern> fair_share(std::vector<std::vector<Pattern>> kinds, std::size_t most) {
    std::vector<std::size_t> shares(kinds.size());
    std::size_t all = 0;
    for (bool more = true; more && all < most;) {
        more = false;
        for (std::size_t i = 0; i < kinds.size() && all < most; ++i) {
            if (shares[i] == kinds[i].size()) continue;
            ++shares[i];
            ++all;
            more = true;
        }
    }
    std::vector<Pattern> patterns;
    for (std::size_t i = 0; i < kinds.size(); ++i)
        for (std::size_t j = 0; j < shares[i]; ++j) patterns.push_back(std::move(kinds[i][j]));
    return patterns;
}

}  // namespace

Result<std::vector<Pattern>> patterns_beginning(StoreSnapshot& snapshot, std::string_view typed,
                                                std::optional<RuleType> type, std::size_t most) {
    if (auto begun = snapshot.begin(); !begun) return std::move(begun).failure();
    const EndOfSnapshot end(snapshot);
    const StoreEnvironment& store = snapshot.store();
    lmdb::TableCursor cursor(snapshot.transaction(), store.rules());
    const std::string lowered = lower(typed);
    std::vector<std::vector<Pattern>> kinds;
    for (const PatternKind kind : all_pattern_kinds) {
        if (type && type_of(kind) != *type) continue;
        const int number = find_patterns(cursor, kind, lowered, most, kinds.emplace_back());
        if (number != MDB_SUCCESS) return store.explain(number);
    }
    return fair_share(std::move(kinds), most);
}

Result<std::vector<RuleId>> ids_beginning(StoreSnapshot& snapshot, std::string_view digits,
                                          std::size_t most) {
    if (auto begun = snapshot.begin(); !begun) return std::move(begun).failure();
    const EndOfSnapshot end(snapshot);
    const StoreEnvironment& store = snapshot.store();
    lmdb::TableCursor cursor(snapshot.transaction(), store.ids());
    std::uint64_t typed = 0;
    const auto [behind, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), typed);
    std::vector<RuleId> ids;
    if (error != std::errc() || behind != digits.data() + digits.size() || digits.front() == '0')
        return ids;
    constexpr auto highest = std::numeric_limits<std::uint64_t>::max();
    for (const NumberRange& range : numbers_beginning(typed, 10, highest)) {
        const KeyRange keys{std::string(NumberKey(range.first).view()),
                            std::string(NumberKey(range.last).view())};
        const int number = scan(cursor, keys, [&] {
            ids.push_back(NumberKey::number_of(cursor.key()));
            return ids.size() < most;
        });
        if (number != MDB_SUCCESS) return store.explain(number);
        if (ids.size() >= most) break;
    }
    return ids;
}

}  // namespace smtpblock
