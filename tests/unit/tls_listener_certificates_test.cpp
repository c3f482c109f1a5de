#include <fcntl.h>

#include "daemon/net/tls/listener_certificates.h"
#include "unit/test_authority.h"

namespace smtpblock::tls {
namespace {

using test::TemporaryDirectory;
using test::TestAuthority;

struct Folder {
    TemporaryDirectory directory;
    TestAuthority authority{directory};
    ListenerCertificates certificates;
    int descriptor =
        open((directory / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    guard::Log log{descriptor, guard::LogLevel::info, false};

    ~Folder() { close(descriptor); }

    void read() {
        const auto read = certificates.read();
        INFO((read ? "" : read.error().message));
        REQUIRE(read);
    }
    /// The log after one more attempt.
    std::string read_again() {
        certificates.read_again(log);
        return test::contents(directory / "log");
    }
};

bool holds(const std::string& text, const std::string& part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE_METHOD(Folder, "a listener without certificates has no TLS") {
    const auto& none = certificates.add("plain", {});
    const auto& one = certificates.add("mx", {authority.issue("a", {"mx.example.org"})});
    read();
    CHECK_FALSE(none);
    REQUIRE(one);
    CHECK(one->certificates().size() == 1);
}

TEST_CASE_METHOD(Folder, "new certificates are taken, and the log says how many are in force") {
    const auto& mx = certificates.add(
        "mx", {authority.issue("a", {"mx.example.org"}), authority.issue("b", {"b.example.org"})});
    certificates.add("submission", {authority.issue("c", {"c.example.org"})});
    read();
    authority.issue("a", {"mx.example.org", "new.example.org"});
    CHECK(holds(read_again(),
                "signal name=SIGHUP certificates=3 detail=\"read again; the rest of the "
                "configuration is read at start only: restart to apply it\"\n"));
    CHECK(mx->certificates()[0].is_for("new.example.org"));
}

TEST_CASE_METHOD(Folder, "one bad pair, and the old ones of all listeners stay") {
    const auto& mx = certificates.add("mx", {authority.issue("a", {"mx.example.org"})});
    const auto files = authority.issue("b", {"b.example.org"});
    const auto& submission = certificates.add("submission", {files});
    read();
    const auto* before = mx.get();
    authority.issue("a", {"mx.example.org", "new.example.org"});
    directory.write("b.key", test::contents(directory / "a.key"));
    CHECK(holds(read_again(),
                "signal name=SIGHUP certificates=2 detail=\"refused, the old ones stay: '" +
                    files.key + "': not the key of the certificate in "));
    CHECK(mx.get() == before);
    CHECK(submission->certificates()[0].is_for("b.example.org"));
    authority.issue("b", {"b.example.org"});
    CHECK(holds(read_again(), "certificates=2 detail=\"read again; "));
    CHECK(mx->certificates()[0].is_for("new.example.org"));
}

TEST_CASE_METHOD(Folder, "one that clients refuse does not take the place of one that they take") {
    const auto& mx = certificates.add("mx", {authority.issue("a", {"mx.example.org"})});
    read();
    authority.issue("a", {"mx.example.org"}, {.begins = -9, .ends = -1});
    CHECK(holds(read_again(), "refused, the old ones stay: '"));
    CHECK(certificates.invalid().empty());
    CHECK(mx);
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
    CHECK(holds(read_again(), "certificates=1 detail=\"read again; "));
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
