// Logins that nobody chose: what a blocked one becomes says the same of whose it is, has the same
// length, and never the secret. rapidcheck prints how to see a failure again (RC_PARAMS).
#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

#include "common/base64.h"
#include "unit/sasl_support.h"

namespace smtpblock::smtp {
namespace {

using namespace std::string_literals;

rc::Gen<std::string> letters_of(const std::string& alphabet, std::size_t least) {
    return rc::gen::suchThat(rc::gen::container<std::string>(rc::gen::elementOf(alphabet)),
                             [least](const std::string& text) { return text.size() >= least; });
}

const std::string printable_ascii = [] {
    std::string out;
    for (char c = ' '; c <= '~'; ++c) out += c;
    return out;
}();

/// A space at either end would be malformed.
rc::Gen<std::string> user_name() {
    return rc::gen::suchThat(letters_of(printable_ascii, 1), [](const std::string& name) {
        return !name.starts_with(' ') && !name.ends_with(' ');
    });
}

std::string escaped(const std::string& name) {
    std::string out;
    for (const char c : name) out += c == ',' ? "=2C" : c == '=' ? "=3D" : std::string(1, c);
    return out;
}

/// The login with the secret in its place, and where the secret stands in the last response.
struct Login {
    std::vector<std::string> responses;
    std::string secret;
};

Login login(Mechanism mechanism, const std::string& user, const std::string& secret) {
    switch (mechanism) {
        case Mechanism::plain:
            return {{"\0"s + user + "\0"s + secret}, secret};
        case Mechanism::login:
            return {{user, secret}, secret};
        case Mechanism::cram_md5: {
            std::string digest;
            for (unsigned char octet : stirred(secret)) {
                digest += "0123456789abcdef"[octet % 16];
            }
            return {{user + " " + digest}, digest};
        }
        case Mechanism::scram_sha_1:
        case Mechanism::scram_sha_256: {
            const auto hash = stirred(secret);
            const std::size_t octets = mechanism == Mechanism::scram_sha_1 ? 20 : 32;
            const std::string proof =
                base64_encode({reinterpret_cast<const char*>(hash.data()), octets});
            return {{"n,,n=" + escaped(user) + ",r=nonce", "c=biws,r=nonceX,p=" + proof}, proof};
        }
        case Mechanism::xoauth2:
            return {{"user=" + user + "\1auth=Bearer " + secret + "\1\1"}, secret};
        case Mechanism::oauthbearer:
            return {{"n,a=" + escaped(user) + ",\1auth=Bearer " + secret + "\1\1"}, secret};
    }
    return {};
}

}  // namespace

TEST_CASE("a blocked login says whose it is, and not the secret") {
    rc::prop("of each mechanism, user and secret", [] {
        const auto mechanism = *rc::gen::elementOf(mechanisms);
        const auto user = *user_name();
        const auto secret = *letters_of(printable_ascii, 8);
        Login right = login(mechanism, user, secret);
        const Played first = played(mechanism, right.responses);
        RC_ASSERT(first.last.kind == SaslStep::Kind::secret);
        RC_ASSERT(first.identities == std::vector<std::string>{user});

        const std::string wrong = first.spoilt();
        RC_ASSERT(wrong != right.responses.back());
        RC_ASSERT(wrong.size() == right.responses.back().size());
        // The name may hold what the secret is.
        const bool named = user.find(right.secret) != std::string::npos;
        RC_ASSERT(named || wrong.find(right.secret) == std::string::npos);
        RC_ASSERT(played(mechanism, right.responses).spoilt() == wrong);

        right.responses.back() = wrong;
        const Played second = played(mechanism, right.responses);
        RC_ASSERT(second.last.kind == SaslStep::Kind::secret);
        RC_ASSERT(second.identities == first.identities);
    });
}

TEST_CASE("no response makes an exchange fail or its spoilt form unlike") {
    const std::string tokens = "n,y=a\1\0 puser=auth=Bearer c=r=p=2C3D"s;
    rc::prop("whatever octets come", [tokens] {
        const auto mechanism = *rc::gen::elementOf(mechanisms);
        const auto exchange = start_exchange(mechanism, test_keyed_hash());
        while (exchange->has_response()) {
            const auto response = *letters_of(tokens, 0);
            const SaslStep step = exchange->take(response);
            if (step.kind == SaslStep::Kind::malformed) break;
            if (step.kind != SaslStep::Kind::secret) continue;
            RC_ASSERT(step.spoilt.view() != response);
            for (const auto& identity : exchange->identities())
                RC_ASSERT(!identity.empty() && !has_control(identity));
        }
    });
}

}  // namespace smtpblock::smtp
