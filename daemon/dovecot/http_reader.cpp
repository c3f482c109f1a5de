#include "daemon/dovecot/http_reader.h"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

#include "common/text.h"

namespace smtpblock::dovecot {
namespace http = boost::beast::http;
namespace {

std::string text_of(boost::beast::string_view view) {
    return {view.data(), view.size()};
}

unsigned status_of(const boost::system::error_code& error) {
    if (error == http::error::header_limit) return 431;
    if (error == http::error::body_limit) return 413;
    return 400;
}

}  // namespace

class HttpReader::Impl {
public:
    explicit Impl(std::string key_header) : key_header_(std::move(key_header)) { begin(); }

    void add(std::string_view octets) {
        if (fault_ == 0) unread_.append(octets);
    }

    std::optional<HttpRequest> next() {
        while (fault_ == 0 && !parser_->is_done()) {
            boost::system::error_code error;
            const boost::asio::const_buffer octets(unread_.data(), unread_.size());
            const std::size_t read = unread_.empty() ? 0 : parser_->put(octets, error);
            unread_.erase(0, read);
            if (error == http::error::need_more) {
                // Beast waits for the end of a line of the head, of a chunk or of a trailer.
                if (unread_.size() > most_head_octets) fault_ = 431;
                return std::nullopt;
            }
            if (error) {
                fault_ = status_of(error);
                return std::nullopt;
            }
            if (read == 0) return std::nullopt;
        }
        if (fault_ != 0) return std::nullopt;
        // That of all `Connection:` together, where the message would look at the first alone.
        const bool keeps_alive = parser_->keep_alive();
        HttpRequest request = taken(parser_->release());
        request.keeps_alive = keeps_alive;
        begin();
        return request;
    }

    unsigned fault() const { return fault_; }

    bool take_waiting() {
        if (waited_for_ || fault_ != 0 || parser_->is_done() || !parser_->is_header_done())
            return false;
        waited_for_ = true;
        const auto expected = parser_->get()[http::field::expect];
        return equal_ignoring_case({expected.data(), expected.size()}, "100-continue");
    }

    bool idle() const { return unread_.empty() && !parser_->got_some(); }

private:
    using Message = http::request<http::string_body>;

    HttpRequest taken(Message&& message) const {
        HttpRequest request;
        request.method = text_of(message.method_string());
        request.target = text_of(message.target());
        request.content_type = text_of(message[http::field::content_type]);
        if (!key_header_.empty()) request.key = text_of(message[key_header_]);
        request.body = std::move(message.body());
        return request;
    }

    void begin() {
        parser_.emplace();
        parser_->eager(true);
        parser_->header_limit(most_head_octets);
        parser_->body_limit(most_body_octets);
        waited_for_ = false;
    }

    const std::string key_header_;
    std::string unread_;
    std::optional<http::request_parser<http::string_body>> parser_;
    unsigned fault_ = 0;
    bool waited_for_ = false;
};

HttpReader::HttpReader(std::string key_header)
    : impl_(std::make_unique<Impl>(std::move(key_header))) {}
HttpReader::~HttpReader() = default;

void HttpReader::add(std::string_view octets) {
    impl_->add(octets);
}
std::optional<HttpRequest> HttpReader::next() {
    return impl_->next();
}
unsigned HttpReader::fault() const {
    return impl_->fault();
}
bool HttpReader::take_waiting() {
    return impl_->take_waiting();
}
bool HttpReader::idle() const {
    return impl_->idle();
}

}  // namespace smtpblock::dovecot
