// A dialogue in a text file, read into steps. The lines of it:
//
//   # a comment
//   [listener] direction=out auth=plain     options (stage.cpp has them all)
//   [rules] email a@example.com reject in   a rule from here on; `add` may stand before it
//   [rules] delete email a@example.com
//   [store] breaks                          from here on no rule can be read
//   [daemon] drains                         it is told to stop; a second time: its patience is out
//   [time] 300s                             passes; what is due is done at its time
//
//   C: EHLO a.example | QUIT                client says, in one packet; each part gets its CRLF
//   S: 250 2.1.0 Ok                         client must see this line
//   S~ ^250                                 a whole reply, in which the expression finds something
//   S: closed                               the end
//   [client] closes                         half of its connection; `resets`: all of it
//   [client] starts TLS                     the handshake must be wanted, and is done; of what the
//                                           client had said and nobody has read nothing is left
//   [client] waits                          what stands below is never sent together with what
//                                           stands above, since the answers between change it
//
//   U> MAIL FROM:<a@b>                      upstream must get this line
//   U~ ^AUTH                                a line in which the expression finds something
//   U> closed                               the end; `cut off`: whatever it got before it
//   U< 250 Ok                               upstream says, like `C:`
//   [upstream] greets NAME KEYWORD | ...    short for banner, EHLO NAME and the answer to it
//   [upstream] refuses the connection       from here on; `is silent`: neither takes nor refuses
//                                           it; `answers`: takes it, as it does from the start
//   [upstream] stops reading                what is written to it stays on its way
//   [upstream] starts TLS                   like `[client] starts TLS`
//   [upstream] closes                       its half of the connection; `resets`: all of it
//   [upstream] never connected              looked at when all is over
//   [upstream] is kept                      likewise: with `keeps=yes`, for another session; or
//                                           `is not kept`
//   [upstream] never gets TEXT              likewise, as it is and inside base64
//
// Escapes: \r \n \t \0 \xNN \\ \s (a space), \c at the end of a part (no CRLF behind it), and
// {100*text} (a hundred times). A bar with spaces around it stands between parts.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smtpblock::transcripts {

enum class Act : std::uint8_t {
    client_says,
    client_sees,
    client_sees_like,
    client_sees_end,
    client_half_closes,
    client_resets,
    client_starts_tls,
    client_waits,
    upstream_says,
    upstream_gets,
    upstream_gets_like,
    upstream_gets_end,
    upstream_is_cut_off,
    upstream_stops_reading,
    upstream_starts_tls,
    upstream_closes,
    upstream_resets,
    upstream_refuses,
    upstream_is_silent,
    upstream_answers,
    rule_added,
    rule_deleted,
    store_breaks,
    daemon_drains,
    time_passes,
};

struct Step {
    Act act = Act::client_says;
    std::string text;  ///< said, awaited, or the rule
    std::chrono::seconds time{0};
    int line = 0;  ///< of the file
};

struct Transcript {
    std::string name;
    std::vector<std::string> listener;  ///< `key=value`, in order
    std::vector<std::string> never_gets;
    bool never_connected = false;
    std::optional<bool> is_kept;
    std::vector<Step> steps;
};

/// Throws std::runtime_error with file and line where the text is no transcript.
Transcript parse(std::string name, std::string_view text);
Transcript read(const std::string& path);

}  // namespace smtpblock::transcripts
