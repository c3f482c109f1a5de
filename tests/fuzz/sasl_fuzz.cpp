// Whatever a client says to whatever mechanism. The first octet is the mechanism, in the order of
// `mechanisms`; the responses follow, parted by CRLF.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "common/text.h"
#include "daemon/smtp/sasl_exchange.h"
#include "fuzz/require.h"
#include "unit/stirred.h"

namespace smtpblock::fuzz {
namespace {

using smtp::Mechanism;
using smtp::SaslStep;
using Words = std::vector<std::string>;

/// What a login says, as a reader that takes more than it must would have it: the secret ones of
/// its words, and whoever it could be. Read apart from the code that is tested.
struct Reading {
    Words secrets;
    Words users;
};

Words split(std::string_view text, char at) {
    Words parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find(at, begin), text.size());
        parts.emplace_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

std::string until_nul(std::string_view text) {
    return std::string(text.substr(0, text.find('\0')));
}

Reading read_plain(std::string_view message) {
    const Words parts = split(message, '\0');
    if (parts.size() < 3) return {};
    return {{parts[2]}, {parts[1]}};
}

Reading read_cram(std::string_view message) {
    const auto space = message.rfind(' ');
    if (space == message.npos) return {};
    return {{std::string(message.substr(space + 1))}, {until_nul(message.substr(0, space))}};
}

std::string without_escapes(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const std::string_view escape = name.substr(i, 3);
        const bool comma = escape == "=2C";
        out += comma ? ',' : name[i];
        if (comma || escape == "=3D") i += 2;
    }
    return out;
}

Reading read_scram(const Words& said) {
    if (said.size() < 2) return {};
    Reading reading;
    for (const std::string& field : split(said[0], ','))
        if (field.starts_with("n=")) reading.users = {without_escapes(field.substr(2))};
    for (const std::string& field : split(said[1], ','))
        if (field.starts_with("p=")) reading.secrets.push_back(field.substr(2));
    return reading;
}

/// As Dovecot does it: up to the first NUL; whatever user stands last is the one.
Reading read_oauth(Mechanism mechanism, std::string_view message) {
    Reading reading;
    const Words fields = split(until_nul(message), '\x01');
    if (mechanism == Mechanism::oauthbearer)
        for (const std::string& word : split(fields[0], ','))
            if (word.starts_with("a=")) reading.users = {without_escapes(word.substr(2))};
    for (const std::string& field : fields) {
        if (mechanism == Mechanism::xoauth2 && field.starts_with("user="))
            reading.users = {field.substr(5)};
        if (field.starts_with("auth=") && starts_with_ignoring_case(field.substr(5), "bearer "))
            reading.secrets.push_back(field.substr(12));
    }
    return reading;
}

Reading read(Mechanism mechanism, const Words& said) {
    switch (mechanism) {
        case Mechanism::plain:
            return read_plain(said[0]);
        case Mechanism::login:
            return said.size() < 2 ? Reading{} : Reading{{said[1]}, {said[0]}};
        case Mechanism::cram_md5:
            return read_cram(said[0]);
        case Mechanism::scram_sha_1:
        case Mechanism::scram_sha_256:
            return read_scram(said);
        case Mechanism::xoauth2:
        case Mechanism::oauthbearer:
            return read_oauth(mechanism, said[0]);
    }
    return {};
}

/// What the exchange makes of responses of which the last holds the secret.
struct Outcome {
    SaslStep::Kind kind = SaslStep::Kind::malformed;
    std::string spoilt;
    Words identities;
    Words said;  ///< the responses up to the one that was no more open, or all
};

Outcome play(Mechanism mechanism, const Words& responses) {
    static const smtp::KeyedHash hash = stirred;
    const auto exchange = smtp::start_exchange(mechanism, hash);
    Outcome outcome;
    for (const std::string& response : responses) {
        if (!exchange->has_response()) break;
        const SaslStep step = exchange->take(response);
        outcome.said.push_back(response);
        outcome.kind = step.kind;
        outcome.spoilt = step.spoilt.view();
        if (step.kind == SaslStep::Kind::malformed)
            require(!exchange->has_response(), "nothing is asked for behind what is malformed");
        if (step.kind != SaslStep::Kind::open) break;
        require(step.spoilt.empty(), "only a secret is spoilt");
    }
    outcome.identities = exchange->identities();
    for (const std::string& identity : outcome.identities)
        require(!identity.empty() && !smtp::has_control(identity), "an identity could be a name");
    return outcome;
}

/// 32 digits and more: what a server compares with those that it expects.
bool is_digest(std::string_view text) {
    return text.size() >= 32 && std::all_of(text.begin(), text.begin() + 32, [](char c) {
               return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f');
           });
}

void check_secrets(Mechanism mechanism, const Reading& right, const Reading& wrong) {
    require(right.secrets.size() == wrong.secrets.size(), "as many secrets as before");
    for (std::size_t i = 0; i < right.secrets.size(); ++i) {
        if (mechanism == Mechanism::cram_md5 && !is_digest(right.secrets[i])) continue;
        if (mechanism == Mechanism::cram_md5)
            require(right.secrets[i].substr(0, 32) != wrong.secrets[i].substr(0, 32),
                    "another digest, wherever it is cut");
        else
            require(right.secrets[i] != wrong.secrets[i], "no secret is the right one");
    }
}

bool names(const Words& identities, const std::string& user) {
    return std::find(identities.begin(), identities.end(), user) != identities.end();
}

void try_one(Mechanism mechanism, const Words& responses) {
    const Outcome first = play(mechanism, responses);
    if (first.said.empty()) return;
    const Reading right = read(mechanism, first.said);
    if (first.kind == SaslStep::Kind::open) {
        const bool judged = right.secrets.empty() || right.users.empty() ||
                            right.users.front().empty() || mechanism == Mechanism::cram_md5;
        require(judged, "what goes on unjudged holds no secret");
        return;
    }
    if (first.kind != SaslStep::Kind::secret) return;

    for (const std::string& user : right.users)
        require(user.empty() || names(first.identities, user), "whoever it could be is known");
    require(first.spoilt != first.said.back(), "a secret is spoilt");
    require(play(mechanism, responses).spoilt == first.spoilt, "always in the same way");

    Words changed = first.said;
    changed.back() = first.spoilt;
    const Outcome second = play(mechanism, changed);
    require(second.kind == SaslStep::Kind::secret, "a spoilt login is a login");
    require(second.identities == first.identities, "of the same account");
    check_secrets(mechanism, right, read(mechanism, changed));
}

}  // namespace
}  // namespace smtpblock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace smtpblock;
    if (size == 0) return 0;
    const smtp::Mechanism mechanism = smtp::mechanisms[data[0] % smtp::mechanisms.size()];
    std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    fuzz::Words responses;
    for (std::size_t begin = 0; begin <= rest.size();) {
        const auto end = std::min(rest.find("\r\n", begin), rest.size());
        responses.emplace_back(rest.substr(begin, end - begin));
        begin = end + 2;
    }
    fuzz::try_one(mechanism, responses);
    return 0;
}
