// What a Dovecot says on a connection: in one piece or in two, the answers are the same, and
// bounded like the question.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/dovecot/exchange.h"
#include "fuzz/require.h"
#include "unit/toggled_policy.h"

namespace smtpblock::fuzz {
namespace {

/// An answer with its head, and the longest reason that one gives.
constexpr std::size_t most_answer_octets = 400;
/// The shortest request: `A / HTTP/1.0` and an empty line.
constexpr std::size_t least_request_octets = 16;

std::string play(std::string_view first, std::string_view second) {
    smtp::Toggled policy;
    policy.blocked = true;
    dovecot::Exchange exchange(std::make_shared<const dovecot::Settings>(dovecot::Settings{
                                   "dovecot", "example.com", {"smtp"}, ApiHeader{"Key", "k"}}),
                               policy, {"1", "127.0.0.1"});
    std::string answers;
    for (const std::string_view piece : {first, second}) {
        if (exchange.finished()) break;
        exchange.on_bytes(piece);
        answers += exchange.output();
        exchange.on_written(exchange.output().size());
    }
    return answers;
}

/// Without the last one, where that is about octets that are no request: their flaw is found sooner
/// or later.
std::string_view answers_to_requests(std::string_view answers) {
    const auto last = answers.rfind("HTTP/1.1 ");
    const bool is_fault = last != std::string_view::npos &&
                          answers.substr(last).find("no request of HTTP") != std::string_view::npos;
    return is_fault ? answers.substr(0, last) : answers;
}

}  // namespace
}  // namespace smtpblock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace smtpblock::fuzz;
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::string whole = play(bytes, "");
    require(whole.size() <= (bytes.size() / least_request_octets + 1) * most_answer_octets,
            "an answer is short");
    const std::string_view::size_type cut = std::min<std::size_t>(data[0] * 2U, bytes.size());
    const std::string cut_once = play(bytes.substr(0, cut), bytes.substr(cut));
    // A client that waits before it sends a body is told to go on; one that does not is not.
    if (bytes.find("xpect") == std::string_view::npos)
        require(answers_to_requests(cut_once) == answers_to_requests(whole),
                "the pieces do not matter");
    return 0;
}
