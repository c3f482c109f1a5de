#include "daemon/net/listener.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "daemon/net/behind/probe.h"

namespace smtpblock::net {

Listener::Listener(ListenerOptions from, std::shared_ptr<const tls::Server> front,
                   boost::asio::thread_pool& jobs, guard::Log& log)
    : options(std::move(from)), tls(std::move(front)), reachability(options.upstreams.size()) {
    for (std::size_t place = 0; place < options.upstreams.size(); ++place)
        upstreams.push_back(std::make_unique<const Upstream>(
            Upstream::Options{.address = options.upstreams[place],
                              .tls = options.session.upstream_tls.at(place),
                              .verify = options.tls_verify,
                              .maildir = options.maildir},
            jobs, log));
}

void Listener::ask_again(std::size_t place) const {
    if (!options.session.learn_rcpt_reply) return;
    boost::asio::post(*parts.front().io, [to = probes.at(place)] {
        if (const auto probe = to.lock()) probe->ask_again();
    });
}

std::size_t Listener::most_idle() const {
    const bool is_server = !options.upstreams.empty() &&
                           options.upstreams.front().kind != UpstreamAddress::Kind::maildir;
    return is_server ? options.upstream_idle : 0;
}

/// What was learnt of the upstreams of one holds for the other.
bool Listener::is_same_behind(const Listener& other) const {
    const smtp::SessionOptions& ours = options.session;
    const smtp::SessionOptions& theirs = other.options.session;
    return options.upstreams == other.options.upstreams &&
           options.tls_verify == other.options.tls_verify &&
           ours.upstream_tls == theirs.upstream_tls &&
           ours.client_address == theirs.client_address &&
           ours.learn_rcpt_reply == theirs.learn_rcpt_reply && ours.hostname == theirs.hostname;
}

void Service::share_what_was_learnt() {
    const auto failures = profile.login_failures.take_news();
    const auto refusals = profile.refusal_times.take_news();
    if (failures.empty() && refusals.empty()) return;
    for (const Listener::Part& part : listener->parts)
        boost::asio::post(*part.io, [to = part.service, from = this, failures, refusals] {
            const auto service = to.lock();
            if (!service || service.get() == from) return;
            smtp::UpstreamProfile& its = service->profile;
            for (const auto& news : failures) its.login_failures.adopt(news);
            const auto soft_limit = service->listener->options.session.soft_error_limit();
            for (const auto& seen : refusals) its.refusal_times.adopt(seen, soft_limit);
        });
}

std::string Listener::upstreams_text() const {
    std::string out;
    for (const UpstreamAddress& upstream : options.upstreams)
        out += (out.empty() ? "" : ",") + upstream.text();
    return out;
}

}  // namespace smtpblock::net
