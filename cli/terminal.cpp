#include "cli/terminal.h"

#include <cerrno>
#include <cstring>
#include <istream>
#include <ostream>
#include <utility>

#include "cli/hidden_input.h"

namespace smtpblock {
namespace {

/// Collected before it is written.
constexpr std::size_t piece_octets = 1U << 16U;

std::string_view escape_of(Style style) {
    switch (style) {
        case Style::plain:
            return "";
        case Style::heading:
            return "\x1b[1m";
        case Style::bad:
            return "\x1b[31m";
        case Style::warning:
            return "\x1b[33m";
        case Style::good:
            return "\x1b[32m";
        case Style::faint:
            return "\x1b[2m";
    }
    return "";
}

}  // namespace

void Terminal::present(const GlobalOptions& options) {
    json_ = options.json;
    quiet_ = options.quiet;
    switch (options.color.value_or(Color::automatic)) {
        case Color::automatic:
            colored_ = for_people() && traits_.may_color;
            break;
        case Color::always:
            colored_ = true;
            break;
        case Color::never:
            colored_ = false;
            break;
    }
}

std::string Terminal::styled(Style style, std::string_view text) const {
    if (!colored_ || style == Style::plain) return std::string(text);
    return fmt::format("{}{}\x1b[0m", escape_of(style), text);
}

void Terminal::line(std::string_view line) {
    collected_ += line;
    text("\n");
}

void Terminal::text(std::string_view text) {
    collected_ += text;
    if (collected_.size() >= piece_octets) flush();
}

void Terminal::flush() {
    if (paged_ && !pager_ && !collected_.empty()) pager_ = std::make_unique<Pager>(*traits_.pager);
    if (!collected_.empty() && write_error_ == 0)
        write_error_ = pager_ ? pager_->write(collected_) : out_(collected_);
    collected_.clear();
}

void Terminal::note(std::string_view text) {
    remark(fmt::format("note: {}", text));
}

void Terminal::remark(std::string_view text) {
    if (!quiet_) err_ << text << '\n' << std::flush;
}

void Terminal::error(std::string_view text) {
    err_ << "smtpblock: " << text << '\n' << std::flush;
}

std::optional<std::string> Terminal::ask(std::string_view question) {
    err_ << question << ' ' << std::flush;
    return read_line();
}

std::optional<std::string> Terminal::ask_hidden(std::string_view question) {
    const HiddenInput hidden;
    return ask(question);
}

Progress Terminal::progress() {
    const auto draw = [&err = err_](std::string_view text) { err << text << std::flush; };
    return {draw, quiet_ ? 0 : traits_.error_columns, begun_};
}

std::optional<std::string> Terminal::read_line() {
    std::string line;
    if (!std::getline(in_, line)) return std::nullopt;
    return line;
}

Result<std::size_t> Terminal::read(char* into, std::size_t octets) {
    in_.read(into, static_cast<std::streamsize>(octets));
    if (auto ended = input_ended(); !ended) return std::move(ended).failure();
    return static_cast<std::size_t>(in_.gcount());
}

Result<void> Terminal::input_ended() const {
    if (!in_.bad()) return {};
    return fail(ErrorCode::failed, "standard input: cannot read it; nothing was changed");
}

Result<void> Terminal::finish(std::string_view done) {
    flush();
    pager_.reset();
    const int error = std::exchange(write_error_, 0);
    if (error == 0 || error == EPIPE) return {};
    const char* why = std::strerror(error);
    if (done.empty()) return fail(ErrorCode::failed, "standard output: cannot print: {}", why);
    return fail(ErrorCode::failed, "standard output: {}, but cannot print: {}", done, why);
}

}  // namespace smtpblock
