// An upstream's replies (RFC 5321 4.2.1), cut out of its bytes. Strict, since a reply goes on to
// the client: three digits, the same in each line, CRLF, no control character, bounded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smtpblock::smtp {

struct Reply {
    unsigned code = 0;
    std::string wire;  ///< as it came, every line with its CRLF

    bool positive() const { return code / 100 == 2; }
    /// The text of each line, without code and separator.
    std::vector<std::string> lines() const;
    /// The text of the first line.
    std::string_view text() const;
};

class ReplyParser {
public:
    enum class State : std::uint8_t {
        more,      ///< all bytes are taken, no reply is complete
        complete,  ///< take the reply, then call again for what is left of the bytes
        malformed  ///< nothing of this upstream can be believed any more
    };

    /// Takes bytes off the head of `bytes` until a reply is complete.
    State take(std::string_view& bytes);
    /// The complete reply; the parser is ready for the next one.
    Reply reply();
    /// Nothing of a next reply has been seen.
    bool empty() const { return reply_.wire.empty(); }

private:
    bool end_line();

    Reply reply_;
    std::size_t line_begin_ = 0;
    bool last_line_ = false;
};

}  // namespace smtpblock::smtp
