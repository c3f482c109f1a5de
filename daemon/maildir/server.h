// The embedded upstream: a small SMTP server that takes what the front passes on and delivers it
// into a Maildir. Like the front's session it is a function of what happened: bytes go in, bytes
// and jobs come out. A job waits for a disk or hashes a password; whoever drives the server runs it
// on another thread and brings back what it answered.
//
// It trusts the front to be its only client: it has no timeouts of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/address.h"
#include "common/rule.h"
#include "daemon/maildir/delivery.h"
#include "daemon/maildir/message_text.h"
#include "daemon/maildir/password.h"
#include "daemon/smtp/command.h"
#include "daemon/smtp/data_scanner.h"
#include "daemon/smtp/line_buffer.h"
#include "daemon/smtp/output.h"
#include "daemon/smtp/session_options.h"

namespace smtpblock::maildir {

/// Canonical addresses and their crypt(3) hashes.
using Accounts = std::map<std::string, std::string, std::less<>>;

struct ServerOptions {
    std::string directory;
    std::string hostname;
    std::string auth_domain;
    /// An `out` listener's: without AUTH nothing is taken.
    bool needs_auth = false;
    std::size_t recipients = 1000;
    Accounts accounts;
};

/// Runs on any thread, once; its answer goes to on_job_done().
using Job = std::function<bool()>;

class Server {
public:
    /// The options must outlive the server. `client` is the address for `Received:`.
    Server(const ServerOptions& options, std::string client);

    /// False while a job or a delay is under way: bytes are to be kept until then.
    bool takes_bytes() const { return !waits_ && !closed_; }
    void on_bytes(std::string_view bytes);
    /// The job to be run now, given once.
    std::optional<Job> take_job();
    void on_job_done(bool answer, smtp::Instant now);
    void on_time(smtp::Instant now);

    /// What the disk refused, for the log, said once; empty when it refused nothing.
    std::string take_trouble();

    smtp::Output& output() { return output_; }
    std::optional<smtp::Instant> deadline() const { return answer_due_; }
    /// Close once the output is written.
    bool closed() const { return closed_; }

private:
    enum class Mode : std::uint8_t { command, auth_plain, auth_user, auth_secret, message };
    enum class Waits : std::uint8_t { begin, append, commit, password, delay };

    // server.cpp
    void work();
    void perform(std::string_view line);
    void mail(std::string_view argument);
    void rcpt(std::string_view argument);
    void data();
    void take_message();
    void on_message_job(Waits what, bool answer);
    void say(std::string_view reply);
    void start(Waits what, Job job);
    void forget_transaction();

    // server_auth.cpp
    void auth(std::string_view argument);
    void auth_response(std::string_view line);
    void take_plain(std::string_view encoded);
    void take_user(std::string_view encoded);
    void check(std::string_view user, std::shared_ptr<const smtp::Secret> secret);
    void on_password_job(bool answer, smtp::Instant now);

    const ServerOptions& options_;
    const std::string client_;
    smtp::LineBuffer input_;
    smtp::Output output_;
    Mode mode_ = Mode::command;
    std::optional<Waits> waits_;
    std::optional<Job> job_;
    std::optional<smtp::Instant> answer_due_;
    bool closed_ = false;

    std::string greeted_as_;
    bool extended_ = false;
    bool authenticated_ = false;
    std::string user_;  ///< of AUTH LOGIN, while its secret is awaited
    std::optional<std::string> sender_;
    std::vector<std::string> recipients_;

    std::shared_ptr<Delivery> delivery_;
    smtp::DataScanner scanner_;
    Unstuffer unstuffer_;
    std::string chunk_;  ///< of the message, not yet given to a job
    std::uint64_t octets_ = 0;
    bool disk_failed_ = false;
    std::string trouble_;
};

}  // namespace smtpblock::maildir
