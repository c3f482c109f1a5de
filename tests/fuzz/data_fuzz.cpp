// A message by DATA or by BDAT, split anywhere. The first octet holds the way (its last bit: by
// BDAT, the next: bare line ends are normalized) and above them the seed of the split; the message
// follows.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/smtp/newline_normalizer.h"
#include "fuzz/require.h"
#include "unit/message_reading.h"

namespace smtpblock::fuzz {
namespace {

using smtp::DataScanner;
using smtp::Framing;
using smtp::NewlineNormalizer;
using smtp::Output;

struct Outcome {
    std::string passed;
    bool complete = false;
    std::size_t taken = 0;
    bool bad = false;

    bool operator==(const Outcome&) const = default;
};

void take(Output& output, std::string& passed) {
    while (!output.empty()) {
        passed += output.pending();
        output.taken(output.pending().size());
    }
}

/// Sizes of pieces that follow from a seed; 0: one piece.
class Split {
public:
    explicit Split(unsigned seed) : state_(seed) {}
    std::size_t next(std::size_t left) {
        if (state_ == 0) return left;
        state_ = state_ * 1103515245U + 12345U;
        if (state_ == 0) state_ = 1;
        return std::min<std::size_t>(left,
                                     1 + (state_ >> 16U) % ((state_ >> 24U) % 4 == 0 ? 90 : 4));
    }

private:
    std::uint32_t state_;
};

Outcome scan(std::string_view bytes, Framing framing, Split split) {
    Outcome outcome;
    DataScanner scanner(framing);
    while (outcome.taken < bytes.size() && !outcome.complete) {
        const std::string_view rest = bytes.substr(outcome.taken);
        const auto part = scanner.scan(rest.substr(0, split.next(rest.size())));
        (outcome.passed += part.held) += part.passed;
        outcome.complete = part.complete;
        outcome.taken += part.taken;
    }
    if (framing == Framing::counted) scanner.finish();
    outcome.bad = scanner.bad_octet() != nullptr;
    return outcome;
}

Outcome normalize(std::string_view bytes, Framing framing, Split split) {
    Outcome outcome;
    NewlineNormalizer normalizer(framing);
    Output output;
    while (outcome.taken < bytes.size() && !outcome.complete) {
        const std::string_view rest = bytes.substr(outcome.taken);
        const auto part = normalizer.scan(rest.substr(0, split.next(rest.size())), &output);
        take(output, outcome.passed);
        outcome.complete = part.complete;
        outcome.taken += part.taken;
    }
    if (framing == Framing::counted) normalizer.finish(&output);
    take(output, outcome.passed);
    outcome.bad = normalizer.bad_octet() != nullptr;
    return outcome;
}

/// Nothing bare in it, though its last line may be cut short.
bool has_no_bare(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\0') return false;
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return false;
        if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] != '\n') return false;
    }
    return true;
}

bool holds_end(std::string_view text) {
    return text.starts_with(".\r\n") || text.find("\r\n.\r\n") != text.npos;
}

std::size_t true_end(std::string_view bytes) {
    if (bytes.starts_with(".\r\n")) return 3;
    const auto end = bytes.find("\r\n.\r\n");
    return end == bytes.npos ? end : end + 5;
}

void try_scanner(std::string_view bytes, Framing framing, unsigned seed) {
    const Outcome whole = scan(bytes, framing, Split(0));
    require(scan(bytes, framing, Split(seed)) == whole, "a split changes nothing");
    require(has_no_bare(whole.passed), "nothing bare goes on");
    require(bytes.starts_with(whole.passed), "what goes on is what came");
    if (framing == Framing::counted) {
        require(whole.bad || whole.passed == bytes, "all of it goes on, or it is bad");
        require(whole.bad == (!has_no_bare(bytes) || bytes.ends_with('\r')),
                "what is bad is found");
        return;
    }
    require(!holds_end(whole.passed), "no end among what goes on");
    const auto end = true_end(bytes);
    require(whole.complete == (end != bytes.npos), "the end is found where it is");
    if (!whole.complete) return;
    require(whole.taken == end, "and nowhere else");
    require(whole.bad == !has_no_bare(bytes.substr(0, end)), "what is bad is found");
    require(whole.bad || whole.passed == bytes.substr(0, end - 3), "all of it goes on");
}

void try_normalizer(std::string_view bytes, Framing framing, unsigned seed) {
    const Outcome whole = normalize(bytes, framing, Split(0));
    require(normalize(bytes, framing, Split(seed)) == whole, "a split changes nothing");
    require(has_no_bare(whole.passed), "nothing bare goes on");
    require(!holds_end(whole.passed), "no end among what goes on");
    const auto end = framing == Framing::counted ? bytes.size() : true_end(bytes);
    require((end != bytes.npos && framing == Framing::dotted) == whole.complete,
            "the end is found where it is");
    if (end == bytes.npos) return;
    require(whole.taken == end, "and nowhere else");
    require(whole.bad == (bytes.substr(0, end).find('\0') != bytes.npos), "NUL is found");
    if (whole.bad) return;
    require(is_clean(whole.passed), "whole lines go on");
    const std::string text =
        framing == Framing::counted ? std::string(bytes) : unstuffed_strictly(bytes);
    require(unstuffed(whole.passed) == read_as_lines(text), "the message is what its client wrote");
}

}  // namespace
}  // namespace smtpblock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace smtpblock;
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto framing = (data[0] & 1U) != 0 ? smtp::Framing::counted : smtp::Framing::dotted;
    const unsigned seed = 1U + (data[0] >> 2U);
    if ((data[0] & 2U) != 0)
        fuzz::try_normalizer(bytes, framing, seed);
    else
        fuzz::try_scanner(bytes, framing, seed);
    return 0;
}
