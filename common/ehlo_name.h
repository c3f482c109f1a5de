// A name given in EHLO or HELO as it is compared. A client may say anything there, so anything has
// a form: nothing at all, an address literal (bracketed, bare, or with one of its brackets lost),
// or a text, folded and with its U-labels as A-labels. Who says `""` means nothing at all, as the
// pattern of that spelling does.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ip_address.h"

namespace smtpblock {

struct EhloName {
    std::string text;                  ///< canonical: `[192.0.2.7]`, `mail.example.com`, or empty
    std::optional<IpAddress> address;  ///< when the name is an address literal
    /// Where we are told of a name in which others have replaced characters: what it may have been,
    /// in canonical form. Rules for one such name alone match it too.
    std::vector<std::string> originals{};

    /// `argument` is what stands behind the verb, up to the first white space.
    static EhloName parse(std::string_view argument);
    /// `name` as a text, even if it is an address: idna_form() without trailing dots.
    static std::string text_form(std::string_view name);

    friend bool operator==(const EhloName&, const EhloName&) = default;
};

}  // namespace smtpblock
