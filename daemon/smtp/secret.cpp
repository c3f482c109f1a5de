#include "daemon/smtp/secret.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/base64.h"

namespace smtpblock::smtp {

void wipe(char* octets, std::size_t size) {
    if (size != 0) explicit_bzero(octets, size);
}

void grow(std::string& text, std::size_t octets) {
    if (octets <= text.capacity()) return;
    std::string larger;
    larger.reserve(octets);
    larger = text;
    wipe(text.data(), text.size());
    text.swap(larger);
}

Secret& Secret::append(std::string_view octets) {
    if (size_ + octets.size() > room_) reserve(std::max(size_ + octets.size(), room_ * 2));
    std::copy(octets.begin(), octets.end(), octets_.get() + size_);
    size_ += octets.size();
    return *this;
}

void Secret::reserve(std::size_t octets) {
    if (octets <= room_) return;
    auto larger = std::make_unique<char[]>(octets);
    std::copy_n(octets_.get(), size_, larger.get());
    wipe();
    octets_ = std::move(larger);
    room_ = octets;
}

char* Secret::resize(std::size_t octets) {
    reserve(octets);
    if (octets < size_) smtp::wipe(octets_.get() + octets, size_ - octets);
    size_ = octets;
    return octets_.get();
}

void Secret::assign(std::string_view octets) {
    constexpr std::size_t worth_keeping = 1024;
    if (room_ > worth_keeping && octets.size() <= worth_keeping) forget();
    wipe();
    size_ = 0;
    append(octets);
}

void Secret::forget() {
    wipe();
    octets_.reset();
    size_ = 0;
    room_ = 0;
}

/// Behind size_ there is nothing but zeros.
void Secret::wipe() {
    smtp::wipe(octets_.get(), size_);
}

void Secret::swap(Secret& other) noexcept {
    octets_.swap(other.octets_);
    std::swap(size_, other.size_);
    std::swap(room_, other.room_);
}

std::optional<Secret> decoded_base64(std::string_view text) {
    Secret out;
    const auto octets = base64_decode(text, out.resize(base64_decoded_most(text.size())));
    if (!octets) return std::nullopt;
    out.resize(*octets);
    return out;
}

void append_base64(Secret& out, std::string_view octets) {
    const std::size_t before = out.size();
    base64_encode(octets, out.resize(before + base64_encoded_size(octets.size())) + before);
}

}  // namespace smtpblock::smtp
