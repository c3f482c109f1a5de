// A client, an upstream and an administrator who do what comes to their minds. Whatever it is, the
// session keeps the invariants that the stage watches, and comes to its end.
#include <catch2/catch.hpp>
#include <deque>
#include <random>

#include "common/text.h"
#include "daemon/smtp/command.h"
#include "transcripts/stage.h"
#include "unit/seed.h"

namespace smtpblock::transcripts {
namespace {

using Words = std::vector<std::string>;

class Dice {
public:
    explicit Dice(unsigned seed) : engine_(seed) {}
    int below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(engine_); }
    bool chance(int percent) { return below(100) < percent; }
    const std::string& of(const Words& words) {
        return words[static_cast<std::size_t>(below(static_cast<int>(words.size())))];
    }

private:
    std::mt19937 engine_;
};

const Words listeners{
    "[listener] direction=in errors=5",
    "[listener] direction=out auth=plain,login auth_domain=example.com size=1000 errors=50",
    "[listener] direction=in auth=login recipients=2 errors=50 command_line=80",
    "[listener] direction=out auth=plain pipelining=no trusted=yes errors=50",
    "[listener] direction=in chunking=yes errors=50 auth=plain",
    "[listener] direction=in chunking=yes errors=50 bare_newline=normalize size=1000",
};
const Words greetings{"EHLO client.example.net\r\n", "HELO other.example.net\r\n", "EHLO\r\n",
                      "EHLO [192.0.2.7]\r\n"};
const Words commands{
    "MAIL FROM:<good@example.com>\r\n",
    "MAIL FROM:<bad@example.com>\r\n",
    "MAIL FROM:<> SIZE=100 BODY=8BITMIME\r\n",
    "RCPT TO:<a@example.org>\r\n",
    "RCPT TO:<b@example.org>\r\n",
    "RCPT TO:<c@example.org>\r\nDATA\r\n",
    "DATA\r\n",
    "MAIL FROM:<good@example.com>\r\nRCPT TO:<a@example.org>\r\nDATA\r\n",
    "MAIL FROM:<good@example.com>\r\nRCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n",
    "RSET\r\n",
    "NOOP\r\n",
    "VRFY a\r\n",
    "AUTH PLAIN AGJvYkBleGFtcGxlLmNvbQBzZWNyZXQ=\r\n",
    "AUTH PLAIN\r\n",
    "AUTH LOGIN\r\n",
    "AUTH LOGIN Ym9i\r\n",
    "HUH\r\n",
    "NO",
    "\n",
    "\r",
    "x\r\r\n",
    std::string("\0\r\n", 3),
};
const Words chunks{
    "BDAT 7\r\nhello\r\n",
    "BDAT 7 LAST\r\nhello\r\n",
    "BDAT 0 LAST\r\n",
    "BDAT 0\r\n",
    "BDAT 1\r\n\r",
    "BDAT 1\r\n\n",
    "BDAT 3 LAST\r\na\nb",
    "BDAT 9 LAST\r\n\r\n.\r\nab\r\n",
    "BDAT 6\r\nRSET\r\nRSET\r\n",
    "BDAT 4\r\nab",
    "BDAT x\r\n",
    "BDAT 2000 LAST\r\n",
    "MAIL FROM:<good@example.com>\r\nRCPT TO:<a@example.org>\r\nBDAT 7 LAST\r\nhello\r\n",
    "MAIL FROM:<good@example.com>\r\nRCPT TO:<a@example.org>\r\nBDAT 7\r\nhello\r\n"
    "BDAT 0 LAST\r\n"};
const Words message_pieces{
    "hello\r\n", "..x\r\n",    ".\r\n",         "\r\n.\r\n",         ".", "\r", "\n", "\r\n",
    "x",         ".\r\n.\r\n", ".\r\nRSET\r\n", "a\r\n.\r\nQUIT\r\n"};
const Words auth_responses{"*\r\n", "Ym9i\r\n", "c2VjcmV0\r\n", "AGJvYgBzZWNyZXQ=\r\n",
                           "\r\n",  "=\r\n",    "!!\r\n",       "Ym9i"};
const Words refusals{"421 4.3.2 Away\r\n", "450 4.2.0 Later\r\n", "550 5.1.1 No\r\n",
                     "550-5.7.1 Really\r\n550 5.7.1 no\r\n", "503 5.5.1 What\r\n"};
const Words nonsense{"354 Go on\r\n",      "250 2.0.0 Ok\r\n", "334 eA==\r\n", "hello\r\n",
                     "250 a\r\n250 b\r\n", "250-a\r\n",        "220 mx\r\n",   "235 2.7.0 In\r\n"};
const Words rules{"email bad@example.com",
                  "email good@example.com",
                  "email bob@",
                  "ehlo client.example.net",
                  "ehlo \"\"",
                  "email <>"};

class Monkeys {
public:
    Monkeys(unsigned seed, unsigned round)
        : dice_(seed + round),
          stage_(
              parse("monkey", dice_.of(listeners) + "\nC: NOOP\n"),
              dice_.chance(50) ? std::string::npos : static_cast<std::size_t>(1 + dice_.below(7))) {
        client(dice_.of(greetings));
    }

    void play() {
        for (int n = 10 + dice_.below(80); n > 0 && stage_.broken().empty(); --n) {
            step();
            if (!stage_.client_saw.empty())
                story_ += "  S: " + printable(std::exchange(stage_.client_saw, {})) + "\n";
        }
        if (stage_.broken().empty()) stage_.wind_down();
    }

