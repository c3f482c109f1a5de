// Bytes on their way to a peer: appended behind, taken off in front. A large piece of a message is
// not copied here: it is borrowed from the buffer into which it was read, goes out from there, and
// only what the peer did not take at once is kept.
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
    /// What is next to go: not all that is pending, when some of it is borrowed.
    std::string_view pending() const { return borrowed_.empty() ? own() : borrowed_; }
    bool empty() const { return size() == 0; }
    std::size_t size() const { return borrowed_.size() + own().size(); }
    /// Of all the octets that were ever taken.
    std::uint64_t total_taken() const { return total_taken_; }

    /// Appends `bytes`; a large piece is borrowed until keep_borrowed() or clear().
    void append(std::string_view bytes) {
        constexpr std::size_t worth_borrowing = 16 * 1024;  // below it a write more costs more
        if (empty() && bytes.size() >= worth_borrowing)
            borrowed_ = bytes;
        else
            bytes_ += bytes;
    }

    /// What was borrowed is about to be gone.
    void keep_borrowed() {
        if (borrowed_.empty()) return;
        bytes_.insert(0, borrowed_);
        borrowed_ = {};
    }

    void taken(std::size_t octets) {
        total_taken_ += octets;
        if (!borrowed_.empty()) return borrowed_.remove_prefix(octets);
        begin_ += octets;
        if (own().empty()) clear();
    }

    void clear() {
        constexpr std::size_t worth_keeping = 1024;  // an idle session owns no large buffer
        if (bytes_.capacity() > worth_keeping)
            std::string().swap(bytes_);
        else
            bytes_.clear();
        begin_ = 0;
        borrowed_ = {};
    }

private:
    std::string_view own() const { return std::string_view(bytes_).substr(begin_); }

    std::string_view borrowed_;  ///< goes before bytes_, of which nothing was taken then
    std::string bytes_;
    std::size_t begin_ = 0;
    std::uint64_t total_taken_ = 0;
};

}  // namespace smtpblock::smtp
