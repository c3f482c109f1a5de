#include "common/glob.h"

#include <algorithm>
#include <cstring>

#include "common/text.h"

namespace smtpblock {
namespace {

constexpr auto is_wildcard = [](char c) { return c == '*' || c == '?'; };

/// One step of a glob: a wildcard, or a literal octet that took one octet or two to write.
struct Token {
    char octet = 0;
    bool wildcard = false;
    std::size_t octets = 1;
};

Token token_at(std::string_view glob, std::size_t at) {
    const char c = glob[at];
    if (c == '\\' && at + 1 < glob.size() && is_wildcard(glob[at + 1]))
        return {glob[at + 1], false, 2};
    return {c, is_wildcard(c), 1};
}

/// Those of the character that begins there.
std::size_t octets_at(std::string_view value, std::size_t at) {
    return is_eight_bit(value[at]) ? character_octets(value.substr(at)) : 1;
}

bool is_star(const Token& token) {
    return token.wildcard && token.octet == '*';
}

/// What stands between two stars: `?` and literal octets.
class Segment {
public:
    explicit Segment(std::string_view text) : text_(text) {
        plain_ = text.find_first_of("?\\") == none && !is_eight_bit(text.front());
    }

    /// Where it ends in `value` when it begins at `from`, which is where a character begins; `none`
    /// when it does not match there.
    std::size_t end_at(std::string_view value, std::size_t from) const {
        for (std::size_t at = 0; at < text_.size();) {
            if (from == value.size()) return none;
            const Token token = token_at(text_, at);
            if (!token.wildcard && token.octet != value[from]) return none;
            at += token.octets;
            from += token.wildcard ? octets_at(value, from) : 1;
        }
        return from;
    }

    /// Where its first match at or behind `from` ends; `none` when there is none.
    std::size_t first_end(std::string_view value, std::size_t from) const {
        if (plain_) {
            const auto at = find(value, text_, from);
            return at == none ? none : at + text_.size();
        }
        return search(value, from, [](std::size_t) { return true; });
    }

    /// True when one of its matches at or behind `from` ends where the value ends.
    bool ends(std::string_view value, std::size_t from) const {
        if (plain_) return value.size() - from >= text_.size() && value.ends_with(text_);
        return search(value, from, [&](std::size_t end) { return end == value.size(); }) != none;
    }

    static constexpr auto none = std::string_view::npos;

private:
    /// An octet of ASCII is a character, so where one is found, one begins.
    template <class Wanted>
    std::size_t search(std::string_view value, std::size_t from, Wanted wanted) const {
        const Token first = token_at(text_, 0);
        const bool is_plain = !first.wildcard && !is_eight_bit(first.octet);
        while (from < value.size()) {
            if (is_plain) from = value.find(first.octet, from);
            if (from == none) return none;
            const std::size_t end = end_at(value, from);
            if (end != none && wanted(end)) return end;
            from += octets_at(value, from);
        }
        return none;
    }

    /// In time that grows with the value, whatever stands in it: std::string_view's is slow where
    /// much of `text` comes again and again.
    static std::size_t find(std::string_view value, std::string_view text, std::size_t from) {
        const void* const at =
            ::memmem(value.data() + from, value.size() - from, text.data(), text.size());
        if (at == nullptr) return none;
        return static_cast<std::size_t>(static_cast<const char*>(at) - value.data());
    }

    std::string_view text_;
    bool plain_;  ///< it stands for itself, and begins where a character begins
};

/// Where the next star stands, at or behind `from`, or the end.
std::size_t next_star(std::string_view glob, std::size_t from) {
    while (from < glob.size()) {
        const Token token = token_at(glob, from);
        if (is_star(token)) break;
        from += token.octets;
    }
    return from;
}

}  // namespace

bool glob_matches(std::string_view glob, std::string_view value) {
    std::size_t star = next_star(glob, 0);
    std::size_t in_value = 0;
    if (star != 0) in_value = Segment(glob.substr(0, star)).end_at(value, 0);
    if (in_value == Segment::none) return false;
    if (star == glob.size()) return in_value == value.size();
    for (;;) {
        const std::size_t begin = star + 1;
        star = next_star(glob, begin);
        if (star == glob.size())
            return begin == star || Segment(glob.substr(begin)).ends(value, in_value);
        if (begin == star) continue;
        in_value = Segment(glob.substr(begin, star - begin)).first_end(value, in_value);
        if (in_value == Segment::none) return false;
    }
}

std::vector<GlobPiece> glob_pieces(std::string_view glob) {
    std::vector<GlobPiece> pieces;
    GlobPiece piece{{}, true, false};
    for (std::size_t at = 0; at < glob.size();) {
        const Token token = token_at(glob, at);
        at += token.octets;
        if (!token.wildcard) {
            piece.text += token.octet;
            continue;
        }
        if (!piece.text.empty()) pieces.push_back(piece);
        piece = {};
    }
    piece.at_end = true;
    if (!piece.text.empty()) pieces.push_back(piece);
    return pieces;
}

bool has_wildcard(std::string_view text) {
    if (std::none_of(text.begin(), text.end(), is_wildcard)) return false;
    for (std::size_t at = 0; at < text.size();) {
        const Token token = token_at(text, at);
        if (token.wildcard) return true;
        at += token.octets;
    }
    return false;
}

std::string glob_escaped(std::string_view text) {
    if (std::none_of(text.begin(), text.end(), is_wildcard)) return std::string(text);
    std::string out;
    for (const char c : text) {
        if (is_wildcard(c)) out += '\\';
        out += c;
    }
    return out;
}

std::string glob_unescaped(std::string_view text) {
    if (text.find('\\') == std::string_view::npos) return std::string(text);
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const Token token = token_at(text, at);
        out += token.octet;
        at += token.octets;
    }
    return out;
}

std::string glob_with_pieces(std::string_view glob, std::string (*changed)(std::string_view)) {
    std::string out;
    std::string piece;
    const auto end_piece = [&] {
        if (!piece.empty()) out += glob_escaped(changed(piece));
        piece.clear();
    };
    for (std::size_t at = 0; at < glob.size();) {
        const Token token = token_at(glob, at);
        at += token.octets;
        if (token.wildcard) end_piece();
        (token.wildcard ? out : piece) += token.octet;
    }
    end_piece();
    return out;
}

std::string glob_with_short_runs(std::string_view glob) {
    std::string out;
    bool star = false;
    for (std::size_t at = 0; at < glob.size();) {
        const Token token = token_at(glob, at);
        if (token.wildcard && token.octet == '*') {
            star = true;
        } else {
            if (!token.wildcard && star) {
                out += '*';
                star = false;
            }
            out += glob.substr(at, token.octets);
        }
        at += token.octets;
    }
    if (star) out += '*';
    return out;
}

}  // namespace smtpblock
