#include "common/glob.h"

#include <algorithm>

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

}  // namespace

bool glob_matches(std::string_view glob, std::string_view value) {
    constexpr auto none = std::string_view::npos;
    std::size_t in_glob = 0;
    std::size_t in_value = 0;
    std::size_t behind_star = none;  // where the glob goes on behind the last star
    std::size_t retry = 0;           // where that star gives up its run, one character later a try
    while (in_value < value.size()) {
        if (in_glob < glob.size()) {
            const Token token = token_at(glob, in_glob);
            if (token.wildcard && token.octet == '*') {
                behind_star = ++in_glob;
                retry = in_value;
                continue;
            }
            if (token.wildcard) {
                ++in_glob;
                in_value += character_octets(value.substr(in_value));
                continue;
            }
            if (token.octet == value[in_value]) {
                in_glob += token.octets;
                ++in_value;
                continue;
            }
        }
        if (behind_star == none) return false;
        if (behind_star == glob.size()) return true;
        retry += character_octets(value.substr(retry));
        in_value = retry;
        in_glob = behind_star;
    }
    return glob.find_first_not_of('*', in_glob) == none;
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
