#include "daemon/dovecot/http_reader.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <utility>

#include "common/text.h"

namespace smtpblock::dovecot {
namespace http = boost::beast::http;
namespace {

constexpr std::string_view end_of_head = "\r\n\r\n";

std::string text_of(boost::beast::string_view view) {
    return {view.data(), view.size()};
}

}  // namespace

class HttpReader::Impl {
public:
    explicit Impl(std::string key_header) : key_header_(std::move(key_header)) { begin(); }

    State read(std::string_view& octets) {
        if (at_ == State::complete) begin();
        if (at_ == State::more) return read_head(octets);
        while (at_ == State::head) {
            if (parser_->is_done()) return at_ = State::complete;
            if (!feed(octets) && at_ == State::head) return State::more;
        }
        return at_;
    }

    const HttpHead& head() const { return head_; }
    std::string_view body() const { return parser_->get().body(); }
    unsigned fault() const { return fault_; }
    bool idle() const { return kept_.empty() && !parser_->got_some(); }

private:
    void begin() {
        parser_.emplace();
        // It would be found too large before the rest of the head has been looked at.
        parser_->body_limit(boost::none);
        searched_ = 0;
        at_ = State::more;
    }

    /// The parser gets a head as a whole: each of its fields takes many times the memory of a short
    /// line.
    State read_head(std::string_view& octets) {
        keep(octets);
        const auto end = kept_.find(end_of_head, searched_);
        if (end == std::string::npos) {
            searched_ = kept_.size() - std::min(kept_.size(), end_of_head.size() - 1);
            return kept_.size() < most_head_octets ? State::more : flawed(431);
        }
        feed(octets);
        if (at_ == State::flawed) return at_;
        // Beast waits for more of a version than stands there.
        if (!parser_->is_header_done()) return flawed(400);
        take_head();
        head_.waits = head_.waits && kept_.empty() && octets.empty();
        parser_->eager(true);
        parser_->body_limit(most_body_octets);
        return at_ = State::head;
    }

    void take_head() {
        auto& message = parser_->get();
        head_.method = text_of(message.method_string());
        head_.target = text_of(message.target());
        head_.content_type = text_of(message[http::field::content_type]);
        if (!key_header_.empty()) head_.key = text_of(message[key_header_]);
        const auto length = parser_->content_length();
        head_.too_large = length && *length > most_body_octets;
        head_.waits = equal_ignoring_case(text_of(message[http::field::expect]), "100-continue");
        // That of all `Connection:` together, where the message would look at the first alone.
        head_.keeps_alive = parser_->keep_alive();
        message.clear();
    }

    void keep(std::string_view& octets) {
        const auto some = octets.substr(0, most_head_octets - kept_.size());
        kept_ += some;
        octets.remove_prefix(some.size());
    }

    /// False when the parser has read nothing.
    bool feed(std::string_view& octets) {
        keep(octets);
        if (kept_.empty()) return false;
        boost::system::error_code error;
        const std::size_t read =
            parser_->put(boost::asio::const_buffer(kept_.data(), kept_.size()), error);
        kept_.erase(0, read);
        if (error == http::error::need_more) {
            // For the end of a line between chunks, or of the last ones.
            if (kept_.size() == most_head_octets) flawed(431);
        } else if (error) {
            flawed(error == http::error::body_limit ? 413 : 400);
        }
        return read > 0;
    }

    State flawed(unsigned status) {
        fault_ = status;
        return at_ = State::flawed;
    }

    const std::string key_header_;
    std::string kept_;  ///< not read yet
    std::size_t searched_ = 0;
    std::optional<http::request_parser<http::string_body>> parser_;
    HttpHead head_;
    State at_ = State::more;  ///< in a head, in a body, or at the end of something
    unsigned fault_ = 0;
};

HttpReader::HttpReader(std::string key_header)
    : impl_(std::make_unique<Impl>(std::move(key_header))) {}
HttpReader::~HttpReader() = default;

HttpReader::State HttpReader::read(std::string_view& octets) {
    return impl_->read(octets);
}
const HttpHead& HttpReader::head() const {
    return impl_->head();
}
std::string_view HttpReader::body() const {
    return impl_->body();
}
unsigned HttpReader::fault() const {
    return impl_->fault();
}
bool HttpReader::idle() const {
    return impl_->idle();
}

}  // namespace smtpblock::dovecot
