// What can go wrong in a good program is a Result: a value, or an error whose message is complete
// and meant for people. It has the part of std::expected's interface that is used here.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace smtpblock {

/// Decides the exit status of the CLI and what `on_store_error` covers; never shown.
enum class ErrorCode : std::uint8_t {
    bad_input,       ///< a word of the user's is wrong: exit 2
    not_found,       ///< no such rule: exit 3
    already_exists,  ///< exit 4
    not_permitted,   ///< exit 5
    no_store,        ///< there is no store yet: exit 1
    failed,          ///< I/O, damage, full, busy: exit 1
};

struct Error {
    ErrorCode code;
    std::string message;  ///< "what: why; next step", one line without the program's name
};

/// The unhappy side of a Result, on its way up.
class [[nodiscard]] Failure {
public:
    explicit Failure(Error error) : error_(std::move(error)) {}
    Error take() && { return std::move(error_); }

private:
    Error error_;
};

template <class... Args>
Failure fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
    return Failure(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure).take()) {}

    bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }
    T& operator*() & { return std::get<0>(state_); }
    const T& operator*() const& { return std::get<0>(state_); }
    T&& operator*() && { return std::get<0>(std::move(state_)); }
    T* operator->() { return &std::get<0>(state_); }
    const T* operator->() const { return &std::get<0>(state_); }
    const Error& error() const { return std::get<1>(state_); }
    /// Hands the error on: `return std::move(result).failure();`
    Failure failure() && { return Failure(std::get<1>(std::move(state_))); }

private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure).take()) {}

    bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }
    const Error& error() const { return std::get<1>(state_); }
    Failure failure() && { return Failure(std::get<1>(std::move(state_))); }

private:
    std::variant<std::monostate, Error> state_;
};

}  // namespace smtpblock
