#include "daemon/check_upstreams.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/thread_pool.hpp>
#include <memory>

#include "common/text.h"
#include "daemon/guard/log.h"
#include "daemon/net/behind/inquiry.h"
#include "daemon/net/behind/upstream.h"

namespace smtpblock {
namespace {

std::string_view way_of(ClientAddress client_address) {
    switch (client_address) {
        case ClientAddress::none:
            return "is told no address";
        case ClientAddress::proxy:
            return "takes PROXY";
        case ClientAddress::xclient:
            return "takes XCLIENT";
    }
    return "";
}

std::string relay_advice(ClientAddress client_address) {
    if (client_address == ClientAddress::none)
        return "to it every client is this host, and it relays for this host: an open relay; write "
               "client_address = \"proxy\" or \"xclient\", or take this host from those for whom "
               "it relays (Postfix: mynetworks)";
    return "it relays for a stranger (192.0.2.1): an open relay; look at what it lets everybody do "
           "(Postfix: smtpd_relay_restrictions)";
}

/// One upstream, asked.
void judge(const net::ListenerOptions& listener, const UpstreamAddress& upstream,
           const smtp::Learner& learner, UpstreamCheck& out) {
    const std::string where =
        fmt::format("listener {}: upstream {}", printable(listener.session.listener),
                    printable(upstream.text()));
    const auto& learnt = learner.learnt();
    if (!learnt) return out.flaws.push_back(fmt::format("{}: {}", where, printable(learner.why())));
    const ClientAddress client_address = listener.session.client_address;
    if (learnt->recipient_code == 0)
        return out.flaws.push_back(fmt::format(
            "{}: it does not say whether it relays for a stranger, since MAIL FROM:<> or the "
            "recipient had no answer; ask it by hand",
            where));
    if (learnt->recipient_code / 100 == 2)
        return out.flaws.push_back(fmt::format("{}: {}", where, relay_advice(client_address)));
    out.found.push_back(fmt::format(
        "upstream {} of listener {}: {}, {}, {} strangers{}{}", printable(upstream.text()),
        printable(listener.session.listener), printable(learnt->host), way_of(client_address),
        learnt->recipient_code / 100 == 5 ? "refuses" : "defers",
        learnt->rcpt_refusal.empty() ? "" : ": ", printable(learnt->rcpt_refusal)));
}

}  // namespace

UpstreamCheck check_upstreams(const Setup& setup) {
    UpstreamCheck out;
    guard::Log log(STDERR_FILENO, guard::LogLevel::error, false);
    boost::asio::thread_pool jobs(1);
    net::IoContext io(1);
    std::vector<std::unique_ptr<net::Upstream>> upstreams;
    for (const net::ListenerOptions& listener : setup.listeners) {
        for (std::size_t place = 0; place < listener.upstreams.size(); ++place) {
            const UpstreamAddress& address = listener.upstreams[place];
            if (address.kind == UpstreamAddress::Kind::maildir) continue;
            const auto tls = listener.session.upstream_tls.at(place);
            upstreams.push_back(std::make_unique<net::Upstream>(
                net::Upstream::Options{address, tls, listener.tls_verify, {}}, jobs, log));
            const auto inquiry = std::make_shared<net::Inquiry>(
                io, *upstreams.back(),
                smtp::LearnerOptions{.hostname = listener.session.hostname,
                                     .tls = tls,
                                     .client_address = listener.session.client_address,
                                     .ask_for_recipient = true,
                                     .patience = listener.session.timeouts.upstream_connect});
            inquiry->start([&out, &listener, &address, inquiry](const smtp::Learner& learner) {
                judge(listener, address, learner, out);
            });
        }
    }
    io.run();
    return out;
}

}  // namespace smtpblock
