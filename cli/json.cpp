#include "cli/json.h"

#include <fmt/format.h>

#include "common/text.h"

namespace smtpblock {
namespace {

/// How many octets the character that begins with `first` has, in well-formed UTF-8.
std::size_t octets_of(char first) {
    const auto octet = static_cast<unsigned char>(first);
    return octet < 0x80 ? 1 : octet < 0xe0 ? 2 : octet < 0xf0 ? 3 : 4;
}

std::string unicode_escape(std::string_view character) {
    const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    std::uint32_t code_point = octet(0);
    if (character.size() > 1) code_point &= 0x7fU >> character.size();
    for (std::size_t i = 1; i < character.size(); ++i)
        code_point = code_point << 6U | (octet(i) & 0x3fU);
    if (code_point < 0x10000) return fmt::format("\\u{:04x}", code_point);
    code_point -= 0x10000;
    return fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (code_point >> 10U),
                       0xdc00 + (code_point & 0x3ffU));
}

}  // namespace

std::string json_string(std::string_view text) {
    if (!is_utf8(text)) return json_string(printable(text));
    std::string out = "\"";
    while (!text.empty()) {
        const std::string_view character = text.substr(0, octets_of(text.front()));
        text.remove_prefix(character.size());
        if (character == "\"" || character == "\\")
            out.append("\\").append(character);
        else if (character == "\n")
            out += "\\n";
        else if (character == "\t")
            out += "\\t";
        else if (printable(character) != character)
            out += unicode_escape(character);
        else
            out += character;
    }
    return out + "\"";
}

JsonObject& JsonObject::member(std::string_view key, std::string_view json) {
    if (!members_.empty()) members_ += ',';
    members_ += fmt::format("{}:{}", json_string(key), json);
    return *this;
}

JsonObject& JsonObject::string(std::string_view key, std::string_view value) {
    return member(key, json_string(value));
}

JsonObject& JsonObject::number(std::string_view key, std::uint64_t value) {
    return member(key, fmt::format("{}", value));
}

JsonObject& JsonObject::boolean(std::string_view key, bool value) {
    return member(key, value ? "true" : "false");
}

JsonObject& JsonObject::object(std::string_view key, const JsonObject& value) {
    return member(key, value.text());
}

JsonObject& JsonObject::strings(std::string_view key, const std::vector<std::string>& values) {
    std::string json = "[";
    for (const std::string& value : values)
        json += (json.size() > 1 ? "," : "") + json_string(value);
    return member(key, json + "]");
}

JsonObject& JsonObject::objects(std::string_view key, const std::vector<JsonObject>& values) {
    std::string array;
    for (const JsonObject& value : values) {
        if (!array.empty()) array += ',';
        array += value.text();
    }
    return member(key, "[" + array + "]");
}

}  // namespace smtpblock
