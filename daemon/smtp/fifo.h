// A queue that owns no memory while it is empty and new, unlike std::deque: there are four of them
// in every idle session.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace smtpblock::smtp {

template <class T>
class Fifo {
public:
    bool empty() const { return size() == 0; }
    std::size_t size() const { return items_.size() - head_; }
    void push(T item) {
        // A queue that is never quite empty must not keep all that ever went through it.
        if (head_ > size()) {
            items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
            head_ = 0;
        }
        items_.push_back(std::move(item));
    }
    /// For how many items there is memory.
    std::size_t capacity() const { return items_.capacity(); }
    T& front() { return items_[head_]; }
    const T& front() const { return items_[head_]; }
    T& back() { return items_.back(); }
    /// The item `i` places behind the front.
    T& operator[](std::size_t i) { return items_[head_ + i]; }
    const T& operator[](std::size_t i) const { return items_[head_ + i]; }
    T pop() {
        T item = std::move(items_[head_++]);
        if (empty()) {
            items_.clear();
            head_ = 0;
        }
        return item;
    }

private:
    std::vector<T> items_;
    std::size_t head_ = 0;
};

}  // namespace smtpblock::smtp
