#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "common/base64.h"
#include "daemon/maildir/server.h"
#include "unit/temporary_directory.h"

namespace smtpblock::maildir {
namespace {

using namespace std::chrono_literals;

/// A server with a Maildir of its own, its jobs run on the spot.
class Mailbox {
public:
    Mailbox() {
        options_.directory = directory_ / "mail";
        options_.hostname = "mx.example.org";
        options_.auth_domain = "example.com";
        // "right", by: openssl passwd -6 -salt saltsalt right
        options_.accounts = {
            {"bob@example.com",
             "$6$saltsalt$gzY3OAolfMFSB9Ld7iMdOQlViFqO3IOPeU0zkHsD.58tcMxRAFD0Qjfi2sjus3i."
             "8aqWarEvFPREqzp18Jm291"}};
        REQUIRE(prepare(options_.directory));
    }

    ServerOptions& options() { return options_; }
    const std::string& path() const { return options_.directory; }
    smtp::Instant& now() { return now_; }
    /// The server of one connection; a new one ends the old one.
    Server& connect() {
        server_.emplace(options_, "192.0.2.7");
        CHECK(said() == "220 mx.example.org ESMTP\r\n");
        return *server_;
    }
    void disconnect() { server_.reset(); }

    /// Sends, runs what jobs there are, and returns the answer.
    std::string say(std::string_view bytes) {
        server_->on_bytes(bytes);
        while (auto job = server_->take_job()) server_->on_job_done((*job)(), now_);
        return said();
    }
    std::string line(std::string_view text) { return say(std::string(text) + "\r\n"); }
    std::string said() {
        std::string out(server_->output().pending());
        server_->output().taken(out.size());
        return out;
    }
    std::string pass_time(smtp::Duration duration) {
        now_ += duration;
        server_->on_time(now_);
        return said();
    }

