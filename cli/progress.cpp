#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "cli/display_width.h"
#include "common/text.h"
#include "common/time_text.h"

namespace smtpblock {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 1s;
constexpr auto between = 100ms;
constexpr std::string_view erasing = "\r\x1b[K";
constexpr std::size_t narrowest_bar = 10;
constexpr std::size_t widest_bar = 40;

void erase_now(void*) {
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, erasing.data(), erasing.size());
}

std::string bar(std::size_t width, std::uint64_t done, std::uint64_t total) {
    const auto full = static_cast<std::size_t>(
        static_cast<double>(width) * static_cast<double>(done) / static_cast<double>(total));
    std::string cells(full, '=');
    if (full < width) cells += '>';
    cells.resize(width, ' ');
    return cells;
}

}  // namespace

Progress::Progress(Draw draw, std::size_t columns, Instant begun)
    : draw_(std::move(draw)), columns_(columns), next_(begun + patience), step_begun_(begun) {}

void Progress::step(std::string_view what, std::uint64_t total, Instant now) {
    what_ = printable(what);
    total_ = total;
    step_begun_ = now;
    at(0, now);
}

void Progress::at(std::uint64_t done, Instant now) {
    if (columns_ == 0 || now < next_) return;
    next_ = now + between;
    if (!erased_by_signal_)
        erased_by_signal_ = std::make_unique<AtInterruption>(erase_now, nullptr);
    draw_(fmt::format("{}{}", erasing, line(done, now)));
}

void Progress::erase() {
    if (!erased_by_signal_) return;
    draw_(erasing);
    erased_by_signal_.reset();
}

std::string Progress::line(std::uint64_t done, Instant now) const {
    const std::size_t room = columns_ - 1;  // the last column would wrap on some terminals
    if (total_ == 0) return cut_to_width(fmt::format("{}: {}", what_, done), room);

    done = std::min(done, total_);
    const auto share = static_cast<double>(done) / static_cast<double>(total_);
    std::string tail = fmt::format("{:3}%", static_cast<int>(share * 100));
    const std::chrono::duration<double> taken = now - step_begun_;
    if (done != 0 && taken >= 1s)
        tail += fmt::format(
            " {} left",
            duration_text(std::chrono::ceil<std::chrono::seconds>(taken * (1 - share) / share)));

    const std::size_t beside_bar = display_width(what_) + display_width(tail) + 4;
    if (beside_bar + narrowest_bar > room)
        return cut_to_width(fmt::format("{} {}", what_, tail), room);
    return fmt::format("{} [{}] {}", what_,
                       bar(std::min(room - beside_bar, widest_bar), done, total_), tail);
}

}  // namespace smtpblock
