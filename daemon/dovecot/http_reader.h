// The requests of a client that speaks HTTP/1.1 (RFC 9112), one after the other, also when it does
// not wait for the answers. Each is told twice: once its head has been read, so that it can be
// refused before anything of its body is kept, and once it is complete. Bounded: a head, and a line
// between chunks, of 2 KiB, a body of 32 KiB, in chunks or not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace smtpblock::dovecot {

/// A request without its body.
struct HttpHead {
    std::string method;
    std::string target;  ///< path and query, as they came
    std::string content_type;
    std::string key;           ///< of the header that was asked for; empty: there was none
    bool too_large = false;    ///< its body is said to be larger than one may be
    bool waits = false;        ///< for a `100 Continue`, before the body is sent
    bool keeps_alive = false;  ///< its client means to send another one
};

class HttpReader {
public:
    /// What Dovecot 2.3 sends has 300 octets and the header with the key, of which an ApiHeader
    /// takes 1 KiB.
    static constexpr std::size_t most_head_octets = 2 * 1024;
    /// A client is read by Dovecot in lines of 16 KiB of Base64 (AUTH_CLIENT_MAX_LINE_LENGTH), so
    /// that a name has at most 12 KiB; it is sent twice, as it is where it is valid UTF-8 without
    /// control characters. All the rest has less than 1 KiB.
    static constexpr std::size_t most_body_octets = 32 * 1024;

    enum class State : std::uint8_t {
        more,      ///< nothing new: more octets must come
        head,      ///< head() is that of the next request
        complete,  ///< and so is its body()
        flawed,    ///< it is no request, or a larger one than is taken: nothing more is read
    };

    /// The header whose value is `key`; empty: none.
    explicit HttpReader(std::string key_header);
    ~HttpReader();
    HttpReader(const HttpReader&) = delete;
    HttpReader& operator=(const HttpReader&) = delete;

    /// Takes off the front of `octets` what it reads, or keeps of the rest, up to the next change
    /// of state.
    State read(std::string_view& octets);
    /// Once `head` has been told, until `complete` has.
    const HttpHead& head() const;
    /// Once `complete` has been told, until the next read().
    std::string_view body() const;
    /// The status (RFC 9110 15.5) for what is `flawed`.
    unsigned fault() const;
    /// Nothing of another one has come.
    bool idle() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace smtpblock::dovecot
