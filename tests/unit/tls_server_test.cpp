#include "daemon/net/tls/server.h"
#include "unit/test_authority.h"
#include "unit/tls_pair.h"

namespace smtpblock::tls {
namespace {

using test::TemporaryDirectory;
using test::TestAuthority;
using test::TlsPair;

/// A client of a plain kind, which verifies nothing.
struct AnyClient {
    SslContext context{SSL_CTX_new(TLS_client_method())};
    SslSession session;

    AnyClient() {
        SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT);
        SSL_CTX_set_app_data(context.get(), this);
        SSL_CTX_sess_set_new_cb(context.get(), [](SSL* ssl, SSL_SESSION* fresh) {
            void* self = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
            static_cast<AnyClient*>(self)->session.reset(fresh);
            return 1;
        });
    }
    Ssl stream(std::string name = "") {
        Ssl ssl(SSL_new(context.get()));
        SSL_set_connect_state(ssl.get());
        if (!name.empty())
            SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                     name.data());
        if (session) SSL_set_session(ssl.get(), session.get());
        return ssl;
    }
};

struct Folder {
    TemporaryDirectory directory;
    TestAuthority authority{directory};
    TicketKeys keys{std::chrono::steady_clock::now()};

    std::unique_ptr<Server> server(const std::vector<CertificateFiles>& files,
                                   const char* listener = "mx") {
        auto loaded = Server::load(files, listener, keys);
        INFO((loaded ? "" : loaded.error().message));
        REQUIRE(loaded);
        return *std::move(loaded);
    }
    /// The file of the certificate that a client sees who asks for that name.
    std::string shown(const Server& server, const std::string& name, const char* types = "") {
        AnyClient client;
        SSL_CTX_set_max_proto_version(client.context.get(), TLS1_2_VERSION);
        if (*types != '\0') REQUIRE(SSL_CTX_set_cipher_list(client.context.get(), types) == 1);
        TlsPair pair(server.stream(), client.stream(name));
        if (!pair.shake()) return pair.client.why();
        const std::unique_ptr<X509, FreedBy<X509_free>> seen(
            SSL_get1_peer_certificate(pair.client_handle));
        for (const Certificate& one : server.certificates())
            if (X509_cmp(one.leaf(), seen.get()) == 0)
                return one.files().chain.substr(directory.path().size() + 1);
        return "another one";
    }
    /// Whether a client who comes again is known.
    bool resumes(const Server& before, const Server& after, int version) {
        AnyClient client;
        SSL_CTX_set_min_proto_version(client.context.get(), version);
        SSL_CTX_set_max_proto_version(client.context.get(), version);
        TlsPair first(before.stream(), client.stream("mx.example.org"));
        REQUIRE(first.shake());
        first.talk();
        REQUIRE(client.session);
        CHECK(SSL_session_reused(first.client_handle) == 0);
        TlsPair second(after.stream(), client.stream("mx.example.org"));
        REQUIRE(second.shake());
        second.talk();
        return SSL_session_reused(second.client_handle) == 1;
    }
};

}  // namespace

TEST_CASE_METHOD(Folder, "the certificate is the one for the name that the client asks for") {
    const auto both = server({authority.issue("first", {"mx.example.org"}),
                              authority.issue("second", {"*.example.net", "mail.example.com"})});
    CHECK(shown(*both, "mx.example.org") == "first.pem");
    CHECK(shown(*both, "any.example.net") == "second.pem");
    CHECK(shown(*both, "MAIL.example.com") == "second.pem");
    CHECK(shown(*both, "unknown.example") == "first.pem");
    CHECK(shown(*both, "") == "first.pem");
}

TEST_CASE_METHOD(Folder, "of two types of key for one name, the client gets the one he can use") {
    const auto pair = server({authority.issue("rsa", {"mx.example.org"}, {.rsa = true}),
                              authority.issue("ec", {"mx.example.org"}),
                              authority.issue("other", {"other.example.org"})});
    for (const char* name : {"mx.example.org", "unknown.example", ""}) {
        CHECK(shown(*pair, name, "ECDHE-RSA-AES128-GCM-SHA256") == "rsa.pem");
        CHECK(shown(*pair, name, "ECDHE-ECDSA-AES128-GCM-SHA256") == "ec.pem");
    }
    CHECK(shown(*pair, "other.example.org", "ECDHE-ECDSA-AES128-GCM-SHA256") == "other.pem");
    CHECK(shown(*pair, "other.example.org", "ECDHE-RSA-AES128-GCM-SHA256").starts_with("TLS: "));
}

TEST_CASE_METHOD(Folder, "a pair of another type for another name is not the default") {
    const auto two = server({authority.issue("rsa", {"mx.example.org"}, {.rsa = true}),
                             authority.issue("ec", {"other.example.org"})});
    CHECK(shown(*two, "") == "rsa.pem");
    CHECK(shown(*two, "", "ECDHE-ECDSA-AES128-GCM-SHA256").starts_with("TLS: "));
}

TEST_CASE_METHOD(Folder,
                 "sessions are resumed, with new certificates too, by their listener only") {
    const auto files = authority.issue("a", {"mx.example.org"});
    const auto one = server({files});
    const auto renewed = server({authority.issue("a", {"mx.example.org"})});
    const auto elsewhere = server({files}, "submission");
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        CHECK(resumes(*one, *one, version));
        CHECK(resumes(*one, *renewed, version));
        CHECK_FALSE(resumes(*one, *elsewhere, version));
    }
}

TEST_CASE_METHOD(Folder, "no server keeps a session, and none from before its process is known") {
    const auto one = server({authority.issue("a", {"mx.example.org"})});
    TicketKeys others(std::chrono::steady_clock::now());
    const auto restarted = Server::load({one->certificates()[0].files()}, "mx", others);
    REQUIRE(restarted);
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION})
        CHECK_FALSE(resumes(*one, **restarted, version));
}

TEST_CASE_METHOD(Folder, "versions before TLS 1.2 are refused") {
    const auto one = server({authority.issue("a", {"mx.example.org"})});
    AnyClient client;
    SSL_CTX_set_security_level(client.context.get(), 0);
    SSL_CTX_set_min_proto_version(client.context.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(client.context.get(), TLS1_1_VERSION);
    TlsPair pair(one->stream(), client.stream());
    CHECK_FALSE(pair.shake());
    CHECK(pair.client.why().find("protocol version") != std::string::npos);
}

TEST_CASE_METHOD(Folder, "what OpenSSL's policy refuses is refused by file") {
    const auto weak = authority.issue("weak", {"mx.example.org"}, {.rsa = true, .bits = 512});
    const auto loaded = Server::load({weak}, "mx", keys);
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().message ==
          "'" + weak.chain + "': OpenSSL does not take it: ee key too small");
}

TEST_CASE_METHOD(Folder, "a connection outlives the certificates that it began with") {
    auto one = server({authority.issue("a", {"mx.example.org"})});
    AnyClient client;
    TlsPair pair(one->stream(), client.stream("mx.example.org"));
    one.reset();
    CHECK(pair.shake());
    pair.talk();
}

}  // namespace smtpblock::tls
