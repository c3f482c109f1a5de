#include <cstdlib>
#include <optional>

#include "daemon/net/tls/client.h"
#include "daemon/net/tls/server.h"
#include "unit/test_authority.h"
#include "unit/tls_pair.h"

namespace smtpblock::tls {
namespace {

using test::TemporaryDirectory;
using test::TestAuthority;
using test::TlsPair;

/// A variable that a test sets, as it was before when it goes.
class Variable {
public:
    Variable(const char* name, const std::string& value) : name_(name) {
        if (const char* before = std::getenv(name); before != nullptr) before_ = before;
        setenv(name, value.c_str(), 1);
    }
    ~Variable() {
        if (before_)
            setenv(name_, before_->c_str(), 1);
        else
            unsetenv(name_);
    }
    Variable(const Variable&) = delete;

private:
    const char* name_;
    std::optional<std::string> before_;
};

struct Folder {
    TemporaryDirectory directory;
    TestAuthority authority{directory};
    TicketKeys keys{std::chrono::steady_clock::now()};
    Variable trusted{"SSL_CERT_FILE", authority.ca()};

    std::unique_ptr<Server> server(const CertificateFiles& files) {
        auto loaded = Server::load({files}, "mx", keys);
        REQUIRE(loaded);
        return *std::move(loaded);
    }
    /// Why a client refuses that certificate for that host; empty: it does not.
    std::string refusal(const CertificateFiles& files, const std::string& host,
                        bool verify = true) {
        const auto serving = server(files);
        Client client(host, verify);
        TlsPair pair(serving->stream(), client.stream());
        if (pair.shake()) return "";
        CHECK_FALSE(pair.client.why().empty());
        return pair.client.why();
    }
};

}  // namespace

TEST_CASE_METHOD(Folder, "an upstream is who its certificate says, by name or by address") {
    const auto files = authority.issue("a", {"mx.example.org", "192.0.2.1", "2001:db8::1"});
    CHECK(refusal(files, "mx.example.org").empty());
    CHECK(refusal(files, "192.0.2.1").empty());
    CHECK(refusal(files, "2001:db8::1").empty());
    CHECK(refusal(files, "mx.example.net") ==
          "certificate verify failed: hostname mismatch (mx.example.net)");
    CHECK(refusal(files, "192.0.2.2") ==
          "certificate verify failed: IP address mismatch (192.0.2.2)");
    CHECK(refusal(files, "mx.example.net", false).empty());
}

TEST_CASE_METHOD(Folder, "a certificate that is expired or of a stranger is refused") {
    const auto expired = authority.issue("a", {"mx.example.org"}, {.begins = -9, .ends = -1});
    CHECK(refusal(expired, "mx.example.org") ==
          "certificate verify failed: certificate has expired (mx.example.org)");
    CHECK(refusal(expired, "mx.example.org", false).empty());
    CHECK(refusal(authority.issue_below("b", "mx.example.org", 5), "mx.example.org").empty());

    const TemporaryDirectory elsewhere;
    TestAuthority stranger(elsewhere);
    const auto strange = stranger.issue("a", {"mx.example.org"});
    const std::string why = refusal(strange, "mx.example.org");
    CHECK(why.starts_with("certificate verify failed: "));
    CHECK(why.ends_with(" (mx.example.org)"));
    CHECK(refusal(strange, "mx.example.org", false).empty());
}

TEST_CASE_METHOD(Folder, "a client that comes again resumes its session") {
    const auto serving = server(authority.issue("a", {"mx.example.org"}));
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        Client client("mx.example.org", true);
        for (const int reused : {0, 1, 1}) {
            Ssl ssl = serving->stream();
            SSL_set_max_proto_version(ssl.get(), version);
            TlsPair pair(std::move(ssl), client.stream());
            REQUIRE(pair.shake());
            INFO(SSL_get_version(pair.client_handle));
            pair.talk();
            CHECK(SSL_version(pair.client_handle) == version);
            CHECK(SSL_session_reused(pair.client_handle) == reused);
            pair.client.close_notify();  // of one that was cut off nothing is resumed
        }
    }
}

TEST_CASE_METHOD(Folder, "the peer's words say why no TLS came about") {
    const auto serving = server(authority.issue("a", {"mx.example.org"}));
    Client client("mx.example.net", true);
    TlsPair pair(serving->stream(), client.stream());
    CHECK_FALSE(pair.shake());
    INFO(pair.server.why());
    CHECK(pair.server.why().starts_with("TLS: "));
    CHECK(pair.server.why().find("alert") != std::string::npos);
}

}  // namespace smtpblock::tls
