// A request of Postfix's policy delegation (SMTPD_POLICY_README): lines `name=value`, ended by an
// empty one. Anything that is no such thing is a flaw, and nothing that follows it is read, since
// nobody knows where the next request begins.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace smtpblock::policy {

/// What we look at of one; the rest is ignored. Views into the text that was read. Nothing where an
/// asker has not said it, which is not the same as having said that it is empty.
struct Request {
    std::optional<std::string_view> state;  ///< protocol_state
    std::optional<std::string_view> helo_name;
    std::optional<std::string_view> sender;
    std::optional<std::string_view> recipient;
    std::optional<std::string_view> client_address;
    std::optional<std::string_view> sasl_username;
    std::optional<std::string_view> sasl_sender;
    std::optional<std::string_view> context;  ///< policy_context
};

class RequestReader {
public:
    enum class State : std::uint8_t { more, whole, flawed };

    /// `text` begins where the request does. Called again with a longer text that begins the same
    /// as long as it says `more`; what was looked at is not looked at again.
    State read(std::string_view text);
    /// Once it is whole: how many octets it has, with its empty line.
    std::size_t octets() const { return line_; }
    /// Once it is whole, of the same text.
    Request request(std::string_view text) const;
    /// Once it is flawed: why, in a few words.
    std::string_view flaw() const { return flaw_; }
    /// For the next one.
    void reset() { *this = RequestReader(); }

private:
    enum Known : std::uint8_t {
        request_type,
        protocol_state,
        helo_name,
        sender,
        recipient,
        client_address,
        sasl_username,
        sasl_sender,
        policy_context,
        known_names
    };
    /// A value in the text.
    struct Place {
        std::uint32_t at = 0;  ///< 0: none, since a name stands before it
        std::uint32_t octets = 0;
    };

    std::string_view take_line(std::string_view text, std::size_t end);
    State flawed(std::string_view why);
    std::optional<std::string_view> value(std::string_view text, Known name) const;
    static std::optional<Known> known(std::string_view name);

    std::array<Place, known_names> places_{};
    std::size_t line_ = 0;     ///< where the line begins that has not ended yet
    std::size_t scanned_ = 0;  ///< from line_ to there no line ends
    std::size_t attributes_ = 0;
    std::string_view flaw_;
};

}  // namespace smtpblock::policy
