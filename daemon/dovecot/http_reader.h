// The requests of a client that speaks HTTP/1.1 (RFC 9112), one after the other, also when it does
// not wait for the answers. Bounded: a head of 8 KiB, a body of 256 KiB, in chunks or not.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace smtpblock::dovecot {

struct HttpRequest {
    std::string method;
    std::string target;  ///< path and query, as they came
    std::string content_type;
    std::string key;  ///< of the header that was asked for; empty: there was none
    std::string body;
    bool keeps_alive = false;  ///< its client means to send another one
};

class HttpReader {
public:
    static constexpr std::size_t most_head_octets = 8 * 1024;
    /// All that Dovecot takes of a login (16 KiB) twice, each octet as \u00XX, has room.
    static constexpr std::size_t most_body_octets = 256 * 1024;

    /// The header whose value is `key`; empty: none.
    explicit HttpReader(std::string key_header);
    ~HttpReader();
    HttpReader(const HttpReader&) = delete;
    HttpReader& operator=(const HttpReader&) = delete;

    void add(std::string_view octets);
    /// The next one that is complete. Nothing: more must come, or fault() has come.
    std::optional<HttpRequest> next();
    /// The status (RFC 9110 15.5) for what is no request, after which nothing more is read; 0:
    /// none.
    unsigned fault() const;
    /// True once for a request whose client waits for a `100 Continue` before it sends the body.
    bool take_waiting();
    /// Nothing of another one has come.
    bool idle() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace smtpblock::dovecot
