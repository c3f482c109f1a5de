// All globs of one type, arranged so that a value meets few of them. A glob stands in the list of
// one window: up to four octets in a row that each of its values holds, chosen so that the lists
// stay short. A value is passed over once; only the lists whose window it holds are looked into,
// and of their globs only those whose characters it all has are compared in full. So the cost of a
// value grows with its length and with the globs that resemble it. Holds texts only: what a glob
// does is found in the rules, by its key.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/glob.h"

namespace smtpblock {

class GlobIndex {
public:
    GlobIndex() = default;
    GlobIndex(const GlobIndex&) = delete;
    GlobIndex& operator=(const GlobIndex&) = delete;

    /// The glob, in its canonical form, is there from now on and outlives the next sweep().
    void see(std::string_view glob);
    /// Forgets each glob that was not seen since the last sweep.
    void sweep();
    std::size_t size() const { return globs_.size(); }

    /// Calls `visit` with the text of each glob that matches the whole of `value`, in no order,
    /// each once. Allocates nothing. One at a time, as it takes notes of where it has been.
    template <class Visit>
    void visit(std::string_view value, Visit visit) const {
        if (globs_.empty()) return;
        visit_matching(
            value,
            [](void* visitor, std::string_view glob) { (*static_cast<Visit*>(visitor))(glob); },
            &visit);
    }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
    };
    /// When a glob was seen last, by its text.
    using Globs = std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>>;
    /// As window_at() makes them.
    using Window = std::uint64_t;
    using Visitor = void (*)(void*, std::string_view);

    struct Entry {
        std::uint64_t characters;  ///< of its literals, as characters_of() has them
        std::size_t octets;        ///< no shorter value matches
        const Globs::value_type* glob;
    };
    struct List {
        std::vector<Entry> entries;
        mutable std::uint64_t visited = 0;  ///< the last visit that was here
    };

    static constexpr std::size_t window_octets = 4;

    Window best_window(const std::vector<GlobPiece>& pieces) const;
    void visit_matching(std::string_view value, Visitor visitor, void* argument) const;
    bool is_marked(Window window) const;
    void mark(Window window);
    void make_filter();

    Globs globs_;
    std::unordered_map<Window, List> lists_;
    std::array<std::size_t, window_octets + 1> lists_of_{};  ///< by the octets of their windows
    /// A bit for each window that has a list, by its hash: most windows of a value end here.
    std::vector<std::uint64_t> filter_;
    unsigned filter_shift_ = 64;
    std::uint64_t generation_ = 1;
    std::size_t seen_ = 0;  ///< in this generation
    mutable std::uint64_t visits_ = 0;
};

}  // namespace smtpblock
