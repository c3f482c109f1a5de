#include "common/config_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "common/nearest.h"
#include "common/text.h"
#include "common/time_text.h"

namespace smtpblock {

ConfigReader::ConfigReader(const toml::table& table, std::string file, std::string prefix)
    : table_(table), file_(std::move(file)), prefix_(std::move(prefix)) {}

const toml::node* ConfigReader::take(std::string_view key) {
    asked_.push_back(key);
    return error_ ? nullptr : table_.get(key);
}

void ConfigReader::read(std::string_view key, std::string& into) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const auto* text = node->as_string();
    if (text == nullptr) return refuse(key, "not a text; write it in double quotes");
    if (std::any_of((**text).begin(), (**text).end(), is_control))
        return refuse(key, "holds a control character");
    into = **text;
}

void ConfigReader::read(std::string_view key, std::size_t& into, std::size_t least,
                        std::size_t most) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const auto* number = node->as_integer();
    if (number == nullptr || **number < static_cast<std::int64_t>(least) ||
        **number > static_cast<std::int64_t>(most))
        return refuse(key, fmt::format("not a number from {} to {}", least, most));
    into = static_cast<std::size_t>(**number);
}

void ConfigReader::read(std::string_view key, std::chrono::seconds& into,
                        std::chrono::seconds least) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const auto* text = node->as_string();
    if (text == nullptr) return refuse(key, "not a duration in double quotes, such as \"30s\"");
    const auto duration = parse_duration(**text);
    if (!duration) return refuse(key, duration.error().message);
    if (*duration < least)
        return refuse(key, fmt::format("too short; the least is \"{}\"", duration_text(least)));
    into = *duration;
}

bool ConfigReader::each(std::string_view key,
                        const std::function<Result<void>(std::string_view)>& visit) {
    const toml::node* node = take(key);
    if (node == nullptr) return false;
    const auto one = [&](const toml::node& element) {
        const auto* text = element.as_string();
        if (text == nullptr) return refuse_at(element.source(), key, "not a text");
        const auto verdict = visit(**text);
        if (!verdict) refuse_at(element.source(), key, verdict.error().message);
    };
    if (const auto* array = node->as_array()) {
        for (const toml::node& element : *array) one(element);
    } else {
        one(*node);
    }
    return !error_;
}

const toml::table* ConfigReader::table(std::string_view key) {
    const toml::node* node = take(key);
    if (node == nullptr) return nullptr;
    if (!node->is_table()) refuse(key, fmt::format("not a table; write it as [{}]", key));
    return node->as_table();
}

std::vector<const toml::table*> ConfigReader::tables(std::string_view key, std::string_view shape) {
    std::vector<const toml::table*> out;
    const toml::node* node = take(key);
    if (node == nullptr) return out;
    const auto* array = node->as_array();
    if (array == nullptr || !(array->empty() || array->is_homogeneous<toml::table>())) {
        refuse(key, shape.empty() ? fmt::format("not a list of tables; write each as [[{}]]", key)
                                  : fmt::format("not a list of tables; write {} = {}", key, shape));
        return out;
    }
    for (const toml::node& element : *array) out.push_back(element.as_table());
    return out;
}

void ConfigReader::refuse(std::string_view key, std::string_view why) {
    const toml::node* node = table_.get(key);
    refuse_at(node != nullptr ? node->source() : table_.source(), key, why);
}

void ConfigReader::refuse_at(const toml::source_region& place, std::string_view key,
                             std::string_view why) {
    if (error_) return;
    error_ =
        Error{ErrorCode::bad_input, fmt::format("{}:{}:{}: {}{}: {}", file_, place.begin.line,
                                                place.begin.column, prefix_, printable(key), why)};
}

void ConfigReader::not_yet(std::string_view key, std::string_view instead) {
    if (take(key) != nullptr)
        refuse(key, fmt::format("not supported by this version; {}", instead));
}

std::optional<std::string> ConfigReader::word(std::string_view key) {
    const toml::node* node = take(key);
    if (node == nullptr) return std::nullopt;
    if (const auto* text = node->as_string()) return **text;
    if (const auto* truth = node->as_boolean()) return **truth ? "true" : "false";
    if (const auto* number = node->as_integer()) return fmt::format("{}", **number);
    refuse(key, "neither a word nor true or false");
    return std::nullopt;
}

void ConfigReader::refuse_word(std::string_view key, std::string_view written,
                               const std::vector<std::string_view>& supported,
                               std::initializer_list<std::string_view> later) {
    const bool known = std::find(later.begin(), later.end(), written) != later.end();
    refuse(key, fmt::format("{}: {}; write {}", quoted(written),
                            known ? "not supported by this version" : "no such value",
                            fmt::join(supported, " or ")));
}

std::optional<Error> ConfigReader::finish() {
    for (const auto& [key, node] : table_) {
        if (error_) break;
        if (std::find(asked_.begin(), asked_.end(), key.str()) != asked_.end()) continue;
        const auto meant = nearest(key.str(), asked_);
        refuse_at(key.source(), key.str(),
                  meant ? fmt::format("no such key; did you mean {}?", *meant) : "no such key");
    }
    return error_;
}

}  // namespace smtpblock
