// MAIL and RCPT. MAIL is answered here; the upstream gets it with the first recipient that passes.
#include <algorithm>
#include <charconv>

#include "common/text.h"
#include "daemon/smtp/session_impl.h"

namespace smtpblock::smtp {
namespace {

/// The value behind `keyword`, which ends in `=`; nothing when `parameter` is another one.
std::optional<std::string_view> value_of(std::string_view parameter, std::string_view keyword) {
    if (!starts_with_ignoring_case(parameter, keyword)) return std::nullopt;
    return parameter.substr(keyword.size());
}

/// xtext or `<>` (RFC 4954 5, RFC 3461 4): what AUTH= may hold.
bool is_xtext(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](char c) { return c > ' ' && c < 0x7f && c != '='; });
}

std::string_view path_fault(PathArgument::Fault fault, std::string_view syntax,
                            std::string_view address) {
    switch (fault) {
        case PathArgument::Fault::none:
            return {};
        case PathArgument::Fault::syntax:
            return syntax;
        case PathArgument::Fault::address:
            return address;
        case PathArgument::Fault::eight_bit:
            return "553 5.6.7 Must declare SMTPUTF8 to send unicode address";
    }
    return syntax;
}

}  // namespace

void Session::Impl::mail(std::string_view argument) {
    if (transaction_) return refuse("503 5.5.1 Error: nested MAIL command");
    PathArgument parsed = PathArgument::parse(argument, "FROM:");
    if (const auto fault = path_fault(parsed.fault, "501 5.5.4 Syntax: MAIL FROM:<address>",
                                      "501 5.1.7 Bad sender address syntax");
        !fault.empty())
        return refuse(fault);
    // A server completes such a sender by its own domain, or reads `bob%a.example`, `a.example!bob`
    // and `"bob@a.example"` as an address: what it would make of it cannot be matched.
    if (!parsed.path.null() && parsed.path.address.domain.empty())
        return refuse("501 5.1.7 Bad sender address syntax");

    Transaction transaction;
    transaction.number = ++transactions_;
    transaction.sender = std::move(parsed.path);
    for (const std::string_view parameter : parsed.parameters)
        if (!take_mail_parameter(transaction, parameter)) return;
    transaction_ = std::move(transaction);
    say("250 2.1.0 Ok");
}

/// Each parameter is checked against what was offered; false when it was refused.
bool Session::Impl::take_mail_parameter(Transaction& transaction, std::string_view parameter) {
    const Keywords& offered = profile_.keywords;
    if (const auto size = value_of(parameter, "SIZE="); size && offered.size) {
        std::uint64_t octets = 0;
        const auto [end, error] =
            std::from_chars(size->data(), size->data() + size->size(), octets);
        const bool sound = error == std::errc{} && end == size->data() + size->size();
        if (!sound) return refuse("501 5.5.4 Bad message size syntax"), false;
        if (*offered.size != 0 && octets > *offered.size)
            return refuse("552 5.3.4 Message size exceeds fixed limit"), false;
        transaction.sized = true;
    } else if (const auto body = value_of(parameter, "BODY="); body && offered.eight_bit_mime) {
        const bool eight_bit = equal_ignoring_case(*body, "8BITMIME");
        if (!eight_bit && !equal_ignoring_case(*body, "7BIT"))
            return refuse(fmt::format("501 5.5.4 Unsupported option: {}", printable(parameter))),
                   false;
        transaction.eight_bit = true;
    } else if (const auto by = value_of(parameter, "AUTH="); by && auth_offered()) {
        if (!is_xtext(*by)) return refuse("501 5.5.4 Bad AUTH parameter"), false;
        transaction.with_auth = true;
    } else {
        return refuse(fmt::format("555 5.5.4 Unsupported option: {}", printable(parameter))), false;
    }
    transaction.parameters += fmt::format(" {}", parameter);
    return true;
}

/// Where a recipient is decided.
void Session::Impl::rcpt(std::string_view argument) {
    if (!transaction_) return refuse("503 5.5.1 Error: need MAIL command");
    const PathArgument parsed = PathArgument::parse(argument, "TO:");
    if (const auto fault = path_fault(parsed.fault, "501 5.5.4 Syntax: RCPT TO:<address>",
                                      "501 5.1.3 Bad recipient address syntax");
        !fault.empty())
        return refuse(fault);
    if (parsed.path.null()) return refuse("501 5.1.3 Bad recipient address syntax");
    if (!parsed.parameters.empty())
        return refuse(
            fmt::format("555 5.5.4 Unsupported option: {}", printable(parsed.parameters.front())));
    if (transaction_->forwarded >= options_.recipients)
        return say("452 4.5.3 Error: too many recipients");

    Subject subject = this->subject();
    subject.recipient_path = parsed.path.typed;
    switch (policy_.check(Moment::rcpt, subject)) {
        case Verdict::pass:
            break;
        case Verdict::reject:
            return refuse(filled(options_.rcpt_reply, parsed.path));
        case Verdict::defer:
            return refuse(filled(options_.defer_reply, parsed.path));
        case Verdict::trouble:
            return say("451 4.3.0 Error: temporary lookup failure");
    }
    if (!transaction_->refusal.empty()) {
        replies_.say(transaction_->refusal);
    } else if (link_.ready()) {
        forward_rcpt(parsed.path);
    } else {
        hold(Verb::rcpt, argument);
    }
}

void Session::Impl::forward_rcpt(const Path& recipient) {
    Transaction& transaction = *transaction_;
    if (!transaction.mail_sent) {
        const Keywords& taken = link_.keywords();
        if ((transaction.eight_bit && !taken.eight_bit_mime) ||
            (transaction.sized && !taken.size) || (transaction.with_auth && !taken.auth()))
            return say("451 4.3.0 Error: the mail server takes a parameter of MAIL no more");
        if (link_.quiet()) upstream_since_ = now_;
        link_.send(
            fmt::format("MAIL FROM:<{}>{}\r\n", transaction.sender.typed, transaction.parameters),
            {.due = Due::mail, .transaction = transaction.number});
        transaction.mail_sent = true;
    }
    ++transaction.forwarded;
    if (link_.quiet()) upstream_since_ = now_;
    link_.send(fmt::format("RCPT TO:<{}>\r\n", recipient.typed),
               {.due = Due::rcpt, .place = replies_.promise(), .transaction = transaction.number});
}

std::string Session::Impl::filled(const std::string& reply, const Path& recipient) const {
    constexpr std::string_view blank = "{rcpt}";
    std::string out = reply;
    for (auto at = out.find(blank); at != std::string::npos;
         at = out.find(blank, at + recipient.mailbox.size()))
        out.replace(at, blank.size(), recipient.mailbox);
    return out;
}

}  // namespace smtpblock::smtp
