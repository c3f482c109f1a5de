// Any text as a configuration file.
#include <algorithm>
#include <string>
#include <string_view>

#include "common/config.h"
#include "common/text.h"
#include "fuzz/require.h"

namespace smtpblock::fuzz {
namespace {

/// Digits and a colon off the head of `text`.
bool take_number(std::string_view& text) {
    const auto colon = text.find(':');
    if (colon == 0 || colon == text.npos) return false;
    const bool digits =
        std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), is_digit);
    text.remove_prefix(colon + 1);
    return digits;
}

bool is_one_line(std::string_view text) {
    return is_utf8(text) && std::none_of(text.begin(), text.end(), is_control);
}

void check_error(const Error& error) {
    require(error.code == ErrorCode::bad_input, "a text is read, and good or bad");
    std::string_view message = error.message;
    require(is_one_line(message), "an error is one line");
    require(message.starts_with("FILE:"), "which names the file");
    message.remove_prefix(5);
    require(take_number(message) && take_number(message), "the line and the column");
    require(message.starts_with(' ') && message.size() > 4, "and says what is wrong");
}

void check_listener(const ListenerConfig& listener) {
    require(!listener.name.empty() && !listener.listen.empty(), "a listener listens");
    require(listener.direction != Direction::both, "on one way");
    require(is_one_line(listener.banner) && is_one_line(listener.rcpt_reply) &&
                is_one_line(listener.defer_reply),
            "what is said to a client is one line");
    require(listener.defer_reply.starts_with('4'), "a defer defers");
    require(!listener.tls || !listener.certificates.empty(), "TLS has a certificate");
    require(listener.starttls == StartTls::off || !listener.certificates.empty(), "of either kind");
}

}  // namespace
}  // namespace smtpblock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace smtpblock;
    const auto config = parse_config({reinterpret_cast<const char*>(data), size}, "FILE");
    if (!config)
        fuzz::check_error(config.error());
    else
        for (const ListenerConfig& listener : config->listeners) fuzz::check_listener(listener);
    return 0;
}
