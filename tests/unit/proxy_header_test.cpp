#include "daemon/smtp/proxy_header.h"

#include <catch2/catch.hpp>
#include <string>

namespace smtpblock::smtp {
namespace {

using State = ProxyHeader::State;
using namespace std::string_literals;

std::string v2(char command, char family, const std::string& rest) {
    return "\r\n\r\n\0\r\nQUIT\n"s + command + family + static_cast<char>(rest.size() >> 8U) +
           static_cast<char>(rest.size()) + rest;
}

const std::string four = "\xc0\x00\x02\x07\x7f\x00\x00\x01\x9c\x40\x00\x19"s;

std::string client_of(const std::string& bytes) {
    const auto header = ProxyHeader::parse(bytes + "EHLO");
    if (header.state != State::complete) return "none";
    CHECK(header.octets == bytes.size());
    return header.client ? header.client->text() : "local";
}

}  // namespace

TEST_CASE("a PROXY header says whose a connection is") {
    CHECK(client_of("PROXY TCP4 192.0.2.7 127.0.0.1 40000 25\r\n") == "192.0.2.7:40000");
    CHECK(client_of("PROXY TCP6 2001:db8::1 ::1 40000 25\r\n") == "[2001:db8::1]:40000");
    CHECK(client_of("PROXY UNKNOWN\r\n") == "local");
    CHECK(client_of("PROXY UNKNOWN ffff:: ffff:: 65535 65535\r\n") == "local");
    CHECK(client_of(v2('\x21', '\x11', four)) == "192.0.2.7:40000");
    const std::string six = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01" +
                            std::string(15, '\0') + "\x01\x9c\x40\x00\x19"s;
    CHECK(client_of(v2('\x21', '\x21', six)) == "[2001:db8::1]:40000");
    CHECK(client_of(v2('\x20', '\x00', "")) == "local");
    CHECK(client_of(v2('\x20', '\x11', four)) == "local");
    CHECK(client_of(v2('\x21', '\x00', "")) == "local");
    CHECK(client_of(v2('\x21', '\x31', std::string(216, '\0'))) == "local");
}

TEST_CASE("what stands behind the addresses of version 2 is passed over") {
    CHECK(client_of(v2('\x21', '\x11', four + "\x04\x00\x01x"s)) == "192.0.2.7:40000");
}

TEST_CASE("a header that is not whole yet may become one, octet by octet") {
    for (const std::string& whole :
         {"PROXY TCP4 192.0.2.7 127.0.0.1 40000 25\r\n"s, v2('\x21', '\x11', four)}) {
        for (std::size_t octets = 0; octets < whole.size(); ++octets)
            CHECK(ProxyHeader::parse(whole.substr(0, octets)).state == State::more);
        CHECK(ProxyHeader::parse(whole).state == State::complete);
    }
}

TEST_CASE("a malformed header is none") {
    for (const std::string& bad : {"EHLO client.example.net\r\n"s,
                                   "proxy TCP4 192.0.2.7 127.0.0.1 1 2\r\n"s,
                                   "PROXY  TCP4 192.0.2.7 127.0.0.1 1 2\r\n"s,
                                   "PROXY TCP4 192.0.2.7 127.0.0.1 1\r\n"s,
                                   "PROXY TCP4 192.0.2.7 127.0.0.1 1 2 3\r\n"s,
                                   "PROXY TCP4 192.0.2.7 127.0.0.1 1 65536\r\n"s,
                                   "PROXY TCP4 192.0.2.7 127.0.0.1 01 2\r\n"s,
                                   "PROXY TCP4 192.0.2.7 ::1 1 2\r\n"s,
                                   "PROXY TCP4 2001:db8::1 ::1 1 2\r\n"s,
                                   "PROXY TCP6 192.0.2.7 127.0.0.1 1 2\r\n"s,
                                   "PROXY TCP4 192.0.2.777 127.0.0.1 1 2\r\n"s,
                                   "PROXY TCP4 [192.0.2.7] 127.0.0.1 1 2\r\n"s,
                                   "PROXY UDP4 192.0.2.7 127.0.0.1 1 2\r\n"s,
                                   "PROXY \r\n"s,
                                   "PROXY " + std::string(110, 'x'),
                                   v2('\x22', '\x11', four),
                                   v2('\x11', '\x11', four),
                                   v2('\x21', '\x12', four),
                                   v2('\x21', '\x11', four.substr(1)),
                                   v2('\x21', '\x21', four),
                                   v2('\x21', '\x31', std::string(215, '\0')),
                                   v2('\x21', '\x11', std::string(217, '\0')),
                                   "\r\n\r\n\0\r\nQUIT\r"s}) {
        INFO(bad);
        CHECK(ProxyHeader::parse(bad).state == State::malformed);
    }
}

TEST_CASE("a header that we write is read as it was meant") {
    const auto written = [](const char* client, const char* server) {
        return client_of(proxy_header_for(*Endpoint::parse(client), *Endpoint::parse(server)));
    };
    CHECK(written("192.0.2.7:40000", "127.0.0.1:25") == "192.0.2.7:40000");
    CHECK(written("[2001:db8::1]:40000", "[::1]:25") == "[2001:db8::1]:40000");
    CHECK(written("192.0.2.7:40000", "[::1]:25") == "192.0.2.7:40000");
    CHECK(written("[2001:db8::1]:40000", "127.0.0.1:25") == "[2001:db8::1]:40000");
    CHECK(client_of(local_proxy_header()) == "local");
}

}  // namespace smtpblock::smtp
