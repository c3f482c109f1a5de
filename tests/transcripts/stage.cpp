#include "transcripts/stage.h"

#include <algorithm>
#include <stdexcept>

#include "common/text.h"
#include "daemon/smtp/proxy_header.h"
#include "unit/stirred.h"

namespace smtpblock::transcripts {

using smtp::Side;
using smtp::Want;

namespace {

bool is_yes(const std::string& value) {
    return value == "yes";
}

void set_option(const std::string& option, smtp::SessionOptions& options,
                smtp::UpstreamProfile& profile, smtp::ClientInfo& client) {
    const auto equals = option.find('=');
    const std::string key = option.substr(0, equals);
    const std::string value = option.substr(equals + 1);
    const auto number = [&] { return static_cast<std::size_t>(std::stoul(value)); };
    if (key == "idle" || key == "keeps") return;  // of the stage
    if (key == "direction")
        options.direction = direction_of(value).value();
    else if (key == "host")
        options.hostname = value;
    else if (key == "banner")
        options.banner = value;
    else if (key == "auth_domain")
        options.auth_domain = value;
    else if (key == "auth_without_tls")
        options.auth_without_tls = value == "true"    ? smtp::AuthWithoutTls::always
                                   : value == "false" ? smtp::AuthWithoutTls::never
                                                      : smtp::AuthWithoutTls::loopback;
    else if (key == "tls")
        options.implicit_tls = is_yes(value);
    else if (key == "starttls")
        options.starttls =
            value == "required" ? smtp::StartTls::required : smtp::StartTls::optional;
    else if (key == "upstream_tls")
        options.upstream_tls = {value == "implicit" ? smtp::UpstreamTls::implicit
                                                    : smtp::UpstreamTls::starttls};
    else if (key == "smtputf8")
        profile.keywords.smtputf8 = is_yes(value);
    else if (key == "dsn")
        profile.keywords.dsn = is_yes(value);
    else if (key == "chunking")
        profile.keywords.chunking = is_yes(value);
    else if (key == "bare_newline")
        options.bare_newline =
            value == "normalize" ? smtp::BareNewline::normalize : smtp::BareNewline::refuse;
    else if (key == "auth_failure")
        options.auth_failure =
            value == "local" ? smtp::AuthFailure::local : smtp::AuthFailure::upstream;
    else if (key == "auth_upstream_max")
        options.auth_upstream_max = number();
    else if (key == "client_address")
        options.client_address = value == "proxy"     ? ClientAddress::proxy
                                 : value == "xclient" ? ClientAddress::xclient
                                                      : ClientAddress::none;
    else if (key == "xclient_from")
        options.xclient_from.push_back(*IpNetwork::parse(value));
    else if (key == "trusted_networks")
        options.trusted_networks.push_back(*IpNetwork::parse(value));
    else if (key == "learn")
        options.learn_rcpt_reply = is_yes(value);
    else if (key == "rcpt_refusal")
        profile.rcpt_refusal = value;
    else if (key == "rcpt_reply")
        options.rcpt_reply = value;
    else if (key == "defer_reply")
        options.defer_reply = value;
    else if (key == "command_line")
        options.command_line = number();
    else if (key == "errors")
        options.errors = number();
    else if (key == "recipients")
        options.recipients = number();
    else if (key == "trusted")
        client.trusted = is_yes(value);
    else if (key == "loopback")
        client.loopback = is_yes(value);
    else if (key == "learnt")
        profile.learnt = is_yes(value);
    else if (key == "pipelining")
        profile.keywords.pipelining = is_yes(value);
    else if (key == "8bitmime")
        profile.keywords.eight_bit_mime = is_yes(value);
    else if (key == "codes")
        profile.keywords.enhanced_status_codes = is_yes(value);
    else if (key == "size")
        profile.keywords.size = number();
    else if (key == "auth") {
        for (std::size_t begin = 0; begin < value.size();) {
            const auto end = std::min(value.find(',', begin), value.size());
            profile.keywords.mechanisms.add(
                smtp::mechanism_of(value.substr(begin, end - begin)).value());
            begin = end + 1;
        }
    } else
        throw std::runtime_error("no option of a listener: " + option);
}

}  // namespace

Stage::Stage(const Transcript& transcript, std::size_t piece)
    : start_(std::chrono::hours(1)), now_(start_), piece_(piece) {
    options_.listener = "test";
    options_.hostname = "mx.example.org";
    options_.keyed_hash = stirred;
    smtp::ClientInfo client;
    client.loopback = true;
    Endpoint address = *Endpoint::parse("127.0.0.1:40000");
    for (const std::string& option : transcript.listener) {
        idle_ = idle_ || option == "idle=yes";
        keeps_ = keeps_ || option == "keeps=yes";
        if (!option.starts_with("client=")) continue;
        address = *Endpoint::parse(option.substr(7));
        client.loopback = smtp::is_loopback(address.address);
    }
    for (const std::string& option : transcript.listener)
        if (!option.starts_with("client=")) set_option(option, options_, profile_, client);
    const smtp::ClientInfo flags = client;
    client = smtp::client_info(options_, "7f3a", address, *Endpoint::parse("127.0.0.1:25"));
    client.trusted = client.trusted || flags.trusted;
    client.loopback = flags.loopback;
    if (options_.rcpt_reply.empty())
        options_.rcpt_reply = options_.direction == Direction::out
                                  ? "554 5.7.1 <{rcpt}>: Relay access denied"
                                  : "554 5.7.1 <{rcpt}>: Recipient address rejected: Access denied";
    if (options_.defer_reply.empty())
        options_.defer_reply = "450 4.7.1 <{rcpt}>: Recipient address rejected: Access denied";
    session_ =
        std::make_unique<smtp::Session>(options_, std::move(client), policy_, profile_, now_);
    pump();
}

void Stage::client_says(const std::string& bytes) {
    if (in_message_) {
        said_in_message_ += bytes;
        if (("\r\n" + said_in_message_).find("\r\n.\r\n") != std::string::npos) in_message_ = false;
    }
    from_client_.bytes() += bytes;
    pump();
}

void Stage::client_half_closes() {
    client_closes_ = true;
    pump();
}

void Stage::client_resets() {
    if (!client_is_up_) return;
    client_is_up_ = false;
    from_client_.clear();
    session_->on_closed(Side::client, now_, "connection reset by peer");
    pump();
}

bool Stage::upstream_says(const std::string& bytes) {
    if (!upstream_) return false;
    from_upstream_.bytes() += bytes;
    pump();
    return true;
}

bool Stage::client_starts_tls() {
    if (!client_is_up_ || session_->want(Side::client) != Want::tls_handshake) return false;
    if (!session_->output(Side::client).empty()) breaks("words in clear text behind the last ones");
    from_client_.clear();
    session_->on_tls(Side::client, now_);
    pump();
    return true;
}

bool Stage::upstream_starts_tls() {
    if (!upstream_ || session_->want(Side::upstream) != Want::tls_handshake) return false;
    if (!session_->output(Side::upstream).empty())
        breaks("a command in clear text behind STARTTLS");
    from_upstream_.clear();
    upstream_->forget();
    session_->on_tls(Side::upstream, now_);
    pump();
    return true;
}

bool Stage::robot_starts_tls() {
    if (!upstream_ || !upstream_->automatic() ||
        session_->want(Side::upstream) != Want::tls_handshake)
        return false;
    upstream_->forget();
    session_->on_tls(Side::upstream, now_);
    return true;
}

bool Stage::upstream_closes() {
    if (!upstream_) return false;
    upstream_closes_ = true;
    pump();
    return true;
}

bool Stage::upstream_resets() {
    if (!upstream_) return false;
    upstream_.reset();
    upstream_ended = true;
    session_->on_closed(Side::upstream, now_, "connection reset by peer");
    pump();
    return true;
}

void Stage::drain() {
    session_->on_drain(now_);
    pump();
}

void Stage::connecting(Connecting how) {
    connecting_ = how;
    pump();
}

void Stage::time_passes(std::chrono::seconds time) {
    const auto until = now_ + time;
    for (int rounds = 0; session_->deadline() <= until && !session_->finished(); ++rounds) {
        if (rounds > 100) return breaks("a deadline stays in the past");
        now_ = std::max(now_, session_->deadline());
        policy_.now = Time(std::chrono::seconds(1700000000)) +
                      std::chrono::duration_cast<std::chrono::seconds>(now_ - start_);
        session_->on_time(now_);
        pump();
    }
    now_ = until;
    policy_.now = Time(std::chrono::seconds(1700000000)) +
                  std::chrono::duration_cast<std::chrono::seconds>(now_ - start_);
}

void Stage::wind_down() {
    client_half_closes();
    for (int hours = 0; hours < 10 && !session_->finished(); ++hours)
        time_passes(std::chrono::hours(1));
    if (!session_->finished()) breaks("the session does not finish");
    if (session_->finished() && session_->want(Side::client) != Want::nothing &&
        session_->want(Side::client) != Want::close)
        breaks("a finished session wants something of the client");
}

int Stage::client_is_asked() const {
    if (in_message_) return 354;
    return last_code_ == 334 ? 334 : 0;
}

void Stage::pump() {
    for (int rounds = 0; !session_->finished(); ++rounds) {
        if (rounds > 10'000'000) return breaks("the session never rests");
        const bool moved =
            connect() || robot_starts_tls() || close() || write() || read() || end_reading();
        watch();
        if (!moved) return;
    }
}

bool Stage::connect() {
    if (session_->want(Side::upstream) != Want::connect || connecting_ == Connecting::silent)
        return false;
    if (upstream_) breaks("a second connection before the end of the first");
    if (idle_ && session_->may_reuse()) return reuse();
    ++connections;
    if (connecting_ == Connecting::refused) {
        session_->on_closed(Side::upstream, now_, "connection refused");
        return true;
    }
    upstream_.emplace(tally_, connecting_ == Connecting::by_robot);
    header_is_due_ = options_.client_address == ClientAddress::proxy;
    header_.clear();
    upstream_ended = false;
    upstream_closes_ = false;
    upstream_reads_ = true;
    from_upstream_.clear();
    session_->on_connected(Side::upstream, now_);
    return true;
}

/// One that offers PIPELINING, 8BITMIME and ENHANCEDSTATUSCODES.
bool Stage::reuse() {
    idle_ = false;
    upstream_.emplace(tally_, connecting_ == Connecting::by_robot);
    upstream_->be_idle();
    header_is_due_ = false;
    upstream_ended = false;
    upstream_closes_ = false;
    from_upstream_.clear();
    session_->on_reused({.upstream = 0,
                         .since = now_,
                         .transactions = 0,
                         .secured = false,
                         .keywords = {},
                         .host = "mx.example.org"},
                        now_);
    return true;
}

bool Stage::close() {
    if (session_->want(Side::upstream) == Want::keep) {
        if (upstream_->is_busy()) breaks("the upstream is left in the midst of something");
        if (keeps_) upstream_.reset();
        kept = keeps_;
        session_->on_kept(keeps_, now_);
        return true;
    }
    if (session_->want(Side::upstream) == Want::close) {
        upstream_.reset();
        upstream_ended = true;
        session_->on_closed(Side::upstream, now_);
        return true;
    }
    if (client_is_up_ && session_->want(Side::client) == Want::close) {
        client_is_up_ = false;
        client_ended = true;
        session_->on_closed(Side::client, now_);
        return true;
    }
    return false;
}

bool Stage::write() {
    if (client_is_up_ && !session_->output(Side::client).empty()) {
        const std::string bytes(session_->output(Side::client).substr(0, piece_));
        see(bytes);
        session_->on_written(Side::client, bytes.size(), now_);
        return true;
    }
    if (upstream_ && upstream_reads_ && !session_->output(Side::upstream).empty()) {
        const std::string bytes(session_->output(Side::upstream).substr(0, piece_));
        upstream_gets(bytes);
        session_->on_written(Side::upstream, bytes.size(), now_);
        return true;
    }
    return false;
}

/// A PROXY header is shown as a line of its own.
void Stage::upstream_gets(std::string_view bytes) {
    if (header_is_due_) {
        header_ += bytes;
        const auto header = smtp::ProxyHeader::parse(header_);
        if (header.state == smtp::ProxyHeader::State::malformed) return breaks("no PROXY header");
        if (header.state == smtp::ProxyHeader::State::more) return;
        header_is_due_ = false;
        upstream_got +=
            "PROXY " + (header.client ? header.client->text() : std::string("LOCAL")) + "\r\n";
        return upstream_gets(std::exchange(header_, {}).substr(header.octets));
    }
    upstream_got += bytes;
    everything_upstream_got += bytes;
    upstream_->gets(bytes);
}

bool Stage::read() {
    if (upstream_) from_upstream_.bytes() += upstream_->take_answer();
    if (upstream_ && !from_upstream_.empty() && session_->want(Side::upstream) == Want::read) {
        const std::string bytes(from_upstream_.pending().substr(0, piece_));
        from_upstream_.taken(bytes.size());
        upstream_->said(bytes);
        session_->on_bytes(Side::upstream, bytes, now_);
        return true;
    }
    if (client_is_up_ && !from_client_.empty() && session_->want(Side::client) == Want::read) {
        const std::string bytes(from_client_.pending().substr(0, piece_));
        from_client_.taken(bytes.size());
        session_->on_bytes(Side::client, bytes, now_);
        return true;
    }
    return false;
}

bool Stage::end_reading() {
    if (upstream_ && upstream_closes_ && session_->want(Side::upstream) == Want::read) {
        upstream_closes_ = false;
        session_->on_eof(Side::upstream, now_);
        return true;
    }
    if (client_is_up_ && client_closes_ && session_->want(Side::client) == Want::read) {
        client_closes_ = false;
        session_->on_eof(Side::client, now_);
        return true;
    }
    return false;
}

void Stage::see(std::string_view bytes) {
    client_saw += bytes;
    for (const char c : bytes) {
        seen_line_ += c;
        if (c == '\n') see_line(std::exchange(seen_line_, {}));
    }
}

void Stage::see_line(const std::string& line) {
    const bool sound = line.size() >= 6 && line.ends_with("\r\n") &&
                       std::all_of(line.begin(), line.begin() + 3, is_digit) &&
                       (line[3] == ' ' || line[3] == '-') &&
                       std::none_of(line.begin(), line.end() - 2,
                                    [](char c) { return is_control(c) && c != '\t'; });
    if (!sound) return breaks("no reply line: " + printable(line));
    if (line[3] == '-') return;
    last_code_ = std::stoi(line.substr(0, 3));
    if (last_code_ >= 500) final_refusals.insert(line);
    if (end_is_due_) {
        end_is_due_ = false;
        in_message_ = false;
        const bool told = tally_.everything.find(line) != std::string::npos ||
                          line.starts_with("550 5.5.2 ") ||
                          (line.starts_with("554 5.7.1 <END") && policy_.ends_blocked > 0);
        if (last_code_ / 100 == 2) ++messages_accepted_;
        if (last_code_ >= 500 && !told) breaks("made up at the end of a message: " + line);
    }
    if (last_code_ != 354) return;
    end_is_due_ = true;
    in_message_ = true;
    said_in_message_.clear();
}

void Stage::watch() {
    if (messages_accepted_ > tally_.messages_taken)
        breaks("the client was told that a message is taken which the upstream has not taken");
    for (const auto& [path, times] : tally_.recipients)
        if (times > policy_.recipients_passed[path])
            breaks("the upstream got a recipient that did not pass: " + path);
    if (tally_.data > policy_.data_passed) breaks("the upstream got a DATA that did not pass");
    if (tally_.ends > policy_.ends_passed)
        breaks("the upstream got the end of a message that did not pass");
    if (tally_.plain_secrets > policy_.logins_passed)
        breaks("the upstream got the secret of a login that did not pass");
    if (tally_.early_message) breaks("the upstream got more behind DATA before its 354");
    if (policy_.accepted_told > tally_.messages_taken)
        breaks("the log was told of a message that the upstream has not taken");
}

}  // namespace smtpblock::transcripts
