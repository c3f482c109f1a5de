// A Dovecot that asks, after each right password, whether that login may be: its authentication
// policy (auth_policy_server_url) over HTTP/1.1. A blocked one is told by a number that Dovecot
// takes for a wrong password; the answers differ in nothing else, and are given at once.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/api_header.h"
#include "daemon/door/exchange.h"
#include "daemon/dovecot/auth_request.h"
#include "daemon/dovecot/http_reader.h"
#include "daemon/smtp/policy.h"

namespace smtpblock::dovecot {

/// Of a listener, for all its connections and threads.
struct Settings {
    std::string listener;     ///< its name
    std::string auth_domain;  ///< completes an identity without a domain
    /// Protocols, as Dovecot names them, in which a blocked account does not log in.
    std::vector<std::string> services;
    std::optional<ApiHeader> api_header;  ///< whoever asks must have it
};

door::Options options_for(std::shared_ptr<const Settings> settings);

class Exchange : public door::Exchange {
public:
    Exchange(std::shared_ptr<const Settings> settings, smtp::Policy& rules, door::Asker asker);

    void on_bytes(std::string_view bytes) override;
    void on_eof() override { finish(); }
    bool idle() const override { return reader_.idle(); }
    /// Dovecot asks nobody else when its question is lost, and lets the client in.
    bool take_leave() override { return last_ = true; }

private:
    /// What is wrong with a request, in the words of HTTP.
    struct Flaw {
        unsigned status = 0;  ///< 0: nothing
        std::string_view why;
    };

    void on_head(const HttpHead& head);
    Flaw flaw_of(const HttpHead& head) const;
    void answer(const HttpHead& head, std::string_view body);
    bool is_judged(const AuthRequest& request) const;
    bool is_blocked(const AuthRequest& request);
    void refuse(unsigned status, std::string_view why);
    void respond(unsigned status, std::string_view type, std::string_view body);

    const std::shared_ptr<const Settings> settings_;
    smtp::Policy& rules_;
    const door::Asker asker_;
    HttpReader reader_;
    bool complained_ = false;  ///< once a connection
    bool last_ = false;        ///< the next answer says that it is the last one
};

}  // namespace smtpblock::dovecot
