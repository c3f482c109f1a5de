#include "cli/rule_file_json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "cli/json_object_reader.h"

namespace smtpblock {
namespace {

constexpr std::size_t read_octets = std::size_t{256} << 10U;

/// In the order of these the members stand in the reader.
enum Member : std::size_t { pattern, type, direction, action, expires, description };

std::vector<JsonMember> members_of_a_rule() {
    return {{"pattern"},     {"type"},           {"dir"},           {"action"},        {"expires"},
            {"description"}, {"id", true},       {"created", true}, {"updated", true}, {"by", true},
            {"hits", true},  {"last_hit", true}, {"caught", true}};
}

bool is_white_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

class JsonRuleFile final : public RuleFile {
public:
    JsonRuleFile(OctetSource source, RuleFileOptions options)
        : RuleFile(std::move(options)),
          source_(std::move(source)),
          parser_(boost::json::parse_options{}, members_of_a_rule(), line_octets) {}

private:
    /// What may stand next.
    enum class At : std::uint8_t { start, objects, array_start, element, behind_element, behind };

    Result<bool> read(Entry& entry) override {
        auto found = find_object(entry);
        if (!found || !*found || !entry.fault.empty()) return found;
        return read_object(entry);
    }

    /// Goes to the `{` of the next object, or says what stands there instead. False at the end of
    /// the file.
    Result<bool> find_object(Entry& entry) {
        for (;;) {
            auto visible = skip_white_space();
            if (!visible) return std::move(visible).failure();
            entry.line = line_;
            const bool in_array = at_ != At::start && at_ != At::objects && at_ != At::behind;
            if (!*visible) {
                if (!in_array) return false;
                return hopeless(entry, "the file ends before the array does");
            }
            const char c = buffer_[begin_];
            switch (at_) {
                case At::start:
                    at_ = c == '[' ? At::array_start : At::objects;
                    if (c == '[') ++begin_;
                    continue;
                case At::objects:
                    if (c == '{') return true;
                    entry.fault = "no JSON object";
                    return skip_to_next_object();
                case At::array_start:
                case At::element:
                    if (c == '{') return true;
                    if (c != ']' || at_ != At::array_start)
                        return hopeless(entry, "no JSON object in the array");
                    at_ = At::behind;
                    ++begin_;
                    continue;
                case At::behind_element:
                    if (c != ',' && c != ']')
                        return hopeless(entry, "neither , nor ] behind an object of the array");
                    at_ = c == ',' ? At::element : At::behind;
                    ++begin_;
                    continue;
                case At::behind:
                    return hopeless(entry, "text behind the end of the array");
            }
        }
    }

    Result<bool> read_object(Entry& entry) {
        parser_.reset();
        while (!parser_.done()) {
            if (begin_ == end_) {
                auto more = fill();
                if (!more) return more;
                if (!*more) return hopeless(entry, "the file ends in the middle of an object");
            }
            boost::json::error_code error;
            const std::size_t taken =
                parser_.write_some(true, buffer_.data() + begin_, end_ - begin_, error);
            if (error && at_ != At::objects) return hopeless(entry, "no JSON: " + error.message());
            if (error) {
                entry.fault = "no JSON: " + error.message();
                return skip_to_next_object();
            }
            pass(taken);
        }
        if (at_ != At::objects) at_ = At::behind_element;
        take(entry);
        return true;
    }

    void take(Entry& entry) {
        const JsonObjectReader& object = parser_.handler();
        const auto text = [&](Member which) -> std::optional<std::string_view> {
            const JsonMember& member = object.members()[which];
            if (!member.has_text) return std::nullopt;
            return member.text;
        };
        entry.fault = object.fault();
        if (!entry.fault.empty()) return;
        if (!text(Member::pattern)) entry.fault = "no pattern";
        entry.pattern = text(Member::pattern).value_or("");
        entry.type = text(Member::type);
        entry.direction = text(Member::direction);
        entry.action = text(Member::action);
        entry.expires = text(Member::expires);
        entry.description = text(Member::description);
    }

    static bool hopeless(Entry& entry, std::string fault) {
        entry.fault = std::move(fault);
        entry.hopeless = true;
        return true;
    }

    /// False at the end of the file.
    Result<bool> skip_white_space() {
        for (;;) {
            while (begin_ != end_ && is_white_space(buffer_[begin_])) pass(1);
            if (begin_ != end_) return true;
            auto more = fill();
            if (!more || !*more) return more;
        }
    }

    /// Goes to the next line that begins with `{`: a line of its own is what an object mostly has.
    /// Returns true.
    Result<bool> skip_to_next_object() {
        for (;;) {
            const std::uint64_t line = line_;
            while (line_ == line) {
                if (begin_ == end_) {
                    auto more = fill();
                    if (!more) return more;
                    if (!*more) return true;
                }
                pass(1);
            }
            auto visible = skip_white_space();
            if (!visible) return visible;
            if (!*visible || buffer_[begin_] == '{') return true;
        }
    }

    /// Leaves so many octets behind.
    void pass(std::size_t octets) {
        const char* const from = buffer_.data() + begin_;
        line_ += static_cast<std::uint64_t>(std::count(from, from + octets, '\n'));
        begin_ += octets;
    }

    /// Reads more when all is used up. False at the end of the file.
    Result<bool> fill() {
        const bool is_first = buffer_.empty();
        buffer_.resize(read_octets);
        begin_ = 0;
        end_ = 0;
        // A mark that comes in pieces must be seen as well.
        do {
            auto got = source_(buffer_.data() + end_, buffer_.size() - end_);
            if (!got) return std::move(got).failure();
            if (*got == 0) break;
            end_ += *got;
        } while (is_first && end_ < byte_order_mark.size());
        if (is_first && std::string_view(buffer_.data(), end_).starts_with(byte_order_mark))
            begin_ = byte_order_mark.size();
        return end_ != 0;
    }

    OctetSource source_;
    boost::json::basic_parser<JsonObjectReader> parser_;
    At at_ = At::start;
    std::uint64_t line_ = 1;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace

std::unique_ptr<RuleFile> json_rule_file(OctetSource source, RuleFileOptions options) {
    return std::make_unique<JsonRuleFile>(std::move(source), std::move(options));
}

}  // namespace smtpblock
