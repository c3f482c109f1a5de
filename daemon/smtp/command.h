// A command line, parsed (RFC 5321 4.1.1, RFC 4954 4). Views into the line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/address.h"

namespace smtpblock::smtp {

enum class Verb : std::uint8_t {
    helo,
    ehlo,
    mail,
    rcpt,
    data,
    rset,
    noop,
    quit,
    vrfy,
    auth,
    starttls,
    xclient,          ///< Postfix's, from a front that is listed
    not_implemented,  ///< a verb of the RFCs that is not offered: EXPN, ETRN, HELP
    bdat,
    not_smtp,  ///< another protocol's first line, or none at all: no use to talk on
    unknown,
};

struct Command {
    Verb verb = Verb::unknown;
    std::string_view argument;  ///< behind the verb and its white space, none at either end

    static Command parse(std::string_view line);
};

/// A Reverse-path or Forward-path (RFC 5321 4.1.2) as it stood in a command.
struct Path {
    std::string typed;    ///< between the brackets, with its source route; empty: the null path
    std::string mailbox;  ///< without the source route
    Address address;      ///< canonical; the domain is empty for a bare `<postmaster>`

    bool null() const { return mailbox.empty(); }
    /// The mailbox as Postfix has it in a reply: what was quoted in it stands there as it is.
    std::string in_replies() const;
};

/// A path and its parameters, as MAIL FROM and RCPT TO have them.
struct PathArgument {
    enum class Fault : std::uint8_t {
        none,
        syntax,   ///< no `FROM:<...>` at all
        address,  ///< the address cannot be parsed
    };

    Fault fault = Fault::none;
    Path path;
    bool eight_bit = false;  ///< the path needs SMTPUTF8 (RFC 6531)
    std::vector<std::string_view> parameters;

    /// `keyword` is `FROM:` or `TO:`. White space behind the colon and missing brackets are let
    /// through, as Postfix does.
    static PathArgument parse(std::string_view argument, std::string_view keyword);
};

/// What stands behind BDAT (RFC 3030 2): a size in octets, and LAST where it is the last chunk.
struct ChunkArgument {
    std::uint64_t octets = 0;  ///< 2^63 and one where it is more
    bool last = false;

    static constexpr std::uint64_t most_octets = std::uint64_t{1} << 63;
    /// Nothing when it is none.
    static std::optional<ChunkArgument> parse(std::string_view argument);
};

}  // namespace smtpblock::smtp
