// Keys known to be absent from the rules, so that the questions which every command of a session
// asks anew are answered without a look into the store. Whoever uses it says when the rules are no
// longer those that the keys were looked up in. Holds whole keys, as a client chooses what is asked
// for: one that is mistaken for another would pass. Each key has one place, and the last one that
// came there keeps it. Allocates when it is made, 128 KiB, and never again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace smtpblock {

class AbsentKeys {
public:
    AbsentKeys();

    /// Forgets all of them.
    void clear();
    bool contains(std::string_view key) const;
    /// Does nothing for a key that is longer than most are.
    void insert(std::string_view key);

private:
    static constexpr std::size_t places = 2048;

    /// As large as a line of the processor's cache.
    struct alignas(64) Place {
        std::uint32_t generation;
        std::uint8_t octets;
        std::array<char, 59> key;
    };
    using Places = std::array<Place, places>;

    static std::size_t place_of(std::string_view key) {
        return std::hash<std::string_view>()(key) % places;
    }

    std::unique_ptr<Places> places_;
    std::uint32_t generation_ = 1;
};

}  // namespace smtpblock
