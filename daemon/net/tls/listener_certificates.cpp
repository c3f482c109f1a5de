#include "daemon/net/tls/listener_certificates.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <iterator>
#include <utility>

#include "common/text.h"
#include "common/time_text.h"
#include "daemon/guard/log_record.h"

namespace smtpblock::tls {

using guard::LogLevel;
using guard::LogRecord;

namespace {

Time now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace

ListenerCertificates::ListenerCertificates() : keys_(std::chrono::steady_clock::now()) {}

const std::unique_ptr<Server>& ListenerCertificates::add(std::string listener,
                                                         std::vector<CertificateFiles> files) {
    listeners_.push_back(std::make_unique<Listener>());
    listeners_.back()->name = std::move(listener);
    listeners_.back()->files = std::move(files);
    return listeners_.back()->tls;
}

Result<void> ListenerCertificates::read() {
    auto fresh = load();
    if (!fresh) return std::move(fresh).failure();
    take(*std::move(fresh));
    return {};
}

Result<ListenerCertificates::Fresh> ListenerCertificates::load() {
    Fresh fresh(listeners_.size());
    for (std::size_t i = 0; i < fresh.size(); ++i) {
        if (listeners_[i]->files.empty()) continue;
        auto loaded = Server::load(listeners_[i]->files, listeners_[i]->name, keys_);
        if (!loaded) return std::move(loaded).failure();
        fresh[i] = *std::move(loaded);
    }
    return fresh;
}

void ListenerCertificates::take(Fresh fresh) {
    for (std::size_t i = 0; i < fresh.size(); ++i) listeners_[i]->tls = std::move(fresh[i]);
}

void ListenerCertificates::read_again(guard::Log& log) {
    constexpr std::string_view of_the_rest =
        "the rest of the configuration is read at start only: restart to apply it";
    const auto replaced = replace();
    std::size_t certificates = 0;
    each([&](const Listener&, const Certificate&) { ++certificates; });
    LogRecord record("signal");
    record.add("name", "SIGHUP").add("certificates", certificates);
    if (!replaced)
        return record.add("detail", "refused, the old ones stay: " + replaced.error().message)
            .write(log, LogLevel::error);
    record.add("detail", fmt::format("read again; {}", of_the_rest)).write(log, LogLevel::info);
    tell_flaws(log);
}

Result<void> ListenerCertificates::replace() {
    auto fresh = load();
    if (!fresh) return std::move(fresh).failure();
    for (std::size_t i = 0; i < fresh->size(); ++i) {
        if (!listeners_[i]->tls || !(*fresh)[i]) continue;
        const auto& old = listeners_[i]->tls->certificates();
        const auto& read = (*fresh)[i]->certificates();
        for (std::size_t pair = 0; pair < read.size(); ++pair) {
            const auto flaw = read[pair].invalid_at(now());
            if (flaw && !old[pair].invalid_at(now())) return fail(ErrorCode::failed, "{}", *flaw);
        }
    }
    take(*std::move(fresh));
    return {};
}

template <class Visit>
void ListenerCertificates::each(Visit visit) const {
    for (const auto& listener : listeners_) {
        if (!listener->tls) continue;
        for (const Certificate& one : listener->tls->certificates()) visit(*listener, one);
    }
}

std::vector<std::string> ListenerCertificates::invalid() const {
    std::vector<std::string> out;
    each([&](const Listener&, const Certificate& one) {
        if (auto flaw = one.invalid_at(now())) out.push_back(*std::move(flaw));
    });
    return out;
}

std::vector<std::string> ListenerCertificates::warnings() const {
    std::vector<std::string> out;
    each([&](const Listener&, const Certificate& one) {
        if (one.warning()) out.push_back(*one.warning());
    });
    return out;
}

void ListenerCertificates::tell_flaws(guard::Log& log) const {
    each([&](const Listener& listener, const Certificate& one) {
        for (const auto& flaw : {one.invalid_at(now()), one.warning()}) {
            if (!flaw) continue;
            LogRecord record("certificate");
            record.add("listener", listener.name).add("detail", *flaw);
            record.write(log, LogLevel::warning);
        }
    });
}

std::string ListenerCertificates::description() const {
    std::string out;
    each([&](const Listener& listener, const Certificate& one) {
        std::vector<std::string> names;
        for (const std::string& name : one.names()) names.push_back(printable(name));
        fmt::format_to(std::back_inserter(out), "certificate of {}: {}, for {}, until {}\n",
                       printable(listener.name), printable(one.files().chain),
                       fmt::join(names, " "), utc_text(one.expires()));
    });
    return out;
}

}  // namespace smtpblock::tls
