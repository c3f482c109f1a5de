// When a recipient that is refused here is refused: the transcripts say in which words.
#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "transcripts/stage.h"

namespace smtpblock::transcripts {
namespace {

using std::chrono::seconds;

const std::string refusal = "554 5.7.1 <x@example.org>: Relay access denied";

std::string times(int count, const std::string& text) {
    std::string out;
    for (int i = 0; i < count; ++i) out += text;
    return out;
}

/// A session in which bad@example.com is blocked.
struct Play {
    explicit Play(const std::string& options = "")
        : transcript(parse("play", "[listener] auth=plain direction=out " + options + "\nC:\n")),
          stage(transcript, std::string::npos) {
        stage.policy().rules.add("email bad@example.com reject both");
        stage.policy().rules.add("email slow@example.com defer both");
        stage.client_says("EHLO client.example.net\r\n");
        seen();
    }

    /// The upstream refuses a recipient, `time` after it was asked, for who makes a connection.
    void is_refused_behind(seconds time) {
        stage.client_says("MAIL FROM:<good@example.com>\r\nRCPT TO:<x@example.org>\r\n");
        greet();
        stage.time_passes(time);
        stage.upstream_says("250 Ok\r\n" + behind);
        CHECK(seen() == "250 2.1.0 Ok\r\n" + behind);
    }

    /// Likewise another one in that transaction.
    void is_refused_again(seconds time) {
        stage.client_says("RCPT TO:<x@example.org>\r\n");
        stage.time_passes(time);
        stage.upstream_says(behind);
        CHECK(seen() == behind);
    }

    /// Recipients of another transaction in one write.
    void is_refused_in_burst(int recipients, seconds time) {
        stage.client_says("RSET\r\n");
        stage.upstream_says("250 Ok\r\n");
        stage.client_says("MAIL FROM:<good@example.com>\r\n" +
                          times(recipients, "RCPT TO:<x@example.org>\r\n"));
        stage.time_passes(time);
        stage.upstream_says("250 Ok\r\n" + times(recipients, behind));
        seen();
    }

    void greet() {
        stage.upstream_says("220 mx.example.org ESMTP\r\n");
        stage.upstream_says("250-mx.example.org\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n");
    }

    void becomes(const std::string& sender) {
        stage.client_says("RSET\r\nMAIL FROM:<" + sender + ">\r\n");
        stage.upstream_says("250 2.0.0 Ok\r\n");
        CHECK(seen() == "250 2.0.0 Ok\r\n250 2.1.0 Ok\r\n");
    }

    void asks(int recipients = 1) {
        stage.client_says(times(recipients, "RCPT TO:<x@example.org>\r\n"));
    }

    /// Sees that, `time` from now and not a second before.
    void sees_after(seconds time, const std::string& answers) {
        if (time > seconds(0)) {
            stage.time_passes(time - seconds(1));
            CHECK(seen().empty());
            stage.time_passes(seconds(1));
        }
        CHECK(seen() == answers);
    }

    std::string seen() { return std::exchange(stage.client_saw, {}); }

