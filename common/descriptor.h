// A file descriptor that is closed when its owner goes.
#pragma once

#include <unistd.h>

#include <utility>

namespace smtpblock {

class Descriptor {
public:
    /// A negative number is none, as open() returns it.
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }

    bool open() const { return number_ >= 0; }
    int number() const { return number_; }
    /// It is the caller's from now on.
    int release() { return std::exchange(number_, -1); }

private:
    int number_;
};

}  // namespace smtpblock
