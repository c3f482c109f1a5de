#include "common/glob_index.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>
#include <utility>

namespace smtpblock {
namespace {

constexpr std::size_t least_filter_bits = 1U << 13U;
/// So that a window without a list passes the filter once in sixteen times at most.
constexpr std::size_t filter_bits_a_list = 16;

/// A bit of its own for each letter and digit, a shared one for the others.
constexpr auto character_bits = [] {
    std::array<std::uint8_t, 256> bits{};
    for (unsigned c = 0; c < bits.size(); ++c)
        bits[c] = static_cast<std::uint8_t>(c >= 'a' && c <= 'z'   ? c - 'a'
                                            : c >= '0' && c <= '9' ? 26 + c - '0'
                                                                   : 36 + c % 28);
    return bits;
}();

std::uint64_t characters_of(std::string_view text) {
    std::uint64_t characters = 0;
    for (const char c : text)
        characters |= std::uint64_t{1} << character_bits[static_cast<unsigned char>(c)];
    return characters;
}

/// The octets of a window, and how many, in one number.
std::uint64_t window_at(const char* at, std::size_t octets) {
    std::uint32_t window = 0;
    std::memcpy(&window, at, octets);
    return std::uint64_t{octets} << 32U | window;
}

std::size_t octets_in(std::uint64_t window) {
    return window >> 32U;
}

std::uint64_t mixed(std::uint64_t window) {
    return window * 0x9e3779b97f4a7c15U;  // 2^64 divided by the golden ratio
}

}  // namespace

void GlobIndex::see(std::string_view glob) {
    if (const auto known = globs_.find(glob); known != globs_.end()) {
        if (std::exchange(known->second, generation_) != generation_) ++seen_;
        return;
    }
    const auto added = globs_.emplace(glob, generation_).first;
    ++seen_;
    Entry entry{0, 0, &*added};
    const auto pieces = glob_pieces(glob);
    for (const GlobPiece& piece : pieces) {
        entry.characters |= characters_of(piece.text);
        entry.octets += piece.text.size();
    }
    const Window window = best_window(pieces);
    const auto [list, is_new] = lists_.try_emplace(window);
    list->second.entries.push_back(entry);
    if (!is_new) return;
    ++lists_of_[octets_in(window)];
    if (lists_.size() * filter_bits_a_list > filter_.size() * 64)
        make_filter();
    else
        mark(window);
}

void GlobIndex::sweep() {
    if (seen_ != globs_.size()) {
        for (auto list = lists_.begin(); list != lists_.end();) {
            std::erase_if(list->second.entries,
                          [&](const Entry& entry) { return entry.glob->second != generation_; });
            if (!list->second.entries.empty()) {
                ++list;
                continue;
            }
            --lists_of_[octets_in(list->first)];
            list = lists_.erase(list);
        }
        std::erase_if(globs_, [&](const auto& glob) { return glob.second != generation_; });
        make_filter();
    }
    ++generation_;
    seen_ = 0;
}

/// Of the windows as long as the pieces allow the one with the shortest list.
GlobIndex::Window GlobIndex::best_window(const std::vector<GlobPiece>& pieces) const {
    std::size_t octets = 0;
    for (const GlobPiece& piece : pieces)
        octets = std::max(octets, std::min(piece.text.size(), window_octets));
    Window best = 0;
    std::size_t least = SIZE_MAX;
    for (const GlobPiece& piece : pieces)
        for (std::size_t at = 0; at + octets <= piece.text.size(); ++at) {
            const Window window = window_at(piece.text.data() + at, octets);
            const auto list = lists_.find(window);
            const std::size_t entries = list == lists_.end() ? 0 : list->second.entries.size();
            if (entries >= least) continue;
            best = window;
            least = entries;
        }
    return best;
}

void GlobIndex::visit_matching(std::string_view value, Visitor visitor, void* argument) const {
    const std::uint64_t characters = characters_of(value);
    ++visits_;
    const auto look_into = [&](Window window) {
        const auto found = lists_.find(window);
        if (found == lists_.end()) return;
        if (std::exchange(found->second.visited, visits_) == visits_) return;
        for (const Entry& entry : found->second.entries)
            if ((entry.characters & ~characters) == 0 && entry.octets <= value.size() &&
                glob_matches(entry.glob->first, value))
                visitor(argument, entry.glob->first);
    };
    const auto pass_over = [&](auto octets) {
        if (lists_of_[octets] == 0) return;
        Window last = 0;
        for (std::size_t at = 0; at + octets <= value.size(); ++at) {
            const Window window = window_at(value.data() + at, octets);
            if (std::exchange(last, window) != window && is_marked(window)) look_into(window);
        }
    };
    if (lists_of_[0] != 0) look_into(0);
    pass_over(std::integral_constant<std::size_t, 1>());
    pass_over(std::integral_constant<std::size_t, 2>());
    pass_over(std::integral_constant<std::size_t, 3>());
    pass_over(std::integral_constant<std::size_t, 4>());
}

bool GlobIndex::is_marked(Window window) const {
    const std::uint64_t bit = mixed(window) >> filter_shift_;
    return (filter_[bit / 64] >> (bit % 64) & 1U) != 0;
}

void GlobIndex::mark(Window window) {
    const std::uint64_t bit = mixed(window) >> filter_shift_;
    filter_[bit / 64] |= std::uint64_t{1} << (bit % 64);
}

void GlobIndex::make_filter() {
    const std::size_t bits =
        std::bit_ceil(std::max(least_filter_bits, 2 * filter_bits_a_list * lists_.size()));
    filter_.assign(bits / 64, 0);
    filter_shift_ = 64 - static_cast<unsigned>(std::countr_zero(bits));
    for (const auto& list : lists_) mark(list.first);
}

}  // namespace smtpblock