    const std::string behind = "554 5.7.1 <x@example.org>: Relay access denied\r\n";
    Transcript transcript;
    Stage stage;
};

}  // namespace

TEST_CASE("before the upstream was seen to refuse anybody, a blocked sender is refused at once") {
    Play play;
    play.stage.client_says("MAIL FROM:<bad@example.com>\r\n");
    play.seen();
    play.asks();
    play.sees_after(seconds(0), refusal + "\r\n");
    CHECK(play.stage.connections == 0);
}

TEST_CASE("a blocked sender is refused as late as the upstream refuses others") {
    for (const std::string sender : {"bad", "slow"}) {
        Play play;
        play.is_refused_behind(seconds(5));
        play.is_refused_again(seconds(2));
        play.becomes(sender + "@example.com");
        play.asks();
        const std::string words =
            sender == "bad"
                ? refusal
                : "450 4.7.1 <x@example.org>: Recipient address rejected: Access denied";
        play.sees_after(seconds(2), words + "\r\n");
        play.asks();
        play.sees_after(seconds(2), words + "\r\n");
        CHECK(play.stage.broken().empty());
    }
}

TEST_CASE("what a recipient takes for whom nothing is connected is known apart") {
    Play play;
    play.is_refused_behind(seconds(5));
    play.is_refused_again(seconds(2));
    play.stage.upstream_closes();
    play.becomes("bad@example.com");
    play.asks();
    play.sees_after(seconds(5), refusal + "\r\n");
    play.asks();
    play.sees_after(seconds(2), refusal + "\r\n");
}

TEST_CASE("an accepted recipient tells how long one takes until a refused one was seen") {
    Play play;
    play.stage.client_says("MAIL FROM:<good@example.com>\r\nRCPT TO:<x@example.org>\r\n");
    play.greet();
    play.stage.time_passes(seconds(9));
    play.stage.upstream_says("250 Ok\r\n250 Ok\r\n");
    play.seen();
    play.becomes("bad@example.com");
    play.asks();
    play.sees_after(seconds(9), refusal + "\r\n");
}

TEST_CASE("the refusals of a burst come in one piece, when the last of them would be known") {
    Play play;
    play.is_refused_behind(seconds(2));
    play.is_refused_in_burst(3, seconds(6));
    play.becomes("bad@example.com");
    play.asks(4);
    play.sees_after(seconds(2 + 3 * 2), times(4, refusal + "\r\n"));
}

TEST_CASE("a burst is as slow as one that was seen, and not as their mean") {
    Play play;
    play.is_refused_behind(seconds(2));
    play.is_refused_in_burst(3, seconds(4));
    play.is_refused_in_burst(3, seconds(8));
    play.becomes("bad@example.com");
    play.asks(3);
    play.sees_after(seconds(4), times(3, refusal + "\r\n"));
    play.stage.upstream_closes();
    play.becomes("bad@example.com");
    play.asks(3);
    play.sees_after(seconds(8), times(3, refusal + "\r\n"));
}

TEST_CASE("a burst whose last one is not slowed down yet is learnt from") {
    Play play;
    play.is_refused_behind(seconds(2));
    play.is_refused_in_burst(9, seconds(2 + 8 * 3));
    play.stage.upstream_closes();
    play.becomes("bad@example.com");
    play.asks(3);
    play.sees_after(seconds(2 + 2 * 3), times(3, refusal + "\r\n"));
}

TEST_CASE("what follows on a refusal waits for it") {
    Play play;
    play.is_refused_behind(seconds(3));
    play.becomes("bad@example.com");
    play.stage.client_says("RCPT TO:<x@example.org>\r\nDATA\r\nNOOP\r\nQUIT\r\n");
    play.sees_after(seconds(3), refusal +
                                    "\r\n554 5.5.1 Error: no valid recipients\r\n"
                                    "250 2.0.0 Ok\r\n221 2.0.0 Bye\r\n");
    CHECK(play.stage.client_ended);
}

TEST_CASE("past the soft limit of errors a blocked sender is refused slowly, as Postfix does it") {
    Play play;
    play.stage.client_says("MAIL FROM:<bad@example.com>\r\n");
    play.seen();
    play.asks(10);
    play.sees_after(seconds(0), times(10, refusal + "\r\n"));
    for (int more = 0; more < 9; ++more) {
        play.asks();
        play.sees_after(seconds(1), refusal + "\r\n");
    }
    play.asks();
    play.sees_after(seconds(1),
                    refusal + "\r\n421 4.7.0 mx.example.org Error: too many errors\r\n");
    CHECK(play.stage.client_ended);
}

TEST_CASE("in a burst past it, they come one by one") {
    Play play;
    play.stage.client_says("MAIL FROM:<bad@example.com>\r\n" +
                           times(12, "RCPT TO:<x@example.org>\r\n"));
    CHECK(play.seen() == "250 2.1.0 Ok\r\n" + times(10, refusal + "\r\n"));
    play.sees_after(seconds(1), refusal + "\r\n");
    play.sees_after(seconds(1), refusal + "\r\n");
}

TEST_CASE("the slow ones wait for what a server would be slow with before them") {
    Play play;
    play.stage.client_says("MAIL FROM:<bad@example.com>\r\n");
    play.asks(10);
    play.seen();
    play.stage.client_says("RSET\r\nMAIL FROM:<bad@example.com>\r\nRCPT TO:<x@example.org>\r\n");
    CHECK(play.seen() == "250 2.0.0 Ok\r\n250 2.1.0 Ok\r\n");
    play.sees_after(seconds(3), refusal + "\r\n");  // RSET, MAIL, RCPT
}

TEST_CASE("an upstream that was seen not to slow down is not said to") {
    Play play("errors=21");
    play.is_refused_behind(seconds(0));
    for (int again = 0; again < 12; ++again) play.is_refused_again(seconds(0));
    play.becomes("bad@example.com");
    play.asks(3);
    play.sees_after(seconds(0), times(3, refusal + "\r\n"));
}

TEST_CASE("an upstream that was seen to slow down earlier and by more is imitated") {
    Play play("errors=100");
    play.is_refused_behind(seconds(0));
    play.is_refused_again(seconds(0));
    play.is_refused_again(seconds(0));
    play.is_refused_again(seconds(4));
    play.becomes("bad@example.com");
    play.asks();
    play.sees_after(seconds(3 * 4), refusal + "\r\n");  // RSET, MAIL, RCPT
}

TEST_CASE("a login behind refusals of which the upstream does not know is as slow") {
    Play play;
    play.stage.client_says("MAIL FROM:<bad@example.com>\r\n");
    play.asks(10);
    play.stage.client_says("RSET\r\nAUTH PLAIN AGFsaWNlAHg=\r\n");
    play.greet();
    play.seen();
    play.stage.upstream_says("535 5.7.8 No such luck\r\n");
    play.sees_after(seconds(1), "535 5.7.8 No such luck\r\n");
    CHECK(play.stage.broken().empty());
}

TEST_CASE("a message that is delivered makes up for errors") {
    Play play;
    play.stage.client_says("MAIL FROM:<bad@example.com>\r\n");
    play.asks(10);
    play.stage.client_says("RSET\r\nMAIL FROM:<good@example.com>\r\nRCPT TO:<x@example.org>\r\n");
    play.greet();
    play.stage.upstream_says("250 Ok\r\n250 Ok\r\n");
    play.stage.client_says("DATA\r\n");
    play.stage.upstream_says("354 Go\r\n");
    play.stage.client_says(".\r\n");
    play.stage.upstream_says("250 Ok\r\n");
    play.seen();
    play.stage.client_says("MAIL FROM:<bad@example.com>\r\n");
    play.seen();
    play.asks(10);
    play.sees_after(seconds(0), times(10, refusal + "\r\n"));
}

TEST_CASE("a client that leaves before it is refused leaves nothing to be done") {
    Play play;
    play.is_refused_behind(seconds(3));
    play.becomes("bad@example.com");
    play.asks();
    play.stage.client_resets();
    play.stage.wind_down();
    CHECK(play.stage.broken().empty());
}

}  // namespace smtpblock::transcripts
