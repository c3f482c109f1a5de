// What an upstream says. The first two octets say how it is split on its way.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "common/text.h"
#include "daemon/smtp/limits.h"
#include "daemon/smtp/reply_parser.h"
#include "daemon/smtp/upstream_profile.h"
#include "fuzz/require.h"

namespace smtpblock::fuzz {
namespace {

using smtp::Reply;
using smtp::ReplyParser;

struct Heard {
    std::vector<std::string> replies;  ///< as they came
    bool malformed = false;            ///< what followed them
    bool half = false;                 ///< something of a next one did

    friend bool operator==(const Heard&, const Heard&) = default;
};

void check_reply(const Reply& reply) {
    require(reply.code >= 200 && reply.code < 600, "a code is one of a reply");
    require(reply.wire.size() <= smtp::limits::reply_octets, "a reply is bounded");
    std::string_view rest = reply.wire;
    for (const std::string& text : reply.lines()) {
        const auto end = rest.find("\r\n");
        require(end != rest.npos, "a line has its CRLF");
        const std::string_view line = rest.substr(0, end);
        const auto most =
            reply.code == 334 ? smtp::limits::auth_line_octets : smtp::limits::reply_line_octets;
        require(line.size() + 2 <= most, "a line is bounded");
        require(line.starts_with(std::to_string(reply.code)), "each has the code");
        require(line.substr(std::min<std::size_t>(4, line.size())) == text, "and its text");
        require(std::none_of(line.begin(), line.end(),
                             [](char c) { return is_control(c) && c != '\t'; }),
                "no control character reaches a client");
        rest.remove_prefix(end + 2);
        const bool last = line.size() == 3 || line[3] == ' ';
        require(last == rest.empty(), "the last line is the one that says so");
    }
    require(rest.empty(), "a reply is its lines");
}

/// `cuts` turns through its bits: a piece is of one octet where there is a 1, else longer.
Heard hear(std::string_view bytes, unsigned cuts) {
    Heard heard;
    ReplyParser parser;
    for (unsigned turn = 0; !bytes.empty(); ++turn) {
        const std::size_t octets = cuts == 0                        ? bytes.size()
                                   : (cuts >> turn % 16U & 1U) != 0 ? 1
                                                                    : 7;
        std::string_view piece = bytes.substr(0, octets);
        bytes.remove_prefix(piece.size());
        while (!piece.empty()) {
            const auto state = parser.take(piece);
            if (state == ReplyParser::State::malformed) {
                heard.malformed = true;
                return heard;
            }
            if (state == ReplyParser::State::more) {
                require(piece.empty(), "all is taken");
                break;
            }
            const Reply reply = parser.reply();
            require(parser.empty(), "the next one begins anew");
            check_reply(reply);
            if (reply.positive()) (void)smtp::keywords_of(reply);
            (void)smtp::why_no_starttls(reply);
            (void)smtp::why_no_handshake(reply);
            (void)smtp::why_no_xclient(reply);
            heard.replies.push_back(reply.wire);
        }
    }
    heard.half = !parser.empty();
    return heard;
}

}  // namespace
}  // namespace smtpblock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace smtpblock::fuzz;
    if (size < 2) return 0;
    const unsigned cuts = data[0] | static_cast<unsigned>(data[1]) << 8U;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    const Heard whole = hear(bytes, 0);
    require(hear(bytes, cuts | 1U) == whole, "however it is split, it says the same");
    require(hear(bytes, 0xffffU) == whole, "octet by octet too");
    return 0;
}
