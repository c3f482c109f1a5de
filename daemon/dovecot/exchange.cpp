#include "daemon/dovecot/exchange.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "common/ip_address.h"
#include "common/login_name.h"
#include "common/text.h"

namespace smtpblock::dovecot {
namespace {

/// Of equal length, so that what is sent tells nothing. Without a `msg`, which Dovecot would show
/// to the client.
constexpr std::string_view passes = R"({"status": 0})";
constexpr std::string_view fails = R"({"status":-1})";

/// Longer than Dovecot keeps a connection that is not used (10 s) or waits for an answer
/// (auth_policy_server_timeout_msecs, 2 s): where a connection ends, Dovecot has done it.
constexpr std::chrono::seconds idle_time{60};
constexpr std::chrono::seconds request_time{10};

enum class Command : std::uint8_t { allow, report, unknown };

std::string_view phrase(unsigned status) {
    switch (status) {
        case 200:
            return "OK";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 431:
            return "Request Header Fields Too Large";
    }
    return "Error";
}

/// Before its query.
std::string_view path_of(std::string_view target) {
    return target.substr(0, target.find('?'));
}

/// Dovecot puts it behind what the administrator wrote, which may be a query already.
Command command_of(std::string_view target) {
    const auto question = target.find('?');
    std::string_view query =
        question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const std::string_view argument = query.substr(0, end);
        if (argument == "command=allow") return Command::allow;
        if (argument == "command=report") return Command::report;
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return Command::unknown;
}

/// The media type, without its parameters (RFC 9110 8.3.1).
bool is_json(std::string_view content_type) {
    content_type = content_type.substr(0, content_type.find(';'));
    while (content_type.ends_with(' ') || content_type.ends_with('\t'))
        content_type.remove_suffix(1);
    return equal_ignoring_case(content_type, "application/json");
}

}  // namespace

door::Options options_for(std::shared_ptr<const Settings> settings) {
    std::string described = fmt::format("services {}", fmt::join(settings->services, " "));
    if (settings->api_header) described += ", with a key";
    return {[settings = std::move(settings)](smtp::Policy& rules, const door::Asker& asker) {
                return std::make_unique<Exchange>(settings, rules, asker);
            },
            idle_time, request_time, std::move(described)};
}

Exchange::Exchange(std::shared_ptr<const Settings> settings, smtp::Policy& rules, door::Asker asker)
    : settings_(std::move(settings)),
      rules_(rules),
      asker_(std::move(asker)),
      reader_(settings_->api_header ? settings_->api_header->name : "") {}

void Exchange::on_bytes(std::string_view bytes) {
    while (!finished()) {
        switch (reader_.read(bytes)) {
            case HttpReader::State::more:
                return;
            case HttpReader::State::head:
                on_head(reader_.head());
                break;
            case HttpReader::State::complete:
                if (!reader_.head().keeps_alive || last_) finish();
                answer(reader_.head(), reader_.body());
                break;
            case HttpReader::State::flawed:
                finish();
                refuse(reader_.fault(), "no request of HTTP/1.1, or a larger one than is taken");
                break;
        }
    }
}

/// The body of a request that is refused here is never read, so that the connection is of no use
/// any more.
void Exchange::on_head(const HttpHead& head) {
    if (const Flaw flaw = flaw_of(head); flaw.status != 0) {
        finish();
        return refuse(flaw.status, flaw.why);
    }
    if (head.waits) say("HTTP/1.1 100 Continue\r\n\r\n");
}

/// Whoever has not the key learns nothing else.
Exchange::Flaw Exchange::flaw_of(const HttpHead& head) const {
    if (settings_->api_header && !settings_->api_header->is_value(head.key))
        return {401, "not with the key of api_header"};
    if (path_of(head.target) != "/") return {404, "the path is not /"};
    if (head.method != "POST") return {405, "the method is not POST"};
    if (!is_json(head.content_type)) return {415, "the content is not application/json"};
    if (command_of(head.target) == Command::unknown)
        return {400, "neither command=allow nor command=report"};
    if (head.too_large) return {413, "a larger body than is taken"};
    return {};
}

void Exchange::answer(const HttpHead& head, std::string_view body) {
    if (command_of(head.target) == Command::report) return respond(200, "application/json", passes);
    const auto asked = AuthRequest::parse(body);
    if (!asked) return refuse(400, asked.error().message);
    respond(200, "application/json", is_judged(*asked) && is_blocked(*asked) ? fails : passes);
}

/// A login whose protocol is not told could be one of them.
bool Exchange::is_judged(const AuthRequest& request) const {
    const auto& services = settings_->services;
    return !request.protocol ||
           std::find(services.begin(), services.end(), *request.protocol) != services.end();
}

/// Both identities count. While the rules cannot be read nobody logs in, unless on_store_error says
/// otherwise: Dovecot knows no answer between yes and no.
bool Exchange::is_blocked(const AuthRequest& request) {
    std::vector<Address> users;
    for (const std::string& name : {request.login, request.auth_user}) {
        if (name.empty()) continue;
        for (Address& reading : readings_of_login(name, settings_->auth_domain))
            if (std::find(users.begin(), users.end(), reading) == users.end())
                users.push_back(std::move(reading));
    }
    smtp::Subject subject;
    subject.session = asker_.session;
    subject.listener = settings_->listener;
    subject.client =
        IpAddress::parse(request.remote) ? std::string_view(request.remote) : "unknown";
    subject.listener_direction = Direction::out;
    subject.users = users;
    return rules_.check(smtp::Moment::auth, subject) != Verdict::pass;
}

void Exchange::refuse(unsigned status, std::string_view why) {
    if (!std::exchange(complained_, true))
        complain("refused", fmt::format("HTTP {}: {}", status, why));
    respond(status, "text/plain", fmt::format("{}\n", printable(why)));
}

void Exchange::respond(unsigned status, std::string_view type, std::string_view body) {
    say(fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}{}{}\r\n{}",
                    status, phrase(status), type, body.size(),
                    status == 405 ? "Allow: POST\r\n" : "",
                    status == 401 ? "WWW-Authenticate: ApiKey\r\n" : "",
                    finished() ? "Connection: close\r\n" : "", body));
}

}  // namespace smtpblock::dovecot
