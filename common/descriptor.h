// A file descriptor that is closed when its owner goes.
#pragma once

#include <unistd.h>

namespace smtpblock {

class Descriptor {
public:
    /// A negative number is none, as open() returns it.
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    bool open() const { return number_ >= 0; }
    int number() const { return number_; }

private:
    int number_;
};

}  // namespace smtpblock
