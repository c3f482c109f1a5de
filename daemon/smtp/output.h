// Bytes on their way to a peer: appended behind, taken off in front. A large piece of a message is
// not copied here: it is borrowed from the buffer into which it was read, goes out from there, and
// only what the peer did not take at once is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "daemon/smtp/secret.h"

namespace smtpblock::smtp {

class Output {
public:
    Output() = default;
    ~Output() { wipe_secret(); }
    Output(Output&&) = default;
    Output& operator=(Output&&) = default;

    /// For those who append; what is pending stays in front.
    std::string& bytes() { return bytes_; }
    /// What is next to go: not all that is pending, when some of it is borrowed.
    std::string_view pending() const { return borrowed_.empty() ? own() : borrowed_; }
    bool empty() const { return size() == 0; }
    std::size_t size() const { return borrowed_.size() + own().size(); }
    /// How many octets of its own there is memory for.
    std::size_t capacity() const { return bytes_.capacity(); }
    /// Of all the octets that were ever taken.
    std::uint64_t total_taken() const { return total_taken_; }

    /// Appends `bytes`; a large piece is borrowed until keep_borrowed() or clear().
    void append(std::string_view bytes) {
        constexpr std::size_t worth_borrowing = 16 * 1024;  // below it a write more costs more
        if (empty() && bytes.size() >= worth_borrowing)
            borrowed_ = bytes;
        else
            append_copy(bytes);
    }

    /// Appends what is to be wiped once it is taken, or dropped. Until then all must come by
    /// append(), since bytes() would leave a copy behind when it grows.
    void append_secret(std::string_view bytes) {
        append_copy(bytes);
        secret_ = true;
    }

    /// What was borrowed is about to be gone.
    void keep_borrowed() {
        if (borrowed_.empty()) return;
        make_room(borrowed_.size());
        bytes_.insert(0, borrowed_);
        borrowed_ = {};
    }

    void taken(std::size_t octets) {
        total_taken_ += octets;
        if (!borrowed_.empty()) return borrowed_.remove_prefix(octets);
        begin_ += octets;
        if (own().empty()) return clear();
        if (begin_ > own().size()) drop_taken();
    }

    void clear() {
        wipe_secret();
        constexpr std::size_t worth_keeping = 1024;  // an idle session owns no large buffer
        if (bytes_.capacity() > worth_keeping)
            std::string().swap(bytes_);
        else
            bytes_.clear();
        begin_ = 0;
        borrowed_ = {};
    }

private:
    void append_copy(std::string_view bytes) {
        make_room(bytes.size());
        bytes_ += bytes;
    }

    void make_room(std::size_t octets) {
        if (secret_) grow(bytes_, bytes_.size() + octets);
    }

    /// What is never quite empty must not keep all that ever went through it.
    void drop_taken() {
        const std::size_t left = own().size();
        std::memmove(bytes_.data(), own().data(), left);
        if (secret_) wipe(bytes_.data() + left, begin_);
        bytes_.resize(left);
        begin_ = 0;
    }

    void wipe_secret() {
        if (secret_) wipe(bytes_.data(), bytes_.size());
        secret_ = false;
    }

    std::string_view own() const { return std::string_view(bytes_).substr(begin_); }

    std::string_view borrowed_;  ///< goes before bytes_, of which nothing was taken then
    std::string bytes_;
    std::size_t begin_ = 0;
    std::uint64_t total_taken_ = 0;
    bool secret_ = false;  ///< something in bytes_ is
};

}  // namespace smtpblock::smtp
