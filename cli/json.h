// JSON as `--json` prints it: one object a line, keys in the order they were added. Always valid
// UTF-8; characters that could deceive a reader's terminal are escaped as \uXXXX.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smtpblock {

/// `text` as a JSON string with its quotes. What is no UTF-8 is shown as printable() shows it.
std::string json_string(std::string_view text);

class JsonObject {
public:
    JsonObject& string(std::string_view key, std::string_view value);
    JsonObject& number(std::string_view key, std::uint64_t value);
    JsonObject& boolean(std::string_view key, bool value);
    JsonObject& object(std::string_view key, const JsonObject& value);
    JsonObject& strings(std::string_view key, const std::vector<std::string>& values);
    JsonObject& objects(std::string_view key, const std::vector<JsonObject>& values);

    /// The object, without a newline.
    std::string text() const { return "{" + members_ + "}"; }

private:
    JsonObject& member(std::string_view key, std::string_view json);

    std::string members_;
};

}  // namespace smtpblock
