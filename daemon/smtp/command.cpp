#include "daemon/smtp/command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <utility>

#include "common/domain_name.h"
#include "common/text.h"

namespace smtpblock::smtp {
namespace {

constexpr std::string_view white_space = " \t";

constexpr std::array<std::pair<std::string_view, Verb>, 22> verbs{{
    {"EHLO", Verb::ehlo},
    {"HELO", Verb::helo},
    {"MAIL", Verb::mail},
    {"RCPT", Verb::rcpt},
    {"DATA", Verb::data},
    {"RSET", Verb::rset},
    {"NOOP", Verb::noop},
    {"QUIT", Verb::quit},
    {"VRFY", Verb::vrfy},
    {"AUTH", Verb::auth},
    {"EXPN", Verb::not_implemented},
    {"ETRN", Verb::not_implemented},
    {"HELP", Verb::not_implemented},
    {"STARTTLS", Verb::starttls},
    {"BDAT", Verb::bdat},
    {"XCLIENT", Verb::xclient},
    {"GET", Verb::not_smtp},
    {"POST", Verb::not_smtp},
    {"PUT", Verb::not_smtp},
    {"HEAD", Verb::not_smtp},
    {"CONNECT", Verb::not_smtp},
    {"PROXY", Verb::not_smtp},  // from an address that is not listed (hostile.md: close)
}};

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(white_space);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(white_space) - begin + 1);
}

/// Where an unquoted `end` stands, at or behind `from`; npos when there is none.
std::size_t find_unquoted(std::string_view text, std::string_view end, std::size_t from) {
    bool in_quotes = false;
    for (std::size_t i = from; i < text.size(); ++i) {
        if (in_quotes && text[i] == '\\')
            ++i;
        else if (text[i] == '"')
            in_quotes = !in_quotes;
        else if (!in_quotes && end.find(text[i]) != std::string_view::npos)
            return i;
    }
    return std::string_view::npos;
}

/// A-d-l ":" of RFC 5321 4.1.2: `@a.example,@b.example:`; its octets, 0 when there is none,
/// npos when it is malformed.
std::size_t source_route_octets(std::string_view text) {
    if (!text.starts_with('@')) return 0;
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return colon;
    const bool sound =
        std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
            return is_letter(c) || is_digit(c) ||
                   std::string_view("@,.-_").find(c) != std::string_view::npos;
        });
    return sound ? colon + 1 : std::string_view::npos;
}

/// A name in the DNS, and none of digits alone, or an address literal: what Postfix refuses is
/// refused before anybody is asked whether the client is blocked.
bool is_mail_domain(std::string_view canonical) {
    if (canonical.starts_with('[')) return true;
    return is_dns_name(canonical) && !std::all_of(canonical.begin(), canonical.end(),
                                                  [](char c) { return is_digit(c) || c == '.'; });
}

bool parse_path(std::string_view typed, Path& path) {
    path.typed = typed;
    if (typed.empty()) return true;
    const auto route = source_route_octets(typed);
    if (route == std::string_view::npos) return false;
    path.mailbox = typed.substr(route);
    if (auto address = Address::parse(path.mailbox)) {
        path.address = std::move(*address);
        return is_mail_domain(path.address.domain);
    }
    if (auto local = canonical_local_part(path.mailbox); local && !local->empty()) {
        path.address = {std::move(*local), {}};
        return true;
    }
    return false;
}

}  // namespace

std::string Path::in_replies() const {
    if (!mailbox.starts_with('"')) return mailbox;
    std::string out;
    std::size_t i = 1;
    for (; i < mailbox.size() && mailbox[i] != '"'; ++i) {
        if (mailbox[i] == '\\' && i + 1 < mailbox.size()) ++i;
        out += mailbox[i];
    }
    return out.append(mailbox, std::min(i + 1, mailbox.size()));
}

Command Command::parse(std::string_view line) {
    Command command;
    if (!line.empty() && !is_letter(line.front())) {
        command.verb = Verb::not_smtp;
        return command;
    }
    const auto end = line.find_first_of(white_space);
    const std::string_view word = line.substr(0, end);
    if (end != std::string_view::npos) command.argument = trimmed(line.substr(end));
    for (const auto& [name, verb] : verbs)
        if (equal_ignoring_case(word, name)) command.verb = verb;
    return command;
}

PathArgument PathArgument::parse(std::string_view argument, std::string_view keyword) {
    PathArgument result;
    result.fault = Fault::syntax;
    if (!starts_with_ignoring_case(argument, keyword)) return result;
    std::string_view text = trimmed(argument.substr(keyword.size()));
    if (text.empty()) return result;

    std::string_view typed;
    if (text.starts_with('<')) {
        const auto end = find_unquoted(text, ">", 1);
        if (end == std::string_view::npos) return result;
        typed = text.substr(1, end - 1);
        text.remove_prefix(end + 1);
        if (!text.empty() && white_space.find(text.front()) == std::string_view::npos)
            return result;
    } else {
        typed = text.substr(0, find_unquoted(text, white_space, 0));
        text.remove_prefix(typed.size());
    }

    result.eight_bit = std::any_of(typed.begin(), typed.end(), is_eight_bit);
    const bool sound = parse_path(typed, result.path);
    for (text = trimmed(text); !text.empty();) {
        const auto parameter = text.substr(0, text.find_first_of(white_space));
        result.parameters.push_back(parameter);
        text = trimmed(text.substr(parameter.size()));
    }
    result.fault = sound ? Fault::none : Fault::address;
    return result;
}

std::optional<ChunkArgument> ChunkArgument::parse(std::string_view argument) {
    constexpr std::size_t most_digits = 20;
    const std::string_view digits = argument.substr(0, argument.find_first_of(white_space));
    const std::string_view rest = trimmed(argument.substr(digits.size()));
    const bool sound = !digits.empty() && digits.size() <= most_digits &&
                       std::all_of(digits.begin(), digits.end(), is_digit) &&
                       (rest.empty() || equal_ignoring_case(rest, "LAST"));
    if (!sound) return std::nullopt;
    ChunkArgument parsed;
    parsed.last = !rest.empty();
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), parsed.octets);
    if (error != std::errc{} || parsed.octets > most_octets) parsed.octets = most_octets + 1;
    return parsed;
}

}  // namespace smtpblock::smtp
