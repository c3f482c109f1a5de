#include "daemon/smtp/session.h"

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "daemon/smtp/limits.h"
#include "daemon/smtp/session_impl.h"

namespace smtpblock::smtp {
namespace {

constexpr std::string_view out_of_step = "Error: out of step, closing connection";

/// A line with a bad octet that begins like no command, such as a TLS handshake or the third line
/// of a PROXY header from somebody who is not listed. An empty one with a bare CR or LF is but
/// badly ended.
bool begins_otherwise(std::string_view line) {
    return line.front() != '\r' && line.front() != '\n' && !is_letter(line.front());
}

}  // namespace

Session::Session(const SessionOptions& options, ClientInfo client, Policy& policy,
                 UpstreamProfile& profile, Instant now)
    : impl_(std::make_unique<Impl>(options, std::move(client), policy, profile, now)) {}
Session::~Session() = default;

void Session::on_connected(Side side, Instant now, std::size_t upstream) {
    impl_->on_connected(side, now, upstream);
}
bool Session::may_reuse() const {
    return impl_->may_reuse();
}
void Session::on_reused(const KeptUpstream& kept, Instant now) {
    impl_->on_reused(kept, now);
}
KeptUpstream Session::kept() const {
    return impl_->kept();
}
void Session::on_kept(bool taken, Instant now) {
    impl_->on_kept(taken, now);
}
void Session::on_tls(Side side, Instant now) {
    impl_->on_tls(side, now);
}
void Session::on_bytes(Side side, std::string_view bytes, Instant now) {
    impl_->on_bytes(side, bytes, now);
    impl_->on_bytes_gone();
}
void Session::on_lent_bytes(Side side, std::string_view bytes, Instant now) {
    impl_->on_bytes(side, bytes, now);
}
void Session::on_bytes_gone() {
    impl_->on_bytes_gone();
}
void Session::on_written(Side side, std::size_t bytes, Instant now) {
    impl_->on_written(side, bytes, now);
}
void Session::on_eof(Side side, Instant now) {
    impl_->on_eof(side, now);
}
void Session::on_closed(Side side, Instant now, std::string_view why) {
    impl_->on_closed(side, now, why);
}
void Session::on_time(Instant now) {
    impl_->on_time(now);
}
void Session::on_drain(Instant now) {
    impl_->on_drain(now);
}
const std::string& Session::client_address() const {
    return impl_->client_address();
}
Want Session::want(Side side) const {
    return impl_->want(side);
}
std::string_view Session::output(Side side) const {
    return impl_->output(side);
}
Instant Session::deadline() const {
    return impl_->deadline();
}
bool Session::finished() const {
    return impl_->finished();
}

Session::Impl::Impl(const SessionOptions& options, ClientInfo client, Policy& policy,
                    UpstreamProfile& profile, Instant now)
    : options_(options),
      client_(std::move(client)),
      policy_(policy),
      profile_(profile),
      offered_(profile.keywords),
      now_(now),
      client_since_(now),
      upstream_since_(now) {
    if (options_.implicit_tls)
        client_tls_ = ClientTls::due;
    else
        greet_client();
}

/// Every event begins so. The time that a client may take does not run while it waits for us.
void Session::Impl::begin(Instant now) {
    now_ = now;
    if (client_waits()) client_since_ = now;
}

void Session::Impl::on_connected(Side side, Instant now, std::size_t upstream) {
    begin(now);
    if (side == Side::client || link_.state() != UpstreamLink::State::connecting) return;
    upstream_since_ = now;
    upstream_ = {};
    upstream_.place = upstream;
    upstream_.made = now;
    link_.on_connected(upstream_tls() == UpstreamTls::implicit, proxy_header());
}

void Session::Impl::on_tls(Side side, Instant now) {
    begin(now);
    if (side == Side::client) {
        if (client_tls_ != ClientTls::due) return;
        client_since_ = now;
        on_client_tls();
    } else {
        if (link_.state() != UpstreamLink::State::securing) return;
        upstream_since_ = now;
        const bool implicit_tls = upstream_tls() == UpstreamTls::implicit;
        link_.on_tls(implicit_tls);
        if (!implicit_tls) greet_upstream();
        if (link_.ready()) release_held();
    }
    work();
}

void Session::Impl::on_bytes(Side side, std::string_view bytes, Instant now) {
    begin(now);
    if (side == Side::upstream) {
        upstream_since_ = now;
        take_upstream_bytes(bytes);
    } else if (ending_ == Ending::no && client_tls_ != ClientTls::due) {
        if (mode_ == Mode::message && input_.empty())
            take_message_bytes(bytes);
        else
            input_.append(bytes);
    }
    work();
}

void Session::Impl::on_written(Side side, std::size_t bytes, Instant now) {
    begin(now);
    if (side == Side::client) {
        client_output_.taken(bytes);
        client_since_ = now;
    } else {
        link_.output().taken(bytes);
        upstream_since_ = now;
    }
    work();
}

void Session::Impl::on_eof(Side side, Instant now) {
    begin(now);
    if (side == Side::upstream) {
        lose_upstream("closed by the upstream");
        work();
        return;
    }
    client_eof_ = true;
    work();
}

void Session::Impl::on_closed(Side side, Instant now, std::string_view why) {
    begin(now);
    if (side == Side::upstream) {
        lose_upstream(why);
        link_.on_closed();
        if (held_ && !client_gone_) link_.connect();
        upstream_since_ = now;
        work();
        return;
    }
    if (client_tls_ == ClientTls::due && !why.empty()) note("TLS handshake failed", why);
    client_gone_ = true;
    ending_ = Ending::now;
    held_.reset();
    if (may_keep_upstream())
        link_.leave();
    else
        part_from_upstream();
}

/// The client has gone.
void Session::Impl::part_from_upstream() {
    if (!said_quit_ || chunks_ || !link_.ready() || !link_.owes_nothing()) return drop_upstream();
    link_.send("QUIT\r\n", {.due = Due::quit});
    upstream_since_ = now_;
}

void Session::Impl::on_drain(Instant now) {
    begin(now);
    const bool was_asked_before = std::exchange(draining_, true);
    if (was_asked_before) {
        held_.reset();
        give_up_local_failure();
        while (!paced_.empty()) say_paced(paced_.pop());
        if (mode_ == Mode::message) drop_upstream();
        end_with("421 4.3.2", "Error: service is shutting down");
    }
    work();
}

Want Session::Impl::want(Side side) const {
    if (side == Side::upstream) {
        switch (link_.state()) {
            case UpstreamLink::State::none:
                return Want::nothing;
            case UpstreamLink::State::connecting:
                return Want::connect;
            case UpstreamLink::State::left:
                return Want::keep;
            case UpstreamLink::State::closing:
                return Want::close;
            case UpstreamLink::State::securing:
                return link_.output().empty() ? Want::tls_handshake : Want::nothing;
            case UpstreamLink::State::greeting:
            case UpstreamLink::State::ready:
                break;
        }
        return client_output_.size() < limits::unread_answers_octets ? Want::read : Want::nothing;
    }
    if (client_gone_) return Want::nothing;
    const bool all_said = client_output_.empty() && replies_.empty();
    if (ending_ == Ending::now || (ending_ == Ending::after_answers && all_said))
        return Want::close;
    if (client_tls_ == ClientTls::due) return all_said ? Want::tls_handshake : Want::nothing;
    return may_read_client() ? Want::read : Want::nothing;
}

bool Session::Impl::may_read_client() const {
    if (ending_ != Ending::no || client_eof_ || client_tls_ == ClientTls::due) return false;
    if (mode_ == Mode::message &&
        (link_.unsent() >= limits::data_ahead_octets || link_.replies_due() >= limits::pipelined))
        return false;
    return input_.size() < limits::read_ahead_octets &&
           client_output_.size() < limits::unread_answers_octets &&
           replies_.size() < limits::pipelined;
}

/// For an answer, or until the upstream has taken what there is of a message.
bool Session::Impl::client_waits() const {
    if (!client_output_.empty()) return false;
    if (mode_ == Mode::message && ending_ == Ending::no) return !may_read_client();
    return hold_ != Hold::nothing || !replies_.empty();
}

std::string_view Session::Impl::output(Side side) const {
    if (side == Side::client) return client_output_.pending();
    return link_.output().pending();
}

/// Takes what the client has sent for as long as nothing holds it up.
void Session::Impl::work() {
    end_at_limit();
    while (ending_ == Ending::no) {
        if (hold_ == Hold::chunk_replies && link_.quiet()) {
            finish_chunks();
        } else if (mode_ == Mode::message) {
            if (input_.empty()) return on_no_more();
            const std::uint64_t most = chunks_ ? chunks_->left : input_.size();
            const std::string bytes(input_.rest().substr(0, most));
            input_.take(bytes.size());
            take_message_bytes(bytes);
            link_.output().keep_borrowed();
        } else if (client_tls_ == ClientTls::due) {
            return;  // one that is to hear a last word hears it in TLS
        } else if (draining_ && is_idle() && hold_ == Hold::nothing) {
            end_with("421 4.3.2", "Error: service is shutting down");
        } else if (!take_command()) {
            return;
        }
        end_at_limit();
    }
}

bool Session::Impl::take_command() {
    if (hold_ != Hold::nothing || replies_.size() >= limits::pipelined ||
        client_output_.size() >= limits::unread_answers_octets)
        return false;
    const bool in_auth =
        mode_ == Mode::auth_response || starts_with_ignoring_case(input_.rest(), "AUTH ");
    switch (input_.next(in_auth ? limits::auth_line_octets : options_.command_line)) {
        case LineBuffer::State::more:
            on_no_more();
            return false;
        case LineBuffer::State::line:
            take_line(input_.line());
            input_.forget_line();
            break;
        case LineBuffer::State::bad_octet:
            if (mode_ == Mode::command && begins_otherwise(input_.rest())) {
                not_smtp();
                break;
            }
            refuse("500 5.5.2 Error: bare CR, bare LF, NUL or control character in a command");
            give_up_auth();
            break;
        case LineBuffer::State::too_long:
            refuse(in_auth ? "500 5.5.6 SASL response limit exceeded"
                           : "500 5.5.2 Error: line too long");
            give_up_auth();
            break;
        case LineBuffer::State::flood:
            end_with("421 4.7.0", "Error: line too long");
            break;
    }
    client_since_ = now_;
    return true;
}

/// All that the client has sent is taken. When it will send no more, the session ends; of a message
/// or a login that is not whole nothing may come.
void Session::Impl::on_no_more() {
    if (!client_eof_) return;
    if (mode_ != Mode::command) {
        note("client closed", mode_ == Mode::message ? "in a message" : "in AUTH");
        drop_upstream();
        end();
    } else if (replies_.empty()) {
        end();
    }
}

void Session::Impl::take_line(std::string_view line) {
    if (poisoned_)
        end_with("421 4.7.0", out_of_step);
    else if (mode_ == Mode::auth_response)
        auth_response(line);
    else
        perform(Command::parse(line));
}

/// There is no use in talking on.
void Session::Impl::not_smtp() {
    end_with("421 4.7.0", "Error: this is a mail server");
}

void Session::Impl::perform(const Command& command) {
    if (chunks_ && chunks_->bad_octet() != nullptr && command.verb != Verb::bdat)
        return end_with("421 4.7.0", out_of_step);
    if (must_start_tls(command.verb) && command.verb != Verb::bdat)
        return refuse(must_start_tls_first);
    switch (command.verb) {
        case Verb::helo:
            return helo(command.argument);
        case Verb::ehlo:
            return ehlo(command.argument);
        case Verb::mail:
            return mail(command.argument);
        case Verb::rcpt:
            return rcpt(command.argument);
        case Verb::data:
            return data(command.argument);
        case Verb::rset:
            return rset(command.argument);
        case Verb::noop:
            return noop();
        case Verb::quit:
            return quit(command.argument);
        case Verb::vrfy:
            return vrfy(command.argument);
        case Verb::auth:
            return auth(command.argument);
        case Verb::starttls:
            return starttls(command.argument);
        case Verb::xclient:
            return xclient(command.argument);
        case Verb::not_implemented:
            return refuse(not_implemented);
        case Verb::bdat:
            return bdat(command.argument);
        case Verb::not_smtp:
            return not_smtp();
        case Verb::unknown:
            return refuse("502 5.5.2 Error: command not recognized");
    }
}

std::string_view Session::Impl::host() const {
    return profile_.host.empty() ? options_.hostname : profile_.host;
}

Subject Session::Impl::subject() const {
    static const EhloName none_given;
    Subject subject;
    subject.session = client_.session;
    subject.listener = options_.listener;
    subject.client = client_.address;
    subject.listener_direction = options_.direction;
    subject.authenticated = authenticated_;
    subject.trusted = client_.trusted;
    subject.ehlo_names = names_;
    if (names_.empty()) subject.ehlo_names = {&none_given, 1};
    subject.users = users_;
    if (!transaction_) return subject;
    subject.has_sender = true;
    subject.null_sender = transaction_->sender.null();
    if (!subject.null_sender) subject.sender = &transaction_->sender.address;
    subject.sender_path = transaction_->sender.typed;
    subject.recipients = transaction_->forwarded;
    return subject;
}

}  // namespace smtpblock::smtp
