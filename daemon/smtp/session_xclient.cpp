// Whose session it is: XCLIENT of a listed front, and how the upstream is told.
#include <algorithm>
#include <utility>

#include "common/text.h"
#include "daemon/smtp/proxy_header.h"
#include "daemon/smtp/session_impl.h"
#include "daemon/smtp/xclient.h"

namespace smtpblock::smtp {

/// From a listed address alone; for everybody else the verb does not exist. A new client begins
/// (XCLIENT_README): what the former one said or was does not count for this one.
void Session::Impl::xclient(std::string_view argument) {
    if (!client_.may_xclient) return refuse("502 5.5.2 Error: command not recognized");
    if (transaction_) return refuse("503 5.5.1 Error: MAIL transaction in progress");
    std::string bad;
    const auto said = Xclient::parse(argument, bad);
    if (!said) return refuse(fmt::format("501 5.5.4 Bad XCLIENT attribute: {}", bad));

    note("XCLIENT", argument);
    drop_upstream();
    imitated_ = {};
    hello_.clear();
    names_.clear();
    users_.clear();
    authenticated_ = false;
    become_client(*said);
    if (said->helo && *said->helo && !add_name(**said->helo)) return;
    greet_client();
}

void Session::Impl::become_client(const Xclient& said) {
    const bool may_xclient = client_.may_xclient;
    std::string name = std::exchange(client_.name, {});
    if (said.name) name = said.name->value_or("");
    Endpoint server = client_.server;
    if (said.destaddr) server.address = said.destaddr->value_or(IpAddress());
    if (said.destport) server.port = said.destport->value_or(0);
    std::optional<Endpoint> client = client_.client;
    if (said.addr) {
        client.reset();
        if (*said.addr) client = Endpoint{**said.addr, 0};
    }
    if (client && said.port) client->port = said.port->value_or(0);

    if (client) {
        client_ = client_info(options_, client_.session, *client, server);
    } else {
        ClientInfo unknown;
        unknown.session = client_.session;
        unknown.address = "unknown";
        unknown.server = server;
        client_ = std::move(unknown);
    }
    client_.may_xclient = may_xclient;
    client_.name = std::move(name);
}

/// The first octets of a connection, before TLS and the banner.
std::string Session::Impl::proxy_header() const {
    if (options_.client_address != ClientAddress::proxy) return {};
    return proxy_header_for(client_.client.value_or(Endpoint{*IpAddress::parse("0.0.0.0"), 0}),
                            client_.server);
}

/// Its keywords tell whether the upstream takes XCLIENT from this host; the client's greeting
/// follows behind it.
void Session::Impl::introduce_client() {
    upstream_since_ = now_;
    if (upstream_.reused) return send_xclient();
    link_.send(extended_hello(), {.due = Due::introduction_hello});
}

void Session::Impl::on_introduction_hello(const Reply& reply) {
    if (!reply.positive()) return refuse_upstream(reply);
    if (const auto why = why_no_xclient(reply); !why.empty()) return lose_upstream(why);
    send_xclient();
}

void Session::Impl::send_xclient() {
    std::string_view helo = hello_;
    helo.remove_prefix(std::min<std::size_t>(helo.size(), 5));  // the verb
    helo = helo.substr(0, helo.find('\r'));
    XclientIdentity identity;
    identity.name = client_.name;
    if (client_.client) identity.addr = client_.client->address;
    if (client_.client && client_.client->port != 0) identity.port = client_.client->port;
    identity.esmtp = !hello_.starts_with("HELO");
    identity.helo = helo;
    for (const std::string& command : xclient_commands(identity)) {
        link_.send(command, {.due = Due::xclient});
        ++upstream_.introductions_due;
    }
}

/// A server that turns the client away for what XCLIENT says of him does so here.
void Session::Impl::on_xclient(const Reply& reply) {
    if (reply.code != 220) {
        const bool not_taken = reply.code >= 500 && reply.code <= 504;
        return not_taken ? lose_upstream(fmt::format("it refuses XCLIENT: {}", reply.text()))
                         : refuse_upstream(reply);
    }
    upstream_since_ = now_;
    if (--upstream_.introductions_due > 0) return;
    upstream_.introduced = true;
    greet_upstream();
    if (link_.ready()) release_held();
}

}  // namespace smtpblock::smtp
