// What the front must understand of a login (RFC 4422): whose it is, and how its secret is made a
// wrong one. Everything else about it is the upstream's. One class a mechanism; the session knows
// this interface alone.
//
// Each reads as strictly as the standard writes: what one upstream might read as another identity
// than we do is malformed here. What is malformed, or holds no secret, must never succeed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/smtp/mechanism.h"
#include "daemon/smtp/sasl_spoil.h"
#include "daemon/smtp/secret.h"
#include "daemon/smtp/session_options.h"

namespace smtpblock::smtp {

/// What one response of the client is.
struct SaslStep {
    enum class Kind : std::uint8_t {
        open,       ///< nothing to judge: it goes on as it is
        secret,     ///< the login is judged by it: `spoilt` takes its place for one who is blocked
        malformed,  ///< cannot be judged, so it must not go on
    };
    Kind kind = Kind::malformed;
    /// The whole response with a wrong secret, not coded: always the same one for the same secret,
    /// of its own shape and length, never a right one.
    Secret spoilt;
    /// A secret such as programs send: others may fail in words that are for them alone.
    bool usual = true;
};

class SaslExchange {
public:
    /// `keyed_hash` must outlive it.
    SaslExchange(Mechanism mechanism, const KeyedHash& keyed_hash)
        : mechanism_(mechanism), keyed_hash_(keyed_hash) {}
    virtual ~SaslExchange() = default;
    SaslExchange(const SaslExchange&) = delete;
    SaslExchange& operator=(const SaslExchange&) = delete;

    /// The initial response, decoded (RFC 4954 4).
    virtual SaslStep take_initial(std::string_view response) { return take(response); }
    /// A response, decoded, to a challenge; only while it has one.
    virtual SaslStep take(std::string_view response) = 0;
    /// The client may be asked for a response. Never again after a malformed one.
    virtual bool has_response() const = 0;

    /// As the responses so far have them, the one that logs in first; none is empty.
    const std::vector<std::string>& identities() const { return identities_; }

protected:
    /// False when an upstream might make another name of it, by cutting it at a control character
    /// or taking off a space at its end. An empty one is none.
    bool add_identity(std::string_view identity);
    Mechanism mechanism() const { return mechanism_; }
    /// What a wrong one in the place of `secret` is made of.
    Spoiler spoiler_of(std::string_view secret) const { return Spoiler(secret, keyed_hash_); }

private:
    const Mechanism mechanism_;
    const KeyedHash& keyed_hash_;
    std::vector<std::string> identities_;
};

/// A new exchange; `keyed_hash` must outlive it.
std::unique_ptr<SaslExchange> start_exchange(Mechanism mechanism, const KeyedHash& keyed_hash);

bool has_control(std::string_view text);

}  // namespace smtpblock::smtp