    const std::string& broken() const { return stage_.broken(); }
    std::string story() { return story_ + stage_.policy().notes; }
    int messages() const { return stage_.messages_accepted(); }

private:
    void step() {
        const int what = dice_.below(100);
        if (what < 45)
            client_says();
        else if (what < 94)
            upstream_answers();
        else if (what < 96)
            change_rules();
        else if (what < 97)
            time_passes();
        else
            somebody_goes();
    }

    void client(const std::string& bytes) {
        story_ += "  C: " + printable(bytes) + "\n";
        stage_.client_says(bytes);
    }

    void client_says() {
        switch (stage_.client_is_asked()) {
            case 354:
                return client(dice_.of(message_pieces));
            case 334:
                return client(dice_.of(auth_responses));
            default:
                return client(dice_.chance(5)    ? dice_.of(greetings)
                              : dice_.chance(25) ? dice_.of(chunks)
                                                 : dice_.of(commands));
        }
    }

    /// The next command that it has got, or the banner.
    void upstream_answers() {
        if (stage_.connections != connection_) {
            connection_ = stage_.connections;
            stage_.upstream_got.clear();
            said_354_ = false;
            return upstream(dice_.chance(93) ? "220 mx.example.org ESMTP\r\n" : dice_.of(refusals));
        }
        const auto end = stage_.upstream_got.find("\r\n");
        if (end == std::string::npos) {
            if (dice_.chance(1)) upstream(dice_.of(nonsense));
            return;
        }
        const std::string line = stage_.upstream_got.substr(0, end);
        const auto chunk = line.starts_with("BDAT ") && !said_354_
                               ? smtp::ChunkArgument::parse(line.substr(5))
                               : std::nullopt;
        const std::size_t octets = end + 2 + (chunk ? chunk->octets : 0);
        if (stage_.upstream_got.size() < octets) return;
        stage_.upstream_got.erase(0, octets);
        if (said_354_ && line != ".") return;
        upstream(answer_to(line));
    }

    std::string answer_to(const std::string& line) {
        const bool ends = std::exchange(said_354_, false);
        if (dice_.chance(4)) return dice_.of(refusals);
        if (dice_.chance(1)) return dice_.of(nonsense);
        if (ends) return "250 2.0.0 Ok: queued as " + std::to_string(dice_.below(100)) + "\r\n";
        if (line == "DATA") {
            said_354_ = true;
            return "354 Go on\r\n";
        }
        if (line.starts_with("EHLO"))
            return dice_.chance(50) ? "250-mx.example.org\r\n250-PIPELINING\r\n250-AUTH PLAIN "
                                      "LOGIN\r\n250-SIZE 1000\r\n250-CHUNKING\r\n250 8BITMIME\r\n"
                                    : "250 mx.example.org\r\n";
        if (line == "AUTH PLAIN" || line.starts_with("AUTH LOGIN")) return "334 eA==\r\n";
        if (line.starts_with("BDAT")) return "250 2.0.0 Ok\r\n";
        if (line.starts_with("AUTH") || line.find(' ') == std::string::npos)
            return line == "RSET" || line == "NOOP" ? "250 2.0.0 Ok\r\n"
                   : dice_.chance(50)               ? "235 2.7.0 In\r\n"
                                                    : "535 5.7.8 Wrong\r\n";
        return "250 2.1.0 Ok\r\n";
    }

    void upstream(const std::string& bytes) {
        story_ += "  U: " + printable(bytes) + "\n";
        stage_.upstream_says(bytes);
    }

    void change_rules() {
        const std::string& rule = dice_.of(rules);
        const bool add = dice_.chance(50);
        story_ += (add ? "  add " : "  delete ") + rule + "\n";
        if (add)
            stage_.policy().rules.add(rule + (dice_.chance(80) ? " reject both" : " defer both"));
        else
            stage_.policy().rules.remove(rule);
    }

    void time_passes() {
        const int seconds = dice_.chance(70) ? dice_.below(100) : dice_.below(700);
        story_ += "  " + std::to_string(seconds) + " s\n";
        stage_.time_passes(std::chrono::seconds(seconds));
    }

    void somebody_goes() {
        const int what = dice_.below(12);
        story_ += "  going " + std::to_string(what) + "\n";
        switch (what) {
            case 0:
                return stage_.client_half_closes();
            case 1:
                return stage_.client_resets();
            case 2:
            case 3:
                return void(stage_.upstream_closes());
            case 4:
            case 5:
                return void(stage_.upstream_resets());
            case 6:
                return stage_.connecting(Stage::Connecting::refused);
            case 7:
                return stage_.connecting(Stage::Connecting::silent);
            case 8:
                return stage_.upstream_stops_reading();
            case 9:
                return stage_.drain();
            default:
                return stage_.connecting(Stage::Connecting::answered);
        }
    }

    Dice dice_;
    Stage stage_;
    std::string story_;
    int connection_ = 0;
    bool said_354_ = false;
};

}  // namespace

TEST_CASE("whatever all sides do, the session keeps what it must and ends") {
    const unsigned seed = test_seed();
    int messages = 0;
    for (unsigned round = 0; round < 6000; ++round) {
        Monkeys monkeys(seed, round);
        monkeys.play();
        messages += monkeys.messages();
        if (!monkeys.broken().empty())
            FAIL("seed " << seed << ", round " << round << ": " << monkeys.broken() << "\n"
                         << monkeys.story());
    }
    CHECK(messages > 120);
}

}  // namespace smtpblock::transcripts
