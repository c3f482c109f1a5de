// A message as it lies in a Maildir: the trace lines before it, dots unstuffed, lines ended by LF.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace smtpblock::maildir {

/// What is written before the message (RFC 5321 4.4).
struct Trace {
    std::string sender;                   ///< without brackets; empty: the null sender
    std::vector<std::string> recipients;  ///< likewise
    std::string greeted_as;               ///< the client's EHLO name, as it was sent
    std::string client;                   ///< its address; empty when it is not known
    std::string host;                     ///< ours
    std::string protocol;                 ///< SMTP, ESMTP, ESMTPA (RFC 3848)
    std::string id;

    std::string text(std::chrono::sys_seconds now) const;
};

/// Turns what DataScanner passes on into lines that end with LF. Takes it in pieces.
class Unstuffer {
public:
    void append(std::string_view wire, std::string& out);

private:
    bool line_start_ = true;
};

}  // namespace smtpblock::maildir
