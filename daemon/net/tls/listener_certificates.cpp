#include "daemon/net/tls/listener_certificates.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <iterator>
#include <optional>
#include <set>
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

void ListenerCertificates::add(std::string listener, std::vector<CertificateFiles> files) {
    listeners_.push_back({std::move(listener), std::move(files), nullptr});
}

Result<void> ListenerCertificates::read() {
    for (Listener& listener : listeners_) {
        if (listener.files.empty()) continue;
        auto loaded = Server::load(listener.files, listener.name, keys_);
        if (!loaded) return std::move(loaded).failure();
        listener.tls = *std::move(loaded);
    }
    return {};
}

Result<void> ListenerCertificates::may_replace(const ListenerCertificates& old) const {
    std::set<std::string, std::less<>> good;
    old.each([&](const Listener&, const Certificate& one) {
        if (!one.invalid_at(now())) good.insert(one.files().chain);
    });
    std::optional<std::string> found;
    each([&](const Listener&, const Certificate& one) {
        if (!found && good.contains(one.files().chain)) found = one.invalid_at(now());
    });
    if (found) return fail(ErrorCode::failed, "{}", *found);
    return {};
}

std::size_t ListenerCertificates::count() const {
    std::size_t certificates = 0;
    each([&](const Listener&, const Certificate&) { ++certificates; });
    return certificates;
}

template <class Visit>
void ListenerCertificates::each(Visit visit) const {
    for (const Listener& listener : listeners_) {
        if (!listener.tls) continue;
        for (const Certificate& one : listener.tls->certificates()) visit(listener, one);
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
