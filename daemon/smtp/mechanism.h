// The SASL mechanisms whose exchange is understood here, so that a block can be enforced in them.
// Every other one is hidden from clients.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace smtpblock::smtp {

enum class Mechanism : std::uint8_t {
    plain,          ///< RFC 4616
    login,          ///< draft-murchison-sasl-login
    cram_md5,       ///< RFC 2195
    scram_sha_1,    ///< RFC 5802
    scram_sha_256,  ///< RFC 7677
    xoauth2,        ///< Google's and Microsoft's forerunner of the next one
    oauthbearer,    ///< RFC 7628
};

/// In the order in which an EHLO reply has them.
inline constexpr std::array mechanisms{
    Mechanism::plain,         Mechanism::login,   Mechanism::cram_md5,    Mechanism::scram_sha_1,
    Mechanism::scram_sha_256, Mechanism::xoauth2, Mechanism::oauthbearer,
};

/// Its registered name.
std::string_view word(Mechanism mechanism);
/// By its name, ignoring case.
std::optional<Mechanism> mechanism_of(std::string_view name);

class MechanismSet {
public:
    void add(Mechanism mechanism) { bits_ |= bit(mechanism); }
    bool has(Mechanism mechanism) const { return (bits_ & bit(mechanism)) != 0; }
    bool empty() const { return bits_ == 0; }
    friend bool operator==(const MechanismSet&, const MechanismSet&) = default;

private:
    static unsigned bit(Mechanism mechanism) { return 1U << static_cast<unsigned>(mechanism); }
    unsigned bits_ = 0;
};

}  // namespace smtpblock::smtp
