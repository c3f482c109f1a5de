// The inside of a Session. Its functions stand by phase: session.cpp (events, the loop over
// commands), session_answers.cpp (what the client is told, its errors, endings),
// session_greeting.cpp (EHLO and the commands that need nobody), session_auth.cpp,
// session_auth_local.cpp, session_xclient.cpp, session_mail.cpp (MAIL, RCPT: where a recipient is
// decided), session_refusal.cpp (when a refused one is told), session_data.cpp, session_chunks.cpp
// (BDAT), session_upstream.cpp (what the upstream's replies mean, and its loss), session_time.cpp
// (deadlines).
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/smtp/command.h"
#include "daemon/smtp/data_scanner.h"
#include "daemon/smtp/esmtp_parameters.h"
#include "daemon/smtp/line_buffer.h"
#include "daemon/smtp/newline_normalizer.h"
#include "daemon/smtp/output.h"
#include "daemon/smtp/reply_queue.h"
#include "daemon/smtp/sasl_exchange.h"
#include "daemon/smtp/secret.h"
#include "daemon/smtp/session.h"
#include "daemon/smtp/upstream_link.h"
#include "daemon/smtp/xclient.h"

namespace smtpblock::smtp {

/// What Postfix says to a command of the RFCs that is switched off.
inline constexpr std::string_view not_implemented = "502 5.5.1 Error: command not implemented";

inline constexpr std::string_view must_start_tls_first =
    "530 5.7.0 Must issue a STARTTLS command first";

inline constexpr std::string_view no_valid_recipients = "554 5.5.1 Error: no valid recipients";

inline constexpr std::string_view unavailable =
    "451 4.3.0 Error: mail server temporarily unavailable";

/// AUTH without an upstream that could judge it.
inline constexpr std::string_view unavailable_for_auth =
    "454 4.7.0 Temporary authentication failure: Connection lost to authentication server";

class Session::Impl {
public:
    Impl(const SessionOptions& options, ClientInfo client, Policy& policy, UpstreamProfile& profile,
         Instant now);

    void on_connected(Side side, Instant now, std::size_t upstream);
    const std::string& client_address() const { return client_.address; }
    bool may_reuse() const;
    void on_reused(const KeptUpstream& kept, Instant now);
    KeptUpstream kept() const;
    void on_kept(bool taken, Instant now);
    void on_tls(Side side, Instant now);
    void on_bytes(Side side, std::string_view bytes, Instant now);
    void on_bytes_gone() { link_.output().keep_borrowed(); }
    void on_written(Side side, std::size_t bytes, Instant now);
    void on_eof(Side side, Instant now);
    void on_closed(Side side, Instant now, std::string_view why);
    void on_time(Instant now);
    void on_drain(Instant now);
    Want want(Side side) const;
    std::string_view output(Side side) const;
    Instant deadline() const;
    bool finished() const { return client_gone_ && link_.state() == UpstreamLink::State::none; }

private:
    enum class Mode : std::uint8_t { command, auth_response, message };
    /// What keeps the next command waiting.
    enum class Hold : std::uint8_t {
        nothing,
        connection,     ///< held_ waits for an upstream that takes commands
        auth_reply,     ///< the upstream owes a step of AUTH
        local_failure,  ///< auth_->local is due
        data_reply,     ///< the upstream owes the answer to DATA
        chunk_replies,  ///< the last chunk is here, and the upstream has not answered all before it
        end_reply,      ///< the upstream owes the answer to the final dot, or to the last chunk
    };
    enum class Ending : std::uint8_t { no, after_answers, now };
    enum class ClientTls : std::uint8_t {
        none,
        due,  ///< the handshake is next, once everything before it is said; nothing is taken
        active,
    };

    struct HeldCommand {
        Verb verb;
        Secret argument;  ///< of AUTH it is one
    };

    // Where an optional holds one, clang 14 does not take a constructor of its own making: it has
    // not read the initializers of the members yet.
    struct Transaction {
        Transaction() {}
        std::uint32_t number = 0;
        Path sender;
        std::string parameters;  ///< as they go on to the upstream, each after a space
        ParameterNeeds needs;    ///< of those
        bool mail_sent = false;
        bool mail_imitated = false;  ///< it would be sent, had the upstream been asked
        std::size_t forwarded = 0;   ///< recipients given to the upstream and not refused by it
        std::string refusal;         ///< for all later recipients: the upstream's, or of its loss
    };

