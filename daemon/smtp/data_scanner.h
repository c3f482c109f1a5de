// Where a message ends (RFC 5321 4.1.1.4), and whether every octet of it has one meaning: only
// CRLF.CRLF ends it, and a bare CR, a bare LF or NUL is found, since servers disagree about what
// they end (the ground of SMTP smuggling). What comes out does not depend on how the bytes were
// split. What comes by BDAT (RFC 3030) has no end of its own and no stuffed dots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace smtpblock::smtp {

/// How a message says where it ends.
enum class Framing : std::uint8_t {
    dotted,   ///< DATA: by a dot alone on a line; other dots that begin a line are stuffed
    counted,  ///< BDAT: by the number of its octets
};

class DataScanner {
public:
    DataScanner() = default;
    explicit DataScanner(Framing framing) : framing_(framing) {}

    /// What scan() found in the bytes it was given.
    struct Scan {
        /// The final CRLF.CRLF is among the bytes; what stands behind `taken` is no message.
        bool complete = false;
        std::size_t taken = 0;
        /// What may go on to the upstream, in this order: octets that earlier bytes ended with,
        /// held back until it was known what follows them, then a part of the bytes given. Dots
        /// are stuffed as they came, the final `.CRLF` is left out, and so is all that stands
        /// behind the first bad octet. A CR that is the last of the bytes is held back.
        std::string_view held;
        std::string_view passed;
    };

    Scan scan(std::string_view bytes);
    /// Counted: there is no more to come.
    void finish();

    /// What the first bad octet was: "<LF>", "<CR>", "NUL"; nullptr when there was none.
    const char* bad_octet() const { return bad_octet_; }

private:
    enum class At : std::uint8_t { line_start, dot, dot_cr, inside, cr };

    /// The octets that are held back in a state.
    static std::string_view held_in(At at);
    bool step(char c);

    Framing framing_ = Framing::dotted;
    At at_ = At::line_start;
    const char* bad_octet_ = nullptr;
};

}  // namespace smtpblock::smtp
