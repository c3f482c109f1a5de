// The head of a connection from a proxy; and from its first octets two endpoints, of which a header
// is written.
#include <string>
#include <string_view>

#include "daemon/smtp/proxy_header.h"
#include "fuzz/require.h"

namespace smtpblock::fuzz {
namespace {

using smtp::ProxyHeader;
using State = ProxyHeader::State;

constexpr std::size_t v1_octets = 107;
constexpr std::size_t v2_octets = 232;

bool same(const ProxyHeader& a, const ProxyHeader& b) {
    return a.state == b.state && a.octets == b.octets && a.client == b.client;
}

void check_head(std::string_view bytes) {
    const ProxyHeader header = ProxyHeader::parse(bytes);
    const std::string longer = std::string(bytes) + "\r\n";
    switch (header.state) {
        case State::more:
            require(bytes.size() < v2_octets, "no more is waited for than a header can have");
            require(!bytes.starts_with("PROXY ") || bytes.size() < v1_octets, "of either version");
            require(header.octets == 0 && !header.client, "nothing is known yet");
            break;
        case State::malformed:
            require(ProxyHeader::parse(longer).state == State::malformed, "nothing mends it");
            require(!header.client, "nobody is believed");
            break;
        case State::complete:
            require(header.octets <= bytes.size() && header.octets > 0, "a header is of its bytes");
            require(header.octets <= (bytes.starts_with("PROXY ") ? v1_octets : v2_octets),
                    "and bounded");
            require(same(ProxyHeader::parse(longer), header), "what follows changes nothing");
            require(same(ProxyHeader::parse(bytes.substr(0, header.octets)), header),
                    "nor what does not");
            break;
    }
    for (std::size_t octets = 0; octets < header.octets; ++octets)
        require(ProxyHeader::parse(bytes.substr(0, octets)).state == State::more,
                "the beginning of a header is no header yet, and nothing else");
}

Endpoint take_endpoint(std::string_view& bytes, bool v4) {
    Endpoint endpoint;
    std::string octets(bytes.substr(0, v4 ? 4 : 16));
    octets.resize(v4 ? 4 : 16);
    bytes.remove_prefix(std::min(octets.size(), bytes.size()));
    endpoint.address = *IpAddress::from_octets(octets);
    for (int i = 0; i < 2 && !bytes.empty(); ++i) {
        endpoint.port = static_cast<std::uint16_t>(endpoint.port << 8U |
                                                   static_cast<unsigned char>(bytes.front()));
        bytes.remove_prefix(1);
    }
    return endpoint;
}

void check_written(std::string_view bytes) {
    const unsigned families = bytes.empty() ? 0 : static_cast<unsigned char>(bytes.front());
    const Endpoint client = take_endpoint(bytes, (families & 1U) != 0);
    const Endpoint server = take_endpoint(bytes, (families & 2U) != 0);
    const std::string written = smtp::proxy_header_for(client, server);
    const ProxyHeader read = ProxyHeader::parse(written);
    require(read.state == State::complete && read.octets == written.size(), "it is read back");
    require(read.client == client, "as the same client");
}

}  // namespace
}  // namespace smtpblock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    smtpblock::fuzz::check_head(bytes);
    smtpblock::fuzz::check_written(bytes);
    return 0;
}
