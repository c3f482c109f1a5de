// When a blocked login that is answered here is answered: the transcripts say in which words.
#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "transcripts/stage.h"

namespace smtpblock::transcripts {
namespace {

using std::chrono::seconds;

const std::string of_bob = "AUTH PLAIN AGJvYkBleGFtcGxlLmNvbQBzZWNyZXQ=\r\n";
const std::string of_alice = "AUTH PLAIN AGFsaWNlAHg=\r\n";

/// A session that has greeted its upstream by a login of one who is not blocked.
struct Play {
    explicit Play(seconds time_of_a_failure)
        : transcript(parse("play", "[listener] direction=out auth=plain auth_failure=local\nC:\n")),
          stage(transcript, std::string::npos) {
        stage.policy().rules.add("email bob@example.com reject out");
        stage.client_says("EHLO client.example.net\r\n" + of_alice);
        stage.upstream_says("220 mx.example.org ESMTP\r\n");
        stage.upstream_says("250-mx.example.org\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n");
        stage.time_passes(time_of_a_failure);
        stage.upstream_says("535 5.7.8 No such luck\r\n");
        seen();
    }

    std::string seen() { return std::exchange(stage.client_saw, {}); }

    Transcript transcript;
    Stage stage;
};

}  // namespace

TEST_CASE("a blocked login fails as late as a real failure was seen to") {
    for (const auto time : {seconds(0), seconds(1), seconds(7)}) {
        Play play(time);
        play.stage.client_says(of_bob + "NOOP\r\n");
        if (time > seconds(0)) {
            play.stage.time_passes(time - seconds(1));
            CHECK(play.seen().empty());
            play.stage.time_passes(seconds(1));
        } else {
            play.stage.time_passes(seconds(0));
        }
        CHECK(play.seen() == "535 5.7.8 No such luck\r\n250 2.0.0 Ok\r\n");
        CHECK(play.stage.broken().empty());
        CHECK(play.stage.everything_upstream_got.find("AGJvYk") == std::string::npos);
    }
}

TEST_CASE("the last failure that was seen counts") {
    Play play(seconds(1));
    play.stage.client_says(of_alice);
    play.stage.time_passes(seconds(4));
    play.stage.upstream_says("535 5.7.8 Not you again\r\n");
    play.seen();
    play.stage.client_says(of_bob);
    play.stage.time_passes(seconds(3));
    CHECK(play.seen().empty());
    play.stage.time_passes(seconds(1));
    CHECK(play.seen() == "535 5.7.8 Not you again\r\n");
}

}  // namespace smtpblock::transcripts
