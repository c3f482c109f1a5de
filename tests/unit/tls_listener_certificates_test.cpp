#include <fcntl.h>

#include <chrono>

#include "daemon/net/tls/listener_certificates.h"
#include "unit/test_authority.h"

namespace smtpblock::tls {
namespace {

using test::TemporaryDirectory;
using test::TestAuthority;

struct Folder {
    TemporaryDirectory directory;
    TestAuthority authority{directory};
    TicketKeys keys{std::chrono::steady_clock::now()};
    ListenerCertificates certificates{keys};
    int descriptor =
        open((directory / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    guard::Log log{descriptor, guard::LogLevel::info, false};

    ~Folder() { close(descriptor); }

    void read() {
        const auto read = certificates.read();
        INFO((read ? "" : read.error().message));
        REQUIRE(read);
    }
    /// Why those files, read now, may not take the place of what was read; empty: they may.
    std::string flaw_of(const std::vector<CertificateFiles>& files) {
        ListenerCertificates fresh(keys);
        fresh.add("mx", files);
        if (const auto read = fresh.read(); !read) return read.error().message;
        const auto may = fresh.may_replace(certificates);
        return may ? "" : may.error().message;
    }
};

bool holds(const std::string& text, const std::string& part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE_METHOD(Folder, "a listener without certificates has no TLS") {
    certificates.add("plain", {});
    certificates.add(
        "mx", {authority.issue("a", {"mx.example.org"}), authority.issue("b", {"b.example.org"})});
    read();
    CHECK_FALSE(certificates.of(0));
    REQUIRE(certificates.of(1));
    CHECK(certificates.of(1)->certificates().size() == 2);
    CHECK(certificates.count() == 2);
}

TEST_CASE_METHOD(Folder, "new certificates may take the place of old ones") {
    const auto files = authority.issue("a", {"mx.example.org"});
    certificates.add("mx", {files});
    read();
    authority.issue("a", {"mx.example.org", "new.example.org"});
    CHECK(flaw_of({files, authority.issue("b", {"b.example.org"})}).empty());
    CHECK(flaw_of({}).empty());
}

TEST_CASE_METHOD(Folder, "one that clients refuse does not take the place of one that they take") {
    const auto files = authority.issue("a", {"mx.example.org"});
    certificates.add("mx", {files});
    read();
    authority.issue("a", {"mx.example.org"}, {.begins = -9, .ends = -1});
    CHECK(holds(flaw_of({files}), "'" + files.chain + "': the certificate expired at "));
    CHECK(certificates.invalid().empty());
    const auto other = authority.issue("b", {"b.example.org"}, {.begins = -9, .ends = -1});
    CHECK(flaw_of({other}).empty());  // nobody had it before
}

TEST_CASE_METHOD(Folder, "an expired one serves for want of a better, and that is said") {
    const auto files = authority.issue("a", {"mx.example.org"}, {.begins = -9, .ends = -2});
    certificates.add("mx", {files});
    read();
    certificates.tell_flaws(log);
    REQUIRE(certificates.invalid().size() == 1);
    CHECK(holds(test::contents(directory / "log"),
                "certificate listener=mx detail=\"'" + files.chain + "': the certificate expired"));
    authority.issue("a", {"mx.example.org"}, {.begins = -9, .ends = -1});
    CHECK(flaw_of({files}).empty());
}

TEST_CASE_METHOD(Folder, "a key that everybody can read is warned of, and used") {
    const auto files = authority.issue("a", {"mx.example.org"});
    certificates.add("mx", {files});
    REQUIRE(chmod(files.key.c_str(), 0644) == 0);
    read();
    CHECK(certificates.invalid().empty());
    REQUIRE(certificates.warnings().size() == 1);
    certificates.tell_flaws(log);
    CHECK(holds(test::contents(directory / "log"),
                "certificate listener=mx detail=\"'" + files.key + "': everybody "));
}

TEST_CASE_METHOD(Folder, "--check-config shows each certificate with its names and its end") {
    const auto files = authority.issue("a", {"mx.example.org", "192.0.2.1"});
    certificates.add("mx", {files});
    read();
    const auto expires = certificates.description();
    CHECK(expires.starts_with("certificate of mx: " + files.chain +
                              ", for mx.example.org 192.0.2.1, until 2"));
    CHECK(expires.ends_with("Z\n"));
}

}  // namespace smtpblock::tls
