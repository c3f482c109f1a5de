// A message whose line endings have one meaning, whatever its client sent: a bare LF and a bare CR
// become CRLF, and dots are stuffed anew, since by that a line may begin with one that began none.
// What comes out is for DATA (RFC 5321 4.5.2), with no line that is a dot alone, and does not
// depend on how the bytes were split. Only CRLF.CRLF ends the message that comes in. NUL stays an
// error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "daemon/smtp/data_scanner.h"
#include "daemon/smtp/output.h"

namespace smtpblock::smtp {

class NewlineNormalizer {
public:
    NewlineNormalizer() = default;
    explicit NewlineNormalizer(Framing framing) : framing_(framing) {}

    struct Scan {
        /// The final CRLF.CRLF is among the bytes; what stands behind `taken` is no message.
        bool complete = false;
        std::size_t taken = 0;
    };

    /// Appends to `out` what may go on, without the final `.CRLF`; nothing behind the first bad
    /// octet. Without an `out` the bytes are only looked through. A large piece may be borrowed.
    Scan scan(std::string_view bytes, Output* out);
    /// Counted: there is no more to come, so that the last line ends here.
    void finish(Output* out);

    /// "NUL" once there was one, else nullptr.
    const char* bad_octet() const { return bad_octet_; }

private:
    enum class At : std::uint8_t {
        line_start,  ///< behind a CRLF of the client's, or at the very beginning
        dot,         ///< a dot stands there, and is not passed on yet
        dot_cr,
        new_line,  ///< behind a bare CR or LF: what stands here is text, a dot too
        inside,
        cr,  ///< one that is not passed on yet
    };

    std::size_t text_octets(std::string_view bytes) const;
    bool step(char c, Output* out);
    void text(char c, Output* out);
    void put(std::string_view bytes, Output* out) {
        if (out != nullptr && bad_octet_ == nullptr) out->append(bytes);
    }

    Framing framing_ = Framing::dotted;
    At at_ = At::line_start;
    const char* bad_octet_ = nullptr;
};

}  // namespace smtpblock::smtp