    void begin(std::string_view to = "bob@example.org") {
        connect();
        CHECK(line("EHLO client.example.net").starts_with("250-"));
        CHECK(line("MAIL FROM:<alice@example.com>") == "250 2.1.0 Ok\r\n");
        CHECK(line("RCPT TO:<" + std::string(to) + ">") == "250 2.1.5 Ok\r\n");
        CHECK(line("DATA") == "354 End data with <CR><LF>.<CR><LF>\r\n");
    }
    std::vector<std::string> files(const std::string& part) const {
        std::vector<std::string> out;
        for (const auto& entry : std::filesystem::directory_iterator(path() + "/" + part))
            out.push_back(entry.path().string());
        return out;
    }
    std::string message() const {
        const auto found = files("new");
        REQUIRE(found.size() == 1);
        return test::contents(found.front());
    }
    /// What is written before and behind the lines that hold a time.
    std::string without_received() const {
        std::string text = message();
        const auto begin = text.find("Received: ");
        const auto end = text.find(" +0000\n", begin);
        REQUIRE(begin != std::string::npos);
        REQUIRE(end != std::string::npos);
        return text.erase(begin, end + 7 - begin);
    }

private:
    test::TemporaryDirectory directory_;
    ServerOptions options_;
    std::optional<Server> server_;
    smtp::Instant now_{1h};
};

std::string plain(std::string_view user, std::string_view secret) {
    std::string message("\0", 1);
    message.append(user).append(1, '\0').append(secret);
    return "AUTH PLAIN " + base64_encode(message);
}

constexpr const char* wrong = "535 5.7.8 Error: authentication failed: (reason unavailable)\r\n";

}  // namespace

TEST_CASE("the embedded upstream offers what the front makes use of") {
    Mailbox mailbox;
    mailbox.connect();
    CHECK(mailbox.line("EHLO client.example.net") ==
          "250-mx.example.org\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n250-AUTH PLAIN LOGIN\r\n"
          "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n");
    CHECK(mailbox.line("HELO client.example.net") == "250 mx.example.org\r\n");
    CHECK(mailbox.line("NOOP") == "250 2.0.0 Ok\r\n");
    CHECK(mailbox.line("VRFY bob").starts_with("252 "));
    CHECK(mailbox.line("RSET") == "250 2.0.0 Ok\r\n");
    CHECK(mailbox.line("BDAT 3 LAST").starts_with("502 "));
    CHECK(mailbox.line("QUIT") == "221 2.0.0 Bye\r\n");
}

TEST_CASE("a message is one file with its trace, dots unstuffed, lines ended by LF") {
    Mailbox mailbox;
    mailbox.connect();
    mailbox.line("EHLO client.example.net");
    CHECK(
        mailbox.say("MAIL FROM:<alice@example.com> SIZE=100 BODY=8BITMIME\r\n"
                    "RCPT TO:<bob@example.org>\r\nRCPT TO:<carol@example.org>\r\nDATA\r\n") ==
        "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n");
    CHECK(mailbox.files("tmp").size() == 1);
    CHECK(mailbox.files("new").empty());
    const std::string reply = mailbox.say("Subject: x\r\n\r\n..dot\r\n...\r\nend\r\n.\r\n");
    CHECK(reply.starts_with("250 2.0.0 Ok: queued as "));
    CHECK(mailbox.files("tmp").empty());
    CHECK(mailbox.without_received() ==
          "Return-Path: <alice@example.com>\nDelivered-To: bob@example.org\n"
          "Delivered-To: carol@example.org\nSubject: x\n\n.dot\n..\nend\n");
    const std::string message = mailbox.message();
    CHECK(message.find("Received: from client.example.net ([192.0.2.7])\n\tby mx.example.org with "
                       "ESMTP id ") != std::string::npos);
    // The reply names the file.
    const auto id = reply.substr(24, reply.size() - 26);
    CHECK(mailbox.files("new").front().find("/" + id + ".mx.example.org") != std::string::npos);
    struct stat facts {};
    REQUIRE(stat(mailbox.files("new").front().c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0600);
}

TEST_CASE("a message arrives whole however it is split") {
    const std::string body = "Subject: x\r\n\r\n..a\r\n.b\r\n\r\nc\r\n.\r\n";
    Mailbox whole;
    whole.begin();
    whole.say(body);
    Mailbox split;
    split.begin();
    std::string reply;
    for (const char c : body) reply += split.say({&c, 1});
    CHECK(reply.starts_with("250 "));
    CHECK(split.without_received() == whole.without_received());
}

TEST_CASE("a large message goes to the disk while it comes") {
    Mailbox mailbox;
    mailbox.begin();
    const std::string line(998, 'x');
    for (int i = 0; i < 1000; ++i) CHECK(mailbox.say(line + "\r\n").empty());
    const auto tmp = mailbox.files("tmp");
    REQUIRE(tmp.size() == 1);
    CHECK(std::filesystem::file_size(tmp.front()) > 800000);
    CHECK(mailbox.say(".\r\n").starts_with("250 "));
    CHECK(mailbox.message().size() > 999000);
}

TEST_CASE("of a message that is not whole nothing is left") {
    Mailbox mailbox;
    mailbox.begin();
    mailbox.say("Subject: x\r\n\r\nhalf");
    CHECK(mailbox.files("tmp").size() == 1);
    mailbox.disconnect();
    CHECK(mailbox.files("tmp").empty());
    CHECK(mailbox.files("new").empty());
}

TEST_CASE("a connection that ends while a job runs leaves nothing") {
    Mailbox mailbox;
    Server& server = mailbox.connect();
    server.on_bytes("MAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
    auto job = server.take_job();
    REQUIRE(job);
    CHECK_FALSE(server.takes_bytes());
    CHECK((*job)());
    mailbox.disconnect();
    CHECK(mailbox.files("tmp").size() == 1);
    job.reset();
    CHECK(mailbox.files("tmp").empty());
}

TEST_CASE("a disk that refuses is a temporary failure, and is told of once") {
    Mailbox mailbox;
    Server& server = mailbox.connect();
    mailbox.line("MAIL FROM:<a@example.com>");
    mailbox.line("RCPT TO:<b@example.org>");
    std::filesystem::remove_all(mailbox.path() + "/tmp");
    CHECK(mailbox.line("DATA") == "451 4.3.0 Error: the message could not be stored\r\n");
    CHECK(server.take_trouble() == "cannot open: No such file or directory");
    CHECK(server.take_trouble().empty());
}

TEST_CASE("no 250 before the message is where readers look") {
    Mailbox mailbox;
    mailbox.begin();
    std::filesystem::remove_all(mailbox.path() + "/new");
    CHECK(mailbox.say("x\r\n.\r\n") == "451 4.3.0 Error: the message could not be stored\r\n");
    CHECK(mailbox.files("tmp").empty());
}

TEST_CASE("the octets that smuggle are refused here too") {
    Mailbox mailbox;
    mailbox.begin();
    CHECK(mailbox.say("a\nb\r\n.\r\n").starts_with("550 5.5.2 "));
    CHECK(mailbox.files("tmp").empty());
    CHECK(mailbox.files("new").empty());
    CHECK(mailbox.line("NOOP") == "250 2.0.0 Ok\r\n");
}

TEST_CASE("commands out of place or with bad arguments are refused") {
    Mailbox mailbox;
    mailbox.connect();
    CHECK(mailbox.line("RCPT TO:<b@example.org>").starts_with("503 "));
    CHECK(mailbox.line("DATA").starts_with("503 "));
    CHECK(mailbox.line("MAIL FROM:<a b>").starts_with("501 "));
    CHECK(mailbox.line("MAIL FROM:<a@example.com> SIZE=104857601").starts_with("552 "));
    CHECK(mailbox.line("MAIL FROM:<a@example.com> SIZE=x").starts_with("501 "));
    CHECK(mailbox.line("MAIL FROM:<a@example.com> FOO=1").starts_with("555 "));
    CHECK(mailbox.line("MAIL FROM:<a@example.com>").starts_with("250 "));
    CHECK(mailbox.line("MAIL FROM:<a@example.com>").starts_with("503 "));
    CHECK(mailbox.line("DATA") == "554 5.5.1 Error: no valid recipients\r\n");
    CHECK(mailbox.line("RCPT TO:<>").starts_with("501 "));
    CHECK(mailbox.line("XYZZY").starts_with("502 "));
    mailbox.options().recipients = 1;
    CHECK(mailbox.line("RCPT TO:<b@example.org>").starts_with("250 "));
    CHECK(mailbox.line("RCPT TO:<c@example.org>").starts_with("452 "));
}

TEST_CASE("the right password is taken by PLAIN and by LOGIN") {
    Mailbox mailbox;
    mailbox.connect();
    CHECK(mailbox.line(plain("bob@example.com", "right")).starts_with("235 "));
    CHECK(mailbox.line(plain("bob@example.com", "right")).starts_with("503 "));
    mailbox.connect();
    CHECK(mailbox.line(plain("Bob", "right")).starts_with("235 "));  // auth_domain completes it
    mailbox.connect();
    CHECK(mailbox.line("AUTH PLAIN") == "334 \r\n");
    CHECK(mailbox.line(plain("bob@example.com", "right").substr(11)).starts_with("235 "));
    mailbox.connect();
    CHECK(mailbox.line("AUTH LOGIN") == "334 VXNlcm5hbWU6\r\n");
    CHECK(mailbox.line(base64_encode("bob@example.com")) == "334 UGFzc3dvcmQ6\r\n");
    CHECK(mailbox.line(base64_encode("right")).starts_with("235 "));
    mailbox.connect();
    CHECK(mailbox.line("AUTH LOGIN " + base64_encode("bob@example.com")) == "334 UGFzc3dvcmQ6\r\n");
    CHECK(mailbox.line(base64_encode("right")).starts_with("235 "));
}

TEST_CASE("a wrong password, an unknown account and another's name fail alike, after two seconds") {
    Mailbox mailbox;
    const std::string nul(1, '\0');
    for (const std::string& attempt :
         {plain("bob@example.com", "wrong"), plain("nobody@example.com", "right"),
          plain("", "right"), plain("bob@example.com", "right" + nul + "x"),
          "AUTH PLAIN " +
              base64_encode("alice@example.com" + nul + "bob@example.com" + nul + "right"),
          "AUTH PLAIN " + base64_encode("nothing")}) {
        Server& server = mailbox.connect();
        CHECK(mailbox.line(attempt).empty());
        CHECK_FALSE(server.takes_bytes());
        REQUIRE(server.deadline());
        CHECK(*server.deadline() == mailbox.now() + 2s);
        CHECK(mailbox.pass_time(1999ms).empty());
        CHECK(mailbox.pass_time(1ms) == wrong);
        CHECK(server.takes_bytes());
        CHECK_FALSE(server.deadline());
    }
}

TEST_CASE("a login that cannot be read fails at once") {
    Mailbox mailbox;
    mailbox.connect();
    CHECK(mailbox.line("AUTH PLAIN !").starts_with("535 5.7.8 "));
    CHECK(mailbox.line("AUTH CRAM-MD5").starts_with("535 5.7.8 "));
    CHECK(mailbox.line("AUTH LOGIN").starts_with("334 "));
    CHECK(mailbox.line("*").starts_with("501 "));
    CHECK(mailbox.line("NOOP").starts_with("250 "));
}

TEST_CASE("on an outgoing listener only who has logged in may send") {
    Mailbox mailbox;
    mailbox.options().needs_auth = true;
    mailbox.connect();
    mailbox.line("EHLO client.example.net");
    mailbox.line("MAIL FROM:<a@example.com>");
    CHECK(mailbox.line("RCPT TO:<x@elsewhere.example>") ==
          "554 5.7.1 <x@elsewhere.example>: Relay access denied\r\n");
    mailbox.line("RSET");
    CHECK(mailbox.line(plain("bob", "right")).starts_with("235 "));
    mailbox.line("MAIL FROM:<bob@example.com>");
    CHECK(mailbox.line("RCPT TO:<x@elsewhere.example>") == "250 2.1.5 Ok\r\n");
    mailbox.line("DATA");
    mailbox.say("x\r\n.\r\n");
    CHECK(mailbox.message().find("with ESMTPA id") != std::string::npos);
}

TEST_CASE("a name from the network writes no header of its own") {
    Mailbox mailbox;
    mailbox.connect();
    mailbox.line("EHLO a(b)c;d");
    mailbox.line("MAIL FROM:<>");
    mailbox.line("RCPT TO:<b@example.org>");
    mailbox.line("DATA");
    mailbox.say("x\r\n.\r\n");
    CHECK(mailbox.message().find("Received: from a?b?c?d ([192.0.2.7])\n") != std::string::npos);
    CHECK(mailbox.message().starts_with("Return-Path: <>\n"));
}

TEST_CASE("a Maildir that cannot be made is refused with what to do") {
    const test::TemporaryDirectory directory;
    const auto made = prepare(directory / "no/such/place");
    REQUIRE_FALSE(made);
    CHECK(made.error().message.find("install -d") != std::string::npos);
    CHECK(prepare(directory / "mail"));
    CHECK(prepare(directory / "mail"));
}

}  // namespace smtpblock::maildir
