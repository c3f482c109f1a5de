#include "daemon/smtp/newline_normalizer.h"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "unit/message_reading.h"

namespace smtpblock::smtp {
namespace {

using namespace std::string_literals;

struct Normalized {
    std::string text;  ///< as it goes on, without the final dot
    bool complete = false;
    std::string behind;
    bool bad = false;
};

void take(Output& output, std::string& text) {
    while (!output.empty()) {
        text += output.pending();
        output.taken(output.pending().size());
    }
}

/// `pieces`: their sizes, the last one again and again.
Normalized normalized(std::string_view bytes, Framing framing,
                      const std::vector<std::size_t>& pieces) {
    Normalized result;
    NewlineNormalizer normalizer(framing);
    Output output;
    for (std::size_t i = 0; !bytes.empty() && !result.complete; ++i) {
        const std::size_t piece = pieces[std::min(i, pieces.size() - 1)];
        const auto scan = normalizer.scan(bytes.substr(0, piece), &output);
        result.complete = scan.complete;
        take(output, result.text);
        bytes.remove_prefix(scan.taken);
    }
    if (framing == Framing::counted) normalizer.finish(&output);
    take(output, result.text);
    result.behind = bytes;
    result.bad = normalizer.bad_octet() != nullptr;
    return result;
}

Normalized dotted(std::string_view bytes) {
    return normalized(bytes, Framing::dotted, {bytes.size()});
}

std::string counted(std::string_view bytes) {
    return normalized(bytes, Framing::counted, {bytes.size()}).text;
}

const std::vector<std::string> fragments{"\r",
                                         "\n",
                                         ".",
                                         "a",
                                         "\r\n",
                                         "\r\n.",
                                         "\n.",
                                         "\r.",
                                         "..",
                                         std::string(40, 'x'),
                                         std::string(70, 'y') + "\r\n"};

std::string any_text() {
    const auto parts = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(fragments));
    std::string text;
    for (const std::string& part : parts) text += part;
    if (*rc::gen::inRange(0, 10) == 0) text += '\0';
    return text;
}

std::vector<std::size_t> any_pieces() {
    auto pieces =
        *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 50));
    pieces.push_back(*rc::gen::inRange<std::size_t>(1, 200));
    return pieces;
}

}  // namespace

TEST_CASE("what has one meaning goes on as it came, but for its final dot") {
    const auto result = dotted("Subject: x\r\n\r\n..\r\n...a\r\n.\r\nQUIT\r\n");
    CHECK(result.complete);
    CHECK(result.text == "Subject: x\r\n\r\n..\r\n...a\r\n");
    CHECK(result.behind == "QUIT\r\n");
    CHECK(dotted(".\r\n").complete);
    CHECK(dotted(".\r\n").text.empty());
}

TEST_CASE(
    "a bare CR and a bare LF end a line, and dots are stuffed for the lines that are made so") {
    CHECK(dotted("a\nb\rc\r\n.\r\n").text == "a\r\nb\r\nc\r\n");
    CHECK(dotted("a\r\r\n\n\r\n.\r\n").text == "a\r\n\r\n\r\n\r\n");
    CHECK(dotted("a\n.\nb\r.\rc\n.\r\n.d\r\n.\r\n").text ==
          "a\r\n..\r\nb\r\n..\r\nc\r\n..\r\nd\r\n");
}

TEST_CASE("a dot that was stuffed goes before a line end is made of what stands behind it") {
    CHECK(dotted(".\nb\r\n.\r\n").text == "\r\nb\r\n");
    CHECK(dotted(".\rb\r\n.\r\n").text == "\r\nb\r\n");
    CHECK(dotted(".\r\r\n.\r\n").text == "\r\n\r\n");
    CHECK(dotted(".\r.\r\n.\r\n").text == "\r\n..\r\n");
    CHECK(dotted("..\nb\r\n.\r\n").text == "..\r\nb\r\n");
}

TEST_CASE("in a chunk no dot was stuffed, and the last line ends with the message") {
    CHECK(counted(".") == "..\r\n");
    CHECK(counted("a\r\n.\r\n.b\n") == "a\r\n..\r\n..b\r\n");
    CHECK(counted("a\r") == "a\r\n");
    CHECK(counted("a") == "a\r\n");
    CHECK(counted("").empty());
}

TEST_CASE("behind NUL nothing goes on, and the true end is found all the same") {
    const auto result = dotted("a\r\nb\0c\r\n.\r\nNOOP\r\n"s);
    CHECK(result.bad);
    CHECK(result.complete);
    CHECK(result.text == "a\r\nb");
    CHECK(result.behind == "NOOP\r\n");
    CHECK(normalized("a\0b"s, Framing::counted, {1}).bad);
}

TEST_CASE("a large message is not copied") {
    std::string bytes;
    while (bytes.size() < 32 * 1024) bytes += std::string(70, 'x') + "\r\n";
    NewlineNormalizer normalizer;
    Output output;
    normalizer.scan(bytes, &output);
    CHECK(output.pending().data() == bytes.data());
}

TEST_CASE("any split of a message is normalized as one piece, into whole lines without an end") {
    rc::prop("by DATA", [] {
        const std::string bytes = any_text() + "\r\n.\r\nNOOP\r\n";
        const auto whole = dotted(bytes);
        const auto split = normalized(bytes, Framing::dotted, any_pieces());
        RC_ASSERT(whole.complete);
        RC_ASSERT(split.complete);
        RC_ASSERT(split.text == whole.text);
        RC_ASSERT(split.behind == whole.behind);
        RC_ASSERT(split.bad == whole.bad);
        RC_ASSERT(whole.bad || is_clean(whole.text));
        if (!whole.bad)
            RC_ASSERT(unstuffed(whole.text) == read_as_lines(unstuffed_strictly(bytes)));
    });
    rc::prop("by BDAT", [] {
        const std::string bytes = any_text();
        const auto whole = normalized(bytes, Framing::counted, {bytes.size() + 1});
        const auto split = normalized(bytes, Framing::counted, any_pieces());
        RC_ASSERT(split.text == whole.text);
        RC_ASSERT(split.bad == whole.bad);
        RC_ASSERT(whole.bad || is_clean(whole.text));
        if (!whole.bad) RC_ASSERT(unstuffed(whole.text) == read_as_lines(bytes));
    });
}

}  // namespace smtpblock::smtp
