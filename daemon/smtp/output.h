// Bytes on their way to a peer: appended behind, taken off in front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace smtpblock::smtp {

class Output {
public:
    /// For those who append; what is pending stays in front.
    std::string& bytes() { return bytes_; }
    std::string_view pending() const { return std::string_view(bytes_).substr(begin_); }
    bool empty() const { return begin_ == bytes_.size(); }
    /// Of all the octets that were ever taken.
    std::uint64_t total_taken() const { return total_taken_; }
    std::size_t size() const { return bytes_.size() - begin_; }

    void taken(std::size_t octets) {
        begin_ += octets;
        total_taken_ += octets;
        if (empty()) clear();
    }

    void clear() {
        constexpr std::size_t worth_keeping = 1024;  // an idle session owns no large buffer
        if (bytes_.capacity() > worth_keeping)
            std::string().swap(bytes_);
        else
            bytes_.clear();
        begin_ = 0;
    }

private:
    std::string bytes_;
    std::size_t begin_ = 0;
    std::uint64_t total_taken_ = 0;
};

}  // namespace smtpblock::smtp
