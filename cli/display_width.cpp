#include "cli/display_width.h"

#include <unistr.h>
#include <uniwidth.h>

#include <cstdint>

namespace smtpblock {
namespace {

struct Glyph {
    std::size_t octets;
    std::size_t columns;
};

/// The first character of `text`. Octets that are none take a column each, as terminals show them.
Glyph glyph_at(std::string_view text) {
    if (static_cast<unsigned char>(text.front()) < 0x80) return {1, 1};
    ucs4_t character = 0;
    const int octets =
        u8_mbtoucr(&character, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    if (octets < 1) return {1, 1};
    const int columns = uc_width(character, "UTF-8");
    return {static_cast<std::size_t>(octets), static_cast<std::size_t>(columns < 0 ? 0 : columns)};
}

}  // namespace

std::size_t display_width(std::string_view text) {
    std::size_t columns = 0;
    while (!text.empty()) {
        const Glyph glyph = glyph_at(text);
        columns += glyph.columns;
        text.remove_prefix(glyph.octets);
    }
    return columns;
}

std::string cut_to_width(std::string_view text, std::size_t columns) {
    std::size_t used = 0;
    std::size_t fits = 0;  // octets that leave a column for the ellipsis
    for (std::size_t at = 0; at < text.size();) {
        const Glyph glyph = glyph_at(text.substr(at));
        used += glyph.columns;
        if (used > columns)
            return columns == 0 ? std::string() : std::string(text.substr(0, fits)) + "…";
        at += glyph.octets;
        if (used < columns) fits = at;
    }
    return std::string(text);
}

}  // namespace smtpblock
