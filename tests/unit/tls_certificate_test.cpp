#include <unistd.h>

#include <chrono>

#include "daemon/net/tls/certificate.h"
#include "unit/test_authority.h"

namespace smtpblock::tls {
namespace {

using test::TemporaryDirectory;
using test::TestAuthority;

constexpr auto day = std::chrono::hours(24);

Time now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

Certificate good(const CertificateFiles& files) {
    auto loaded = Certificate::load(files);
    INFO((loaded ? "" : loaded.error().message));
    REQUIRE(loaded);
    return *std::move(loaded);
}

std::string refusal(const CertificateFiles& files) {
    const auto loaded = Certificate::load(files);
    REQUIRE_FALSE(loaded);
    return loaded.error().message;
}

bool holds(const std::string& text, const std::string& part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

struct Folder {
    TemporaryDirectory directory;
    TestAuthority authority{directory};
};

}  // namespace

TEST_CASE_METHOD(Folder, "a certificate says whom it is for, and until when") {
    const auto one =
        good(authority.issue("a", {"mx.example.org", "*.example.net", "192.0.2.1", "2001:db8::1"}));
    CHECK(one.names() ==
          std::vector<std::string>{"mx.example.org", "*.example.net", "192.0.2.1", "2001:db8::1"});
    CHECK(one.is_for("mx.example.org"));
    CHECK(one.is_for("MX.Example.Org"));
    CHECK(one.is_for("any.example.net"));
    CHECK_FALSE(one.is_for("example.net"));
    CHECK_FALSE(one.is_for("mx.example.com"));
    CHECK(one.expires() > now() + 29 * day);
    CHECK(one.expires() <= now() + 30 * day);
    CHECK_FALSE(one.invalid_at(now()));
    CHECK_FALSE(one.warning());
}

TEST_CASE_METHOD(Folder, "a certificate that clients refuse says why") {
    const auto expired = good(authority.issue("a", {"mx.example.org"}, {.begins = -9, .ends = -1}));
    const auto flaw = expired.invalid_at(now());
    REQUIRE(flaw);
    CHECK(flaw->starts_with("'" + directory / "a.pem" + "': the certificate expired at 2"));
    CHECK_FALSE(expired.invalid_at(now() - 2 * day));
    const auto early = good(authority.issue("b", {"mx.example.org"}, {.begins = 2}));
    REQUIRE(early.invalid_at(now()));
    CHECK(holds(*early.invalid_at(now()), "b.pem': the certificate is not valid before 2"));
    CHECK_FALSE(early.invalid_at(now() + 3 * day));
}

TEST_CASE_METHOD(Folder, "an intermediate certificate that has expired spoils the chain") {
    const auto fresh = good(authority.issue_below("a", "mx.example.org", 5));
    CHECK_FALSE(fresh.invalid_at(now()));
    CHECK(fresh.expires() < now() + 6 * day);
    const auto stale = good(authority.issue_below("b", "mx.example.org", -1));
    REQUIRE(stale.invalid_at(now()));
    CHECK(holds(*stale.invalid_at(now()),
                "b.pem': the intermediate certificate 'Intermediate CA' expired at 2"));
}

TEST_CASE_METHOD(Folder, "what cannot be a certificate and its key is refused, by file and why") {
    const auto files = authority.issue("a", {"mx.example.org"});
    const std::string text = directory.write("text", "no certificate\n");
    const std::string missing = directory / "missing";
    CHECK(refusal({missing, files.key}) ==
          "cannot read '" + missing + "': No such file or directory");
    CHECK(refusal({files.chain, missing}) ==
          "cannot read '" + missing + "': No such file or directory");
    CHECK(holds(refusal({text, files.key}), "text': holds no certificate in PEM form"));
    CHECK(holds(refusal({files.key, files.key}), "a.key': holds no certificate in PEM form"));
    CHECK(holds(refusal({files.chain, text}), "text': holds no private key in PEM form"));
    CHECK(holds(refusal({files.chain, files.chain}), "a.pem': holds no private key in PEM form"));
    CHECK(holds(refusal({files.chain, authority.encrypted(files)}),
                "a.key.encrypted': the key is encrypted"));
    const auto other = authority.issue("b", {"mx.example.org"}, {.rsa = true});
    CHECK(holds(refusal({files.chain, other.key}), "b.key': not the key of the certificate in '"));
    const std::string whole = test::contents(files.chain);
    const std::string damaged = directory.write("damaged", whole + whole.substr(0, 200) + "\n");
    CHECK(holds(refusal({damaged, files.key}), "damaged': a damaged certificate: "));
}

TEST_CASE_METHOD(Folder, "a key that the daemon's user cannot read is refused") {
    if (geteuid() == 0) return;  // whom no mode stops
    const auto files = authority.issue("a", {"mx.example.org"});
    REQUIRE(chmod(files.key.c_str(), 0) == 0);
    CHECK(refusal(files) ==
          "cannot read '" + files.key + "': Permission denied; the daemon's user must be able to");
}

TEST_CASE_METHOD(Folder, "a key that everybody can read is warned of") {
    const auto files = authority.issue("a", {"mx.example.org"});
    REQUIRE(chmod(files.key.c_str(), 0644) == 0);
    const auto one = good(files);
    REQUIRE(one.warning());
    CHECK(*one.warning() == "'" + files.key +
                                "': everybody on this host can read this key; "
                                "chmod o-r");
}

}  // namespace smtpblock::tls
