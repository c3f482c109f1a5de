#include "daemon/net/listeners.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <utility>

#include "common/text.h"
#include "daemon/guard/log_record.h"

namespace smtpblock::net {

Result<std::unique_ptr<Listeners>> Listeners::make(const Environment& environment,
                                                   std::vector<ListenerOptions> options,
                                                   const PolicyFactory& policies,
                                                   const Listeners* before) {
    std::unique_ptr<Listeners> made(new Listeners(environment));
    if (auto read = made->read_certificates(options, before); !read)
        return std::move(read).failure();
    std::vector<std::shared_ptr<smtp::Policy>> rules;
    for (std::size_t thread = 0; thread < environment.workers.size(); ++thread)
        rules.push_back(policies(thread));
    for (std::size_t i = 0; i < options.size(); ++i) {
        auto entry = std::make_shared<Entry>();
        entry->listener = std::make_shared<Listener>(
            std::move(options[i]), made->certificates_.of(i), environment.jobs, environment.log);
        entry->learnt.resize(entry->listener->upstreams.size());
        for (std::size_t thread = 0; thread < rules.size(); ++thread)
            entry->services.push_back(std::make_shared<Service>(environment.workers[thread]->io(),
                                                                entry->listener, rules[thread]));
        for (std::size_t thread = 0; thread < rules.size(); ++thread)
            entry->listener->parts.push_back(
                {&environment.workers[thread]->io(), entry->services[thread]});
        if (auto opened = made->open(*entry, before); !opened) return std::move(opened).failure();
        if (before != nullptr) made->inherit(*entry, *before);
        made->entries_.push_back(std::move(entry));
    }
    return made;
}

Result<void> Listeners::read_certificates(const std::vector<ListenerOptions>& options,
                                          const Listeners* before) {
    for (const ListenerOptions& listener : options)
        certificates_.add(listener.session.listener, listener.certificates);
    if (auto read = certificates_.read(); !read) return read;
    if (before == nullptr) return {};
    return certificates_.may_replace(before->certificates_);
}

/// A socket that is there stays, so that nobody who waits at it is lost.
Result<void> Listeners::open(Entry& entry, const Listeners* before) {
    const auto is_free = [&](const std::shared_ptr<Acceptor>& acceptor) {
        return !has(acceptor) && std::find(entry.acceptors.begin(), entry.acceptors.end(),
                                           acceptor) == entry.acceptors.end();
    };
    for (const ListenAddress& where : entry.listener->options.listen) {
        const bool is_passed = where.kind == ListenAddress::Kind::systemd;
        auto there = before == nullptr ? std::vector<std::shared_ptr<Acceptor>>()
                                       : before->acceptors_at(where);
        std::erase_if(there, [&](const auto& acceptor) { return !is_free(acceptor); });
        if (!is_passed && there.size() > 1) there.resize(1);  // of port 0
        if (is_passed &&
            (!acceptors_at(where).empty() ||
             std::any_of(entry.acceptors.begin(), entry.acceptors.end(), [&](const auto& acceptor) {
                 return acceptor->socket().where() == where;
             })))
            return fail(ErrorCode::failed, "{}: listened on twice", printable(where.text()));
        if (there.empty()) {
            auto sockets = ListeningSocket::open(where, environment_.activated);
            if (!sockets) return std::move(sockets).failure();
            for (ListeningSocket& socket : *sockets)
                there.push_back(std::make_shared<Acceptor>(environment_.workers.front()->io(),
                                                           environment_.log, std::move(socket)));
        }
        entry.acceptors.insert(entry.acceptors.end(), there.begin(), there.end());
    }
    return {};
}

/// What is known of the upstreams is known still.
void Listeners::inherit(Entry& entry, const Listeners& before) {
    for (const auto& old : before.entries_) {
        if (old->listener->options.session.listener != entry.listener->options.session.listener ||
            !old->listener->is_same_behind(*entry.listener))
            continue;
        entry.learnt = old->learnt;
        for (const auto& service : entry.services) service->profile = old->services[0]->profile;
    }
}

std::vector<std::shared_ptr<Acceptor>> Listeners::acceptors_at(const ListenAddress& where) const {
    std::vector<std::shared_ptr<Acceptor>> out;
    for (const auto& entry : entries_)
        for (const auto& acceptor : entry->acceptors)
            if (acceptor->socket().where() == where) out.push_back(acceptor);
    return out;
}

bool Listeners::has(const std::shared_ptr<Acceptor>& acceptor) const {
    return std::any_of(entries_.begin(), entries_.end(), [&](const auto& entry) {
        return std::find(entry->acceptors.begin(), entry->acceptors.end(), acceptor) !=
               entry->acceptors.end();
    });
}

std::vector<Endpoint> Listeners::endpoints() const {
    std::vector<Endpoint> out;
    for (const auto& entry : entries_)
        for (const auto& acceptor : entry->acceptors)
            if (const auto endpoint = acceptor->socket().endpoint()) out.push_back(*endpoint);
    return out;
}

std::vector<DaemonRecord::Listener> Listeners::records() const {
    std::vector<DaemonRecord::Listener> out;
    for (const auto& entry : entries_) {
        const ListenerOptions& options = entry->listener->options;
        auto& record = out.emplace_back(
            DaemonRecord::Listener{options.session.listener, options.protocol, {}});
        for (const auto& acceptor : entry->acceptors)
            record.addresses.push_back(acceptor->socket().text());
    }
    return out;
}

void Listeners::tell_idle_sockets() const {
    for (const std::string& name : environment_.activated.names()) {
        if (!acceptors_at({ListenAddress::Kind::systemd, {}, name}).empty()) continue;
        guard::LogRecord record("config");
        record.add("detail", fmt::format("systemd has passed the socket {}, but no listener has "
                                         "systemd:{}: its clients wait for nobody",
                                         quoted(name), name));
        record.write(environment_.log, guard::LogLevel::warning);
    }
}

void Listeners::start(Accepted accepted, std::function<void()> ready) {
    accepted_ = std::move(accepted);
    ready_ = std::move(ready);
    for (const auto& entry : entries_) {
        const bool knows_any =
            std::find(entry->learnt.begin(), entry->learnt.end(), true) != entry->learnt.end();
        entry->untried = 1;
        for (std::size_t place = 0; place < entry->learnt.size(); ++place)
            ask(entry, place, !knows_any);
    }
    for (const auto& entry : entries_) on_tried(entry);
}

/// Clients of the listener have to `wait` for the first answer.
void Listeners::ask(const std::shared_ptr<Entry>& entry, std::size_t place, bool wait) {
    entry->probes.push_back(std::make_shared<Probe>(
        environment_.workers.front()->io(), *entry->listener->upstreams[place], place,
        environment_.log, entry->listener->options.session));
    entry->listener->probes.push_back(entry->probes.back());
    auto on_learnt = [this, to = entry.get(), place](const smtp::Learnt& learnt) {
        this->on_learnt(*to, place, learnt);
    };
    if (entry->learnt[place]) return entry->probes.back()->go_on(std::move(on_learnt));
    if (wait) ++entry->untried;
    const std::weak_ptr<Entry> waiting = wait ? entry : nullptr;
    entry->probes.back()->start(
        [this, waiting] {
            if (const auto tried = waiting.lock()) on_tried(tried);
        },
        std::move(on_learnt));
}

void Listeners::on_learnt(Entry& entry, std::size_t place, const smtp::Learnt& learnt) {
    entry.learnt[place] = true;
    for (std::size_t thread = 0; thread < entry.services.size(); ++thread)
        boost::asio::dispatch(
            environment_.workers[thread]->io(), [service = entry.services[thread], place, learnt] {
                smtp::UpstreamProfile& profile = service->profile;
                profile.learn(place, learnt.host, learnt.keywords);
                if (!learnt.rcpt_refusal.empty()) profile.rcpt_refusal = learnt.rcpt_refusal;
                const auto soft_limit = service->listener->options.session.soft_error_limit();
                for (const auto& seen : learnt.refusals)
                    profile.refusal_times.adopt(seen, soft_limit);
            });
}

/// Clients come in from now on: what the upstreams say of themselves is known, or late.
void Listeners::on_tried(const std::shared_ptr<Entry>& entry) {
    if (--entry->untried != 0 || stopped_) return;
    const std::weak_ptr<const Entry> to = entry;  // its acceptors are its own
    for (const auto& acceptor : entry->acceptors)
        acceptor->start([this, to](Arrival arrival) {
            if (const auto there = to.lock()) accepted_(there, std::move(arrival));
        });
    tell_started();
}

/// In the order of the configuration.
void Listeners::tell_started() {
    for (; told_ < entries_.size() && entries_[told_]->untried == 0; ++told_) {
        const Entry& entry = *entries_[told_];
        const smtp::SessionOptions& session = entry.listener->options.session;
        for (const auto& acceptor : entry.acceptors) {
            guard::LogRecord record("listen");
            record.add("listener", session.listener);
            record.add("address", acceptor->socket().text());
            if (const auto& options = entry.listener->options; options.door)
                record.add("protocol", word(options.protocol));
            record.add("direction", word(session.direction));
            record.add_known("tls", tls_word(session));
            record.add_known("upstream", entry.listener->upstreams_text());
            record.add("auth_domain", session.auth_domain);
            record.write(environment_.log, guard::LogLevel::info);
        }
    }
    if (told_ == entries_.size()) ready_();
}

void Listeners::stop(const Listeners* after) {
    stopped_ = true;
    for (const auto& entry : entries_) {
        entry->probes.clear();
        for (const auto& acceptor : entry->acceptors) {
            if (after != nullptr && after->has(acceptor))
                acceptor->pause();
            else
                acceptor->close();
        }
        for (std::size_t thread = 0; thread < entry->services.size(); ++thread)
            environment_.workers[thread]->retire(entry->services[thread]);
    }
}

}  // namespace smtpblock::net
