#include "daemon/net/front/listening_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "common/text.h"
#include "daemon/net/front/socket_address.h"

namespace smtpblock::net {
namespace {

bool set_on(int socket, int level, int option) {
    const int on = 1;
    return ::setsockopt(socket, level, option, &on, sizeof on) == 0;
}

/// Nobody listens on the unix socket that is there.
bool is_stale(const std::string& path) {
    struct stat facts {};
    if (::lstat(path.c_str(), &facts) != 0 || !S_ISSOCK(facts.st_mode)) return false;
    const Descriptor trial(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    SocketAddress address = SocketAddress::of(path);
    return ::connect(trial.number(), address.get(), address.octets) != 0 && errno == ECONNREFUSED;
}

Failure cannot_listen(const ListenAddress& where, int error) {
    const bool permission = error == EACCES || error == EPERM;
    const char* next_step = "";
    if (permission && where.kind == ListenAddress::Kind::tcp)
        next_step = "; a port below 1024 needs CAP_NET_BIND_SERVICE";
    if (error == EADDRINUSE && where.kind == ListenAddress::Kind::unix_socket)
        next_step = "; another process listens there, or the file is no socket";
    return fail(permission ? ErrorCode::not_permitted : ErrorCode::failed,
                "cannot listen on {}: {}{}", printable(where.text()), std::strerror(error),
                next_step);
}

}  // namespace

ListeningSocket::ListeningSocket(ListenAddress where, int family, Descriptor descriptor)
    : where_(std::move(where)), family_(family), descriptor_(std::move(descriptor)) {}

ListeningSocket::~ListeningSocket() {
    struct stat now {};
    if (!descriptor_.open() || !file_ || ::lstat(file_->path.c_str(), &now) != 0) return;
    if (now.st_dev == file_->device && now.st_ino == file_->inode) ::unlink(file_->path.c_str());
}

Result<std::vector<ListeningSocket>> ListeningSocket::open(const ListenAddress& where,
                                                           const ActivatedSockets& activated) {
    std::vector<ListeningSocket> out;
    if (where.kind == ListenAddress::Kind::systemd) {
        auto passed = activated.named(where.name);
        if (!passed) return std::move(passed).failure();
        for (Descriptor& descriptor : *passed) {
            auto adopted = adopt(where, std::move(descriptor));
            if (!adopted) return std::move(adopted).failure();
            out.push_back(*std::move(adopted));
        }
        return out;
    }
    auto opened = where.kind == ListenAddress::Kind::tcp ? open_tcp(where) : open_unix(where);
    if (!opened) return std::move(opened).failure();
    out.push_back(*std::move(opened));
    return out;
}

Result<ListeningSocket> ListeningSocket::open_tcp(const ListenAddress& where) {
    SocketAddress address = SocketAddress::of(where.endpoint);
    const int family = address.family();
    Descriptor descriptor(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int socket = descriptor.number();
    // Connections inherit TCP_NODELAY: no replies held back by Nagle's algorithm.
    if (!descriptor.open() || !set_on(socket, SOL_SOCKET, SO_REUSEADDR) ||
        !set_on(socket, IPPROTO_TCP, TCP_NODELAY) ||
        (family == AF_INET6 && !set_on(socket, IPPROTO_IPV6, IPV6_V6ONLY)) ||
        ::bind(socket, address.get(), address.octets) != 0 || ::listen(socket, SOMAXCONN) != 0)
        return cannot_listen(where, errno);
    return ListeningSocket(where, family, std::move(descriptor));
}

Result<ListeningSocket> ListeningSocket::open_unix(const ListenAddress& where) {
    const std::string& path = where.name;
    SocketAddress address = SocketAddress::of(path);
    Descriptor descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto bind = [&] {
        return ::bind(descriptor.number(), address.get(), address.octets) == 0;
    };
    if (!descriptor.open() || (!bind() && (errno != EADDRINUSE || !is_stale(path) ||
                                           ::unlink(path.c_str()) != 0 || !bind())))
        return cannot_listen(where, errno == ECONNREFUSED ? EADDRINUSE : errno);
    ListeningSocket out(where, AF_UNIX, std::move(descriptor));
    struct stat facts {};
    if (::lstat(path.c_str(), &facts) == 0) out.file_ = File{path, facts.st_dev, facts.st_ino};
    if (::chmod(path.c_str(), S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH) != 0 ||
        ::listen(out.number(), SOMAXCONN) != 0)
        return cannot_listen(where, errno);
    return out;
}

Result<ListeningSocket> ListeningSocket::adopt(const ListenAddress& where, Descriptor descriptor) {
    const int socket = descriptor.number();
    SocketAddress address;
    int type = 0;
    int listens = 0;
    socklen_t octets = sizeof type;
    const bool is_one =
        ::getsockname(socket, address.get(), &address.octets) == 0 &&
        ::getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &octets) == 0 && type == SOCK_STREAM &&
        ::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &octets) == 0 && listens != 0;
    const int family = address.family();
    if (!is_one || (family != AF_INET && family != AF_INET6 && family != AF_UNIX))
        return fail(ErrorCode::failed,
                    "{}: not a listening stream socket; write ListenStream= and Accept=no into "
                    "its socket unit",
                    printable(where.text()));
    if (family != AF_UNIX) set_on(socket, IPPROTO_TCP, TCP_NODELAY);
    const int flags = ::fcntl(socket, F_GETFL);
    if (flags < 0 || ::fcntl(socket, F_SETFL, flags | O_NONBLOCK) != 0)
        return cannot_listen(where, errno);
    return ListeningSocket(where, family, std::move(descriptor));
}

std::optional<Endpoint> ListeningSocket::endpoint() const {
    if (family_ == AF_UNIX) return std::nullopt;
    SocketAddress address;
    ::getsockname(number(), address.get(), &address.octets);
    return address.endpoint();
}

std::string ListeningSocket::text() const {
    const auto here = endpoint();
    return here ? here->text() : where_.text();
}

std::optional<Arrival> ListeningSocket::accept() const {
    SocketAddress peer;
    Descriptor socket(::accept4(number(), peer.get(), &peer.octets, SOCK_CLOEXEC));
    if (!socket.open()) return std::nullopt;
    SocketAddress here;
    ::getsockname(socket.number(), here.get(), &here.octets);
    const bool is_local = family_ == AF_UNIX;
    return Arrival{std::move(socket), family_, peer.endpoint(), here.endpoint(), is_local};
}

}  // namespace smtpblock::net
