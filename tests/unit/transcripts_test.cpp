// Plays every tests/transcripts/*.txt; a new dialogue is a new file.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <vector>

#include "transcripts/player.h"

namespace smtpblock::transcripts {
namespace {

std::vector<std::string> files() {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(TEST_TRANSCRIPTS))
        if (entry.path().extension() == ".txt") out.push_back(entry.path().string());
    std::sort(out.begin(), out.end());
    return out;
}

constexpr const char* sound = R"(
[rules] email bad@example.com reject both
S: 220 mx.example.org ESMTP
C: EHLO client.example.net
S~ ^250
C: MAIL FROM:<good@example.com> | RCPT TO:<bob@example.org>
S: 250 2.1.0 Ok
[upstream] greets client.example.net
U> MAIL FROM:<good@example.com>
U> RCPT TO:<bob@example.org>
U< 250 2.1.0 Ok | 250 2.1.5 Ok
S: 250 2.1.5 Ok
C: DATA
U> DATA
U< 354 Go
S: 354 Go
C: hello | .
U> hello
U> .
U< 250 2.0.0 Ok: queued
S: 250 2.0.0 Ok: queued
C: QUIT
S: 221 2.0.0 Bye
S: closed
U> QUIT
[upstream] never gets bad@
)";

std::string with(std::string_view before, std::string_view after) {
    std::string text = sound;
    const auto at = text.find(before);
    REQUIRE(at != std::string::npos);
    return text.replace(at, before.size(), after);
}

}  // namespace

TEST_CASE("every transcript is as it is written, however it arrives") {
    REQUIRE(files().size() > 20);
    for (const std::string& path : files()) {
        const Transcript transcript = read(path);
        for (const Way way : ways) {
            INFO(word(way));
            const std::string fault = play(transcript, way);
            if (!fault.empty()) FAIL_CHECK(fault);
        }
    }
}

TEST_CASE("whoever goes at whatever step of a transcript, nothing is lost or made up") {
    for (const std::string& path : files()) {
        const Transcript transcript = read(path);
        const Reference reference = refer_to(transcript);
        for (std::size_t steps = 0; steps <= transcript.steps.size(); ++steps) {
            for (const Cut cut : cuts) {
                INFO(word(cut));
                const std::string fault = play_cut(transcript, reference, steps, cut);
                if (!fault.empty()) FAIL_CHECK(fault);
            }
        }
    }
}

TEST_CASE("a wrong expectation in a transcript makes it fail") {
    REQUIRE(play(parse("sound", sound), Way::as_written).empty());
    const std::pair<const char*, const char*> changes[] = {
        {"S: 250 2.1.0 Ok", "S: 250 2.1.1 Ok"},
        {"S: 250 2.1.0 Ok\n", ""},
        {"S~ ^250", "S~ ^251"},
        {"U> MAIL FROM:<good@example.com>", "U> MAIL FROM:<other@example.com>"},
        {"U> hello\n", ""},
        {"U> hello", "U> hello\nU> and more"},
        {"S: closed\n", "S: closed\nS: 250 2.0.0 Ok\n"},
        {"C: QUIT\nS: 221 2.0.0 Bye\n", ""},
        {"U> QUIT\n", ""},
        {"U> QUIT\n", "U~ ^NOOP"},
        {"S: 354 Go", "S: closed"},
        {"U< 354 Go", "U> closed"},
        {"[upstream] never gets bad@", "[upstream] never connected"},
        {"[upstream] never gets bad@", "[upstream] never gets good@"},
        {"email bad@example.com reject", "email good@example.com reject"},
        {"U< 250 2.0.0 Ok: queued", "U< 452 4.3.1 full"},
        {"C: MAIL", "[upstream] refuses the connection\nC: MAIL"},
    };
    for (const auto& [before, after] : changes) {
        INFO(before << " -> " << after);
        const Transcript wrong = parse("wrong", with(before, after));
        for (const Way way : ways) CHECK_FALSE(play(wrong, way).empty());
    }
}

TEST_CASE("what is no line of a transcript is refused with its place") {
    for (const auto* text : {"X: what", "[rulez] x", "[upstream] dances", "[time] soon", "S 220 x",
                             "[client] sings", "C", ""})
        CHECK_THROWS_WITH(parse("odd", text), Catch::Contains("odd:"));
}

}  // namespace smtpblock::transcripts
