// Where a message ends (RFC 5321 4.1.1.4), and whether every octet of it has one meaning: only
// CRLF.CRLF ends it, and a bare CR, a bare LF or NUL is found, since servers disagree about what
// they end (the ground of SMTP smuggling). What comes out does not depend on how the bytes were
// split.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace smtpblock::smtp {

class DataScanner {
public:
    enum class Verdict : std::uint8_t {
        more,      ///< all is taken, the message goes on
        complete,  ///< the final CRLF.CRLF has been taken; what is behind it is no message
    };

    /// Appends what may go on to the upstream to `out`, dots stuffed as they came, the final
    /// `.CRLF` left out; after the first bad octet nothing more. Sets `taken` to the octets used.
    Verdict scan(std::string_view bytes, std::size_t& taken, std::string& out);

    /// What the first bad octet was; nullptr when there was none: "<LF>", "<CR>", "NUL".
    const char* bad_octet() const { return bad_octet_; }

private:
    enum class At : std::uint8_t { line_start, dot, dot_cr, inside, cr };

    bool step(char c, std::string& out);
    void pass(std::string_view bytes, std::string& out) const;
    void bad(const char* what);

    At at_ = At::line_start;
    const char* bad_octet_ = nullptr;
};

}  // namespace smtpblock::smtp
