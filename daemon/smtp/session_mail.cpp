// MAIL and RCPT. MAIL is answered here; the upstream gets it with the first recipient that passes.
#include <algorithm>
#include <utility>

#include "common/text.h"
#include "daemon/smtp/limits.h"
#include "daemon/smtp/session_impl.h"

namespace smtpblock::smtp {
namespace {

constexpr std::string_view undeclared = "553 5.6.7 Must declare SMTPUTF8 to send unicode address";

std::string_view path_fault(PathArgument::Fault fault, std::string_view syntax,
                            std::string_view address) {
    switch (fault) {
        case PathArgument::Fault::none:
            return {};
        case PathArgument::Fault::syntax:
            return syntax;
        case PathArgument::Fault::address:
            return address;
    }
    return syntax;
}

}  // namespace

void Session::Impl::mail(std::string_view argument) {
    if (transaction_) return refuse("503 5.5.1 Error: nested MAIL command");
    PathArgument parsed = PathArgument::parse(argument, "FROM:");
    if (parsed.eight_bit && !declares_smtputf8(parsed)) return refuse(undeclared);
    if (const auto fault = path_fault(parsed.fault, "501 5.5.4 Syntax: MAIL FROM:<address>",
                                      "501 5.1.7 Bad sender address syntax");
        !fault.empty())
        return refuse(fault);
    // A server completes such a sender by its own domain, or reads `bob%a.example`, `a.example!bob`
    // and `"bob@a.example"` as an address: what it would make of it cannot be matched.
    if (!parsed.path.null() && parsed.path.address.domain.empty())
        return refuse("501 5.1.7 Bad sender address syntax");

    MailParameters parameters(offered_, auth_offered());
    std::string as_typed;
    for (const std::string_view parameter : parsed.parameters) {
        if (const auto flaw = parameters.take(parameter); !flaw.empty()) return refuse(flaw);
        as_typed += fmt::format(" {}", parameter);
    }
    transaction_.emplace();
    transaction_->number = ++transactions_;
    transaction_->sender = std::move(parsed.path);
    transaction_->parameters = std::move(as_typed);
    transaction_->needs = parameters.needs();
    say("250 2.1.0 Ok");
}

/// Parameters stand behind the address, so that it is looked for before the address is judged.
bool Session::Impl::declares_smtputf8(const PathArgument& parsed) const {
    return offered_.smtputf8 &&
           std::any_of(parsed.parameters.begin(), parsed.parameters.end(),
                       [](auto parameter) { return equal_ignoring_case(parameter, "SMTPUTF8"); });
}

/// Where a recipient is decided.
void Session::Impl::rcpt(std::string_view argument) {
    if (!transaction_) return refuse("503 5.5.1 Error: need MAIL command");
    if (chunks_) return refuse("503 5.5.1 Error: RCPT after BDAT");
    const PathArgument parsed = PathArgument::parse(argument, "TO:");
    if (parsed.eight_bit && !transaction_->needs.smtputf8) return refuse(undeclared);
    if (const auto fault = path_fault(parsed.fault, "501 5.5.4 Syntax: RCPT TO:<address>",
                                      "501 5.1.3 Bad recipient address syntax");
        !fault.empty())
        return refuse(fault);
    if (parsed.path.null() || parsed.path.typed.size() > limits::recipient_octets)
        return refuse("501 5.1.3 Bad recipient address syntax");
    RcptParameters parameters(offered_, transaction_->needs.smtputf8);
    for (const std::string_view parameter : parsed.parameters)
        if (const auto flaw = parameters.take(parameter); !flaw.empty()) return refuse(flaw);
    if (transaction_->forwarded >= options_.recipients)
        return say("452 4.5.3 Error: too many recipients");

    Subject subject = this->subject();
    subject.recipient_path = parsed.path.typed;
    switch (policy_.check(Moment::rcpt, subject)) {
        case Verdict::pass:
            break;
        case Verdict::reject:
            return refuse_rcpt(filled(rcpt_refusal(), parsed.path));
        case Verdict::defer:
            return refuse_rcpt(filled(options_.defer_reply, parsed.path));
        case Verdict::trouble:
            return say("451 4.3.0 Error: temporary lookup failure");
    }
    if (!transaction_->refusal.empty()) {
        tell(replies_.promise(), transaction_->refusal);
    } else if (link_.ready()) {
        begin_rcpt_time();
        forward_rcpt(parsed);
    } else {
        begin_rcpt_time();
        hold(Verb::rcpt, argument);
    }
}

void Session::Impl::forward_rcpt(const PathArgument& recipient) {
    Transaction& transaction = *transaction_;
    if (!recipient.parameters.empty() && !link_.keywords().dsn) {
        end_rcpt_time();
        return say("451 4.3.0 Error: the mail server takes a parameter of RCPT no more");
    }
    if (!transaction.mail_sent) {
        if (!transaction.needs.met_by(link_.keywords())) {
            end_rcpt_time();
            return say("451 4.3.0 Error: the mail server takes a parameter of MAIL no more");
        }
        if (link_.quiet()) upstream_since_ = now_;
        link_.send(
            fmt::format("MAIL FROM:<{}>{}\r\n", transaction.sender.typed, transaction.parameters),
            {.due = Due::mail, .transaction = transaction.number});
        transaction.mail_sent = true;
        ++upstream_.transactions;
    }
    ++transaction.forwarded;
    if (link_.quiet()) upstream_since_ = now_;
    std::string command = fmt::format("RCPT TO:<{}>", recipient.path.typed);
    for (const std::string_view parameter : recipient.parameters)
        command += fmt::format(" {}", parameter);
    link_.send(command += "\r\n",
               {.due = Due::rcpt, .place = replies_.promise(), .transaction = transaction.number});
}

/// The upstream's own words where they are known, since those are what a stranger hears from it.
const std::string& Session::Impl::rcpt_refusal() const {
    return options_.learn_rcpt_reply && !profile_.rcpt_refusal.empty() ? profile_.rcpt_refusal
                                                                       : options_.rcpt_reply;
}

std::string Session::Impl::filled(const std::string& reply, const Path& recipient) const {
    constexpr std::string_view blank = "{rcpt}";
    const std::string mailbox = recipient.in_replies();
    std::string out = reply;
    for (auto at = out.find(blank); at != std::string::npos;
         at = out.find(blank, at + mailbox.size()))
        out.replace(at, blank.size(), mailbox);
    return out;
}

}  // namespace smtpblock::smtp
