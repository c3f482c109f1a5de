#include "daemon/net/upstream.h"

#include <utility>

#include "daemon/net/maildir_link.h"
#include "daemon/net/stream_link.h"

namespace smtpblock::net {

Upstream::Upstream(IoContext& io, boost::asio::thread_pool& workers, guard::Log& log,
                   UpstreamAddress address, maildir::ServerOptions maildir, Verify verify)
    : io_(io),
      workers_(workers),
      log_(log),
      address_(std::move(address)),
      maildir_(std::move(maildir)),
      verify_(verify) {}

std::shared_ptr<Link> Upstream::connect(LinkEvents& events, const std::string& client) {
    if (address_.kind == UpstreamAddress::Kind::maildir) {
        const auto link =
            std::make_shared<MaildirLink>(io_, workers_, log_, maildir_, client, events);
        link->connect();
        return link;
    }
    const auto link = std::make_shared<StreamLink>(io_, events);
    if (address_.kind == UpstreamAddress::Kind::unix_socket)
        link->connect(address_.path);
    else
        link->connect(address_.host, address_.port);
    return link;
}

void Upstream::begin_tls(Link& link) {
    if (!tls_) tls_ = std::make_unique<tls::Client>(address_.host, verify_ == Verify::yes);
    link.begin_tls(tls_->stream());
}

}  // namespace smtpblock::net
