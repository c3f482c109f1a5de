#include "cli/json.h"

#include <fmt/format.h>

#include <algorithm>

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

/// How many octets at the head of `text` stand in a JSON string as they are, in ASCII.
std::size_t plain_octets(std::string_view text) {
    const auto odd = std::find_if(text.begin(), text.end(), [](char c) {
        return is_control(c) || is_eight_bit(c) || c == '"' || c == '\\';
    });
    return static_cast<std::size_t>(odd - text.begin());
}

}  // namespace

std::string json_string(std::string_view text) {
    if (!is_utf8(text)) return json_string(printable(text));
    std::string out = "\"";
    out.reserve(text.size() + 2);
    while (!text.empty()) {
        const auto plain = text.substr(0, plain_octets(text));
        out += plain;
        text.remove_prefix(plain.size());
        if (text.empty()) break;
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
    out += '"';
    return out;
}

JsonObject& JsonObject::member(std::string_view key, std::string_view json) {
    if (!members_.empty()) members_ += ',';
    members_ += json_string(key);
    members_ += ':';
    members_ += json;
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
