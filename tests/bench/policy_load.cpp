// The load of a mail server on a policy server, and the least that one can do.
//
//     policy_load ask PORT SECONDS CONNECTIONS DEPTH   as a busy Postfix: prints requests a second
//     policy_load echo PORT                            answers each request with DUNNO unread
//
// Loopback only. `ask` keeps DEPTH requests under way on each connection; a Postfix has one. The
// senders are drawn from a million, so that what is looked up is not in a cache. One thread each:
// policy.py gives either a processor of its own.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

sockaddr_in loopback(const char* port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

void at_once(int socket) {
    const int yes = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

void watch(int poller, int socket) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    if (epoll_ctl(poller, EPOLL_CTL_ADD, socket, &event) != 0) fail("epoll_ctl");
}

/// How often a request or an answer ends in `bytes`, of which the last octet came before.
std::size_t ends(std::string_view bytes, char& last) {
    std::size_t count = 0;
    for (const char c : bytes) {
        count += c == '\n' && last == '\n';
        last = c == '\n' && last == '\n' ? '\0' : c;
    }
    return count;
}

void send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) fail("send");
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

/// As Postfix 3.7 sends it, about 600 octets.
std::string request(std::mt19937& random) {
    const auto number = std::uniform_int_distribution<unsigned>(0, 999999)(random);
    return fmt::format(
        "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
        "client_address=192.0.2.7\nclient_name=mail.example.net\nclient_port=48123\n"
        "reverse_client_name=mail.example.net\nserver_address=198.51.100.25\nserver_port=25\n"
        "helo_name=mail.example.net\nsender=ok{:08d}@clean.example\nrecipient=bob@example.org\n"
        "recipient_count=0\nqueue_id=\ninstance=1a2b.6566f0c1.5d2f4.0\nsize=4711\netrn_domain=\n"
        "stress=\nsasl_method=\nsasl_username=\nsasl_sender=\nccert_subject=\nccert_issuer=\n"
        "ccert_fingerprint=\nccert_pubkey_fingerprint=\nencryption_protocol=TLSv1.3\n"
        "encryption_cipher=TLS_AES_256_GCM_SHA384\nencryption_keysize=256\npolicy_context=\n\n",
        number);
}

int ask(const char* port, int seconds, int connections, std::size_t depth) {
    std::mt19937 random(1);
    const int poller = epoll_create1(EPOLL_CLOEXEC);
    std::vector<char> last(65536, '\0');
    std::vector<int> sockets;
    for (int i = 0; i < connections; ++i) {
        const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_in address = loopback(port);
        if (connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            fail("connect");
        at_once(made);
        watch(poller, made);
        sockets.push_back(made);
    }
    const auto begun = Clock::now();
    for (const int socket : sockets) {
        std::string first;
        for (std::size_t i = 0; i < depth; ++i) first += request(random);
        send_all(socket, first);
    }
    const auto until = begun + std::chrono::seconds(seconds);
    std::size_t answered = 0;
    std::array<epoll_event, 256> events;
    std::array<char, 65536> part;
    while (Clock::now() < until) {
        const int ready = epoll_wait(poller, events.data(), events.size(), 1000);
        for (int i = 0; i < ready; ++i) {
            const int socket = events[static_cast<std::size_t>(i)].data.fd;
            const auto got = recv(socket, part.data(), part.size(), 0);
            if (got <= 0) fail("the server went");
            const auto count = ends({part.data(), static_cast<std::size_t>(got)},
                                    last[static_cast<std::size_t>(socket)]);
            answered += count;
            std::string next;
            for (std::size_t one = 0; one < count; ++one) next += request(random);
            send_all(socket, next);
        }
    }
    const std::chrono::duration<double> took = Clock::now() - begun;
    fmt::print("{} {:.0f}\n", answered, static_cast<double>(answered) / took.count());
    return 0;
}

int echo(const char* port) {
    const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const sockaddr_in address = loopback(port);
    if (bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listening, 1024) != 0)
        fail("listen");
    const int poller = epoll_create1(EPOLL_CLOEXEC);
    watch(poller, listening);
    std::vector<char> last(65536, '\0');
    std::array<epoll_event, 256> events;
    std::array<char, 65536> part;
    while (true) {
        const int ready = epoll_wait(poller, events.data(), events.size(), -1);
        for (int i = 0; i < ready; ++i) {
            const int socket = events[static_cast<std::size_t>(i)].data.fd;
            if (socket == listening) {
                const int taken = accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
                if (taken < 0) fail("accept");
                at_once(taken);
                watch(poller, taken);
                last[static_cast<std::size_t>(taken)] = '\0';
                continue;
            }
            const auto got = recv(socket, part.data(), part.size(), 0);
            if (got <= 0) {
                close(socket);
                continue;
            }
            std::string answers;
            for (auto count = ends({part.data(), static_cast<std::size_t>(got)},
                                   last[static_cast<std::size_t>(socket)]);
                 count > 0; --count)
                answers += "action=DUNNO\n\n";
            send_all(socket, answers);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view what = argc > 2 ? argv[1] : "";
    if (what == "echo") return echo(argv[2]);
    if (what == "ask" && argc == 6)
        return ask(argv[2], std::atoi(argv[3]), std::atoi(argv[4]),
                   static_cast<std::size_t>(std::atoi(argv[5])));
    std::fputs("usage: policy_load ask PORT SECONDS CONNECTIONS DEPTH | policy_load echo PORT\n",
               stderr);
    return 2;
}