    /// A blocked login that we answer ourselves.
    struct LocalFailure {
        LoginFailure answer;
        Instant due;
        ReplyQueue::Place place = 0;
    };

    struct AuthExchange {
        AuthExchange() {}
        enum class Judged : std::uint8_t { no, passed, spoilt };
        Mechanism mechanism = Mechanism::plain;
        /// None: the mechanism is not understood, and only the upstream's words for it are wanted.
        std::unique_ptr<SaslExchange> sasl;
        std::vector<Address> identities;
        Judged judged = Judged::no;
        bool cancelled = false;
        std::optional<Instant> secret_sent;  ///< to the upstream, a usual one
        LoginFailure seen;                   ///< as far as the upstream has answered the secret
        std::optional<LocalFailure> local;
    };

    /// The upstream connection that there is.
    struct Upstream {
        std::size_t place = 0;  ///< in the listener's list
        Instant made;
        std::uint32_t transactions = 0;
        bool reused = false;                ///< and has not shown yet that it is alive
        bool introduced = false;            ///< by XCLIENT, where that is wanted
        std::size_t introductions_due = 0;  ///< replies to XCLIENT
        bool spent = false;        ///< it saw an AUTH or an error: no other session may have it
        bool hung_up = false;      ///< it said 421
        std::uint32_t errors = 0;  ///< that it has answered since the last message it took
        std::string host;          ///< as its banner named it
    };

    /// What would be of the upstream had it been asked about the recipients that were refused here.
    struct Imitated {
        bool connected = false;
        std::uint32_t errors = 0;  ///< of those
        Instant busy_until;        ///< with what it was asked
        Duration each_next{};      ///< for each recipient behind another one in the same write
    };

    /// An answer that is told later than it is known.
    struct PacedAnswer {
        std::string reply;
        ReplyQueue::Place place = 0;
        Instant due;
        bool slowed = false;    ///< by a pause after errors
        bool is_error = false;  ///< of the client's
    };

    /// Recipients that the upstream was asked about in one write, until it has answered.
    struct TimedRcpts {
        RcptNeeds needs = RcptNeeds::nothing;
        std::uint32_t errors = 0;  ///< before the first of them
        Instant since;
        std::uint32_t count = 0;
        std::uint32_t due = 0;  ///< of those; 0: nothing is measured
        bool refused = true;    ///< all that were answered
    };

    /// A message on its way by DATA.
    struct Message {
        Message() {}
        DataScanner scanner;
        NewlineNormalizer normalizer;  ///< instead, where bare line ends are normalized
        bool upstream_lost = false;

        const char* bad_octet() const {
            return scanner.bad_octet() != nullptr ? scanner.bad_octet() : normalizer.bad_octet();
        }
    };

    /// A message on its way by BDAT, from its first chunk to its last.
    struct Chunks {
        Chunks() {}
        DataScanner scanner{Framing::counted};
        NewlineNormalizer normalizer{Framing::counted};  ///< instead
        std::uint64_t octets = 0;                        ///< of all chunks that were announced
        std::uint64_t chunk_octets = 0;                  ///< of the one that is read
        std::uint64_t left = 0;                          ///< of it, to come
        bool last = false;                               ///< no other comes behind it
        bool as_data = false;                            ///< the upstream has said 354 to it
        std::string piece;    ///< what the upstream has to get and was not sent yet
        std::string refusal;  ///< of this chunk and all behind it, with its CRLF

        const char* bad_octet() const {
            return scanner.bad_octet() != nullptr ? scanner.bad_octet() : normalizer.bad_octet();
        }
    };

    /// Due when the upstream has answered all that it got of the chunk.
    struct ChunkAnswer {
        ReplyQueue::Place place = 0;
        std::uint64_t pieces = 0;  ///< sent to it when that was the last one
        std::uint64_t octets = 0;
        std::uint32_t transaction = 0;
    };

    struct MessageRefusal {
        std::string words;     ///< none: it is not refused
        bool is_error = true;  ///< of the client's
    };

