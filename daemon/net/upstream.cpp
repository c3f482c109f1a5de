#include "daemon/net/upstream.h"

#include <utility>

#include "daemon/net/maildir_link.h"
#include "daemon/net/tcp_link.h"

namespace smtpblock::net {

Upstream::Upstream(IoContext& io, boost::asio::thread_pool& workers, guard::Log& log,
                   UpstreamAddress address, maildir::ServerOptions maildir)
    : io_(io),
      workers_(workers),
      log_(log),
      address_(std::move(address)),
      maildir_(std::move(maildir)) {}

std::shared_ptr<Link> Upstream::connect(LinkEvents& events, const std::string& client) {
    if (address_.kind == UpstreamAddress::Kind::maildir) {
        const auto link =
            std::make_shared<MaildirLink>(io_, workers_, log_, maildir_, client, events);
        link->connect();
        return link;
    }
    const auto link = std::make_shared<TcpLink>(io_, events);
    link->connect(address_.host, address_.port);
    return link;
}

}  // namespace smtpblock::net
