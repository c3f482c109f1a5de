// Octets that nobody is to find: a password, a token, whatever they were made of or coded into.
// They are overwritten when they go, change or move to a larger place, and neither fmt nor a stream
// can be given them, so that no log line or reply can hold one.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace smtpblock::smtp {

class Secret {
public:
    Secret() = default;
    explicit Secret(std::string_view octets) { append(octets); }
    ~Secret() { wipe(); }
    Secret(Secret&& from) noexcept { swap(from); }
    Secret& operator=(Secret&& from) noexcept {
        if (this == &from) return *this;
        forget();
        swap(from);
        return *this;
    }
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;

    /// Valid until it is changed or goes.
    std::string_view view() const { return {octets_.get(), size_}; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    friend bool operator==(const Secret& a, const Secret& b) { return a.view() == b.view(); }

    /// `octets` must not be its own.
    Secret& append(std::string_view octets);
    Secret& append(char octet) { return append({&octet, 1}); }
    /// Makes room for `octets` in all.
    void reserve(std::size_t octets);
    /// Room for as many octets, all zero, to be filled by the caller.
    char* resize(std::size_t octets);
    /// Takes other octets; a small place is used again.
    void assign(std::string_view octets);
    /// Wiped, and its place given back.
    void forget();

private:
    void wipe();
    void swap(Secret& other) noexcept;

    std::unique_ptr<char[]> octets_;
    std::size_t size_ = 0;
    std::size_t room_ = 0;
};

std::ostream& operator<<(std::ostream&, const Secret&) = delete;

/// Overwrites octets that something else owns.
void wipe(char* octets, std::size_t size);
/// Makes room for `octets` in all and leaves no copy of `text` where it was.
void grow(std::string& text, std::size_t octets);

std::optional<Secret> decoded_base64(std::string_view text);
/// Behind what `out` holds already.
void append_base64(Secret& out, std::string_view octets);

}  // namespace smtpblock::smtp

template <>
struct fmt::formatter<smtpblock::smtp::Secret> {
    formatter() = delete;
};