    // session.cpp
    void begin(Instant now);
    void greet_client() { say(fmt::format("220 {} {}", host(), options_.banner)); }
    void work();
    bool take_command();
    void on_no_more();
    void take_line(std::string_view line);
    void perform(const Command& command);
    void not_smtp();
    bool is_idle() const { return !transaction_ && !auth_ && mode_ == Mode::command; }
    bool may_read_client() const;
    bool client_waits() const;
    /// A login went with the connection that it was made on.
    void end_if_login_is_lost() {
        if (authenticated_ && !link_.connected())
            end_with("421 4.3.0", "Error: connection to the mail server lost");
    }
    std::string_view host() const;
    Subject subject() const;
    Instant client_deadline() const;
    Instant upstream_deadline() const;

    // session_answers.cpp
    void say(std::string_view reply) { replies_.say(fmt::format("{}\r\n", reply)); }
    /// An answer that counts as an error of the client's.
    void refuse(std::string_view reply);
    void refuse(ReplyQueue::Place place, std::string_view reply);
    void answer(ReplyQueue::Place place, std::string_view reply);
    void tell(ReplyQueue::Place place, std::string_view reply);
    void relay(ReplyQueue::Place place, const Reply& reply, Duration pause = {});
    void end_at_limit();
    /// Says why and ends, once all answers before it have left.
    void end_with(std::string_view code_and_class, std::string_view why);
    void end() {
        if (ending_ == Ending::no) ending_ = Ending::after_answers;
    }

    // session_greeting.cpp
    void helo(std::string_view argument);
    void ehlo(std::string_view argument);
    bool add_name(std::string_view argument);
    void take_greeting(std::string_view verb, std::string_view name);
    void rset(std::string_view argument);
    void noop();
    void quit(std::string_view argument);
    void vrfy(std::string_view argument);
    void starttls(std::string_view argument);
    bool must_start_tls(Verb verb) const;
    void on_client_tls();
    /// To an upstream that is there already; its reply is nobody's business.
    void copy_upstream(std::string_view command);

    // session_auth.cpp
    bool auth_offered() const;
    bool is_refused_before_connecting(std::string_view argument);
    void auth(std::string_view argument);
    void auth_response(std::string_view line);
    void take_auth_response(std::string_view command, std::string_view encoded);
    void judge(const SaslStep& step, std::string_view command, std::string_view encoded);
    LoginVerdict check_login();
    void send_auth(std::initializer_list<std::string_view> parts);
    void auth_trouble(bool exchange_begun);
    void give_up_auth();
    void on_auth_reply(ReplyQueue::Place place, const Reply& reply);
    void note_answer_to_secret(const Reply& reply);
    void end_auth(ReplyQueue::Place place, const Reply& reply);

    // session_auth_local.cpp
    std::size_t blocked_logins_to_ask() const;
    void fail_locally(bool exchange_begun);
    Instant local_failure_deadline() const;
    void answer_local_failure();
    void local_response(std::string_view line);
    void give_up_local_failure();

    // session_xclient.cpp
    void xclient(std::string_view argument);
    void become_client(const Xclient& said);
    std::string proxy_header() const;
    void introduce_client();
    void on_introduction_hello(const Reply& reply);
    void send_xclient();
    void on_xclient(const Reply& reply);

    // session_mail.cpp
    void mail(std::string_view argument);
    bool declares_smtputf8(const PathArgument& parsed) const;
    void rcpt(std::string_view argument);
    void forward_rcpt(const PathArgument& recipient);
    const std::string& rcpt_refusal() const;
    std::string filled(const std::string& reply, const Path& recipient) const;
    void forget_transaction() {
        transaction_.reset();
        chunks_.reset();
    }

    // session_refusal.cpp
    RcptNeeds rcpt_needs() const;
    void refuse_rcpt(std::string reply);
    void refuse_data(std::string_view reply);
    std::uint32_t errors_upstream() const;
    Duration pause_after(std::uint32_t errors) const;
    Duration missing_pause() const;
    void imitate_command();
    void answer_after(Duration pause, ReplyQueue::Place place, const std::string& reply);
    void say_what_is_due();
    void say_paced(const PacedAnswer& answer);
    Instant paced_deadline() const;
    void forget_imitated();
    void forget_errors();
    void begin_rcpt_time();
    void end_rcpt_time();
    void note_rcpt_time(const Reply& reply);

