// Numbers, times and texts as octets, for the records of the store: fixed numbers in network order,
// others in groups of seven bits, the lowest first, each octet but the last with its top bit set.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace smtpblock {

class OctetWriter {
public:
    OctetWriter() = default;
    /// Appends to `out`, and take() gives it back: memory is used again.
    explicit OctetWriter(std::string out) : out_(std::move(out)) {}

    void octet(std::uint8_t value) { out_ += static_cast<char>(value); }
    void fixed32(std::uint32_t value) {
        for (unsigned shift = 32; shift > 0; shift -= 8)
            out_ += static_cast<char>(value >> (shift - 8) & 0xffU);
    }
    void number(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7U) out_ += static_cast<char>((value & 0x7fU) | 0x80U);
        out_ += static_cast<char>(value);
    }
    /// Seconds since 1970.
    void time(std::chrono::sys_seconds value) {
        number(static_cast<std::uint64_t>(value.time_since_epoch().count()));
    }
    void raw(std::string_view octets) { out_ += octets; }
    void text(std::string_view text) {
        number(text.size());
        raw(text);
    }
    std::string take() { return std::move(out_); }

private:
    std::string out_;
};

/// Reads what OctetWriter wrote. Past the end, or after a malformed number, everything reads as
/// zero or empty and whole() is false: ask once, at the end. Allocates nothing.
class OctetReader {
public:
    explicit OctetReader(std::string_view octets) : rest_(octets) {}

    std::uint8_t octet() {
        const std::string_view one = raw(1);
        return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one.front());
    }
    std::uint32_t fixed32() {
        std::uint32_t value = 0;
        for (const char c : raw(4)) value = value << 8U | static_cast<unsigned char>(c);
        return value;
    }
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint64_t next = octet();
            value |= (next & 0x7fU) << shift;
            if (next < 0x80) return value;
        }
        good_ = false;
        return 0;
    }
    std::chrono::sys_seconds time() {
        return std::chrono::sys_seconds{std::chrono::seconds{static_cast<std::int64_t>(number())}};
    }
    /// A view into what is read.
    std::string_view raw(std::size_t octets) {
        if (octets > rest_.size()) good_ = false;
        if (!good_) return {};
        const std::string_view part = rest_.substr(0, octets);
        rest_.remove_prefix(octets);
        return part;
    }
    std::string_view text() {
        const std::uint64_t octets = number();
        return raw(octets);
    }

    std::size_t left() const { return rest_.size(); }
    bool good() const { return good_; }
    /// All was there, and nothing is left.
    bool whole() const { return good_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool good_ = true;
};

}  // namespace smtpblock
