#include "daemon/net/behind/upstream.h"

#include <stdexcept>
#include <utility>

#include "daemon/net/behind/maildir_link.h"
#include "daemon/net/stream_link.h"

namespace smtpblock::net {

Upstream::Upstream(Options options, boost::asio::thread_pool& jobs, guard::Log& log)
    : address_(std::move(options.address)),
      maildir_(address_.kind == UpstreamAddress::Kind::maildir
                   ? std::make_shared<maildir::ServerOptions>(std::move(options.maildir))
                   : nullptr),
      tls_(options.tls == smtp::UpstreamTls::none
               ? nullptr
               : std::make_unique<tls::Client>(address_.host, options.verify)),
      jobs_(jobs),
      log_(log) {}

std::shared_ptr<Link> Upstream::connect(IoContext& io, LinkEvents& events,
                                        const std::string& client) const {
    if (maildir_) {
        const auto link = std::make_shared<MaildirLink>(io, jobs_, log_, maildir_, client, events);
        link->connect();
        return link;
    }
    const auto link = std::make_shared<StreamLink>(io, events);
    if (address_.kind == UpstreamAddress::Kind::unix_socket)
        link->connect(address_.path);
    else
        link->connect(address_.host, address_.port);
    return link;
}

void Upstream::begin_tls(Link& link) const {
    if (!tls_) throw std::logic_error("TLS to an upstream that is spoken to without");
    link.begin_tls(tls_->stream());
}

}  // namespace smtpblock::net