    // session_data.cpp
    void data(std::string_view argument);
    MessageRefusal message_refusal();
    void send_data(ReplyQueue::Place place);
    void on_data_reply(ReplyQueue::Place place, const Reply& reply);
    void take_message_bytes(std::string_view bytes);
    void end_message();
    void on_end_reply(ReplyQueue::Place place, const Reply& reply);
    void say_refusal(std::string_view refusal);
    std::string refusal_at_end();
    bool normalizes() const { return options_.bare_newline == BareNewline::normalize; }

    // session_chunks.cpp
    void bdat(std::string_view argument);
    void begin_chunks();
    void on_data_reply_for_chunks(const Reply& reply);
    void read_chunk();
    void take_chunk_bytes(std::string_view bytes);
    void pass_chunk_bytes(std::string_view bytes);
    void send_piece(std::string_view more);
    void refuse_bad_chunk();
    void refuse_chunk();
    void end_chunk();
    void end_chunks();
    void finish_chunks();
    void on_chunk_reply(const Expected& expected, const Reply& reply);
    void settle_piece(std::uint32_t transaction, std::string_view refusal);
    void refuse_lost_chunks();
    void abandon_chunks();

    // session_upstream.cpp
    void hold(Verb verb, std::string_view argument);
    void release_held();
    void fail_held(std::string_view refusal);
    void take_upstream_bytes(std::string_view bytes);
    void on_reply(const Expected& expected, const Reply& reply);
    void on_banner(const Reply& reply);
    std::string extended_hello() const;
    void on_clear_hello(const Reply& reply);
    void on_starttls(const Reply& reply);
    UpstreamTls upstream_tls() const { return options_.upstream_tls.at(upstream_.place); }
    bool wants_starttls() const {
        return upstream_tls() == UpstreamTls::starttls && !link_.secured();
    }
    void on_hello(const Reply& reply);
    void greet_upstream();
    void refuse_upstream(const Reply& reply);
    void lose_upstream(std::string_view why);
    void lose_recipients();
    void answer_mail_refused(ReplyQueue::Place place);
    void answer_for_lost(const Expected& expected);
    bool may_keep_upstream() const;
    void part_from_upstream();
    /// Closes without QUIT: of what was under way there, nothing is delivered.
    void drop_upstream();
    void note(std::string_view event, std::string_view detail) const;

    const SessionOptions& options_;
    ClientInfo client_;
    Policy& policy_;
    UpstreamProfile& profile_;

    LineBuffer input_;
    Output client_output_;
    ReplyQueue replies_{client_output_.bytes(), options_.errors};
    UpstreamLink link_;

    Mode mode_ = Mode::command;
    Hold hold_ = Hold::nothing;
    Ending ending_ = Ending::no;
    ClientTls client_tls_ = ClientTls::none;
    bool client_eof_ = false;
    bool client_gone_ = false;
    bool poisoned_ = false;  ///< a message had no single meaning: what follows is not believed
    bool draining_ = false;
    bool authenticated_ = false;
    bool said_quit_ = false;

    Keywords offered_;        ///< in the reply to the client's greeting: what it may rely on
    std::string hello_;       ///< the client's greeting as the upstream gets it, with CRLF
    std::string sent_hello_;  ///< the greeting that the upstream got last
    Upstream upstream_;
    Imitated imitated_;
    TimedRcpts timed_;
    Fifo<PacedAnswer> paced_;  ///< in the order of their places
    std::vector<EhloName> names_;
    std::vector<Address> users_;  ///< authenticated
    std::optional<HeldCommand> held_;
    std::optional<Transaction> transaction_;
    std::optional<AuthExchange> auth_;
    std::optional<Message> message_;
    std::optional<Chunks> chunks_;
    Fifo<ChunkAnswer> chunk_answers_;
    std::uint64_t pieces_sent_ = 0;
    std::uint64_t pieces_answered_ = 0;
    std::uint32_t refused_chunks_ = 0;  ///< the transaction of which one was, in chunk_refusal_
    std::string chunk_refusal_;
    std::uint32_t transactions_ = 0;
    bool limit_told_ = false;                ///< of errors
    std::uint32_t refused_transaction_ = 0;  ///< whose MAIL the upstream refused, in mail_refusal_
    std::string mail_refusal_;

    Instant now_;
    Instant client_since_;    ///< what is awaited of the client is awaited since
    Instant upstream_since_;  ///< likewise of the upstream
};

}  // namespace smtpblock::smtp
