#include "common/rule_key.h"

#include <algorithm>

#include "common/crc32c.h"

namespace smtpblock {

std::uint8_t key_detail(PatternKind kind, std::string_view subject) {
    switch (kind) {
        case PatternKind::below_domain:
        case PatternKind::below_name: {
            const auto dots = std::count(subject.begin(), subject.end(), '.');
            return static_cast<std::uint8_t>(std::min<std::ptrdiff_t>(dots + 1, 255));
        }
        case PatternKind::prefix: {
            constexpr std::size_t v4_subject_octets = 5;
            constexpr unsigned v4_lengths = 33;
            const unsigned length = static_cast<std::uint8_t>(subject.back());
            return static_cast<std::uint8_t>(
                subject.size() == v4_subject_octets ? length : v4_lengths + length);
        }
        case PatternKind::address:
        case PatternKind::domain:
        case PatternKind::local_part:
        case PatternKind::null_sender:
        case PatternKind::name:
        case PatternKind::literal:
        case PatternKind::no_name:
        case PatternKind::email_glob:
        case PatternKind::ehlo_glob:
            return 0;
    }
    return 0;
}

RuleKey::RuleKey(PatternKind kind, std::string_view subject, std::string_view more,
                 std::string_view last) {
    constexpr std::size_t checksum_octets = 4;
    octets_[size_++] = static_cast<char>(kind);
    const bool too_long = 1 + subject.size() + more.size() + last.size() >= key_octets;
    const std::size_t room = too_long ? key_octets - checksum_octets : key_octets;
    std::uint32_t checksum = 0;
    for (const std::string_view part : {subject, more, last}) {
        const std::size_t fits = std::min(part.size(), room - size_);
        std::copy_n(part.data(), fits, octets_.data() + size_);
        size_ += fits;
        if (too_long) checksum = crc32c(part, checksum);
    }
    if (too_long)
        for (int shift = 24; shift >= 0; shift -= 8)
            octets_[size_++] = static_cast<char>(checksum >> static_cast<unsigned>(shift) & 0xffU);
}

}  // namespace smtpblock
