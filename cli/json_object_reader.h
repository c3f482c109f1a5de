// One flat JSON object, whose members are texts: it hears from Boost's parser, which takes octets
// as they come, so that the object may be cut anywhere. What is JSON, but no such object, is heard
// to its end all the same, and fault() says why it is none.
#pragma once

#include <boost/json/basic_parser.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smtpblock {

/// A key that the object may have, and what it had.
struct JsonMember {
    std::string key;
    bool passed_over = false;  ///< anything may stand there, and is not kept
    bool seen = false;
    bool has_text = false;  ///< false also for null
    std::string text{};
};

class JsonObjectReader {
public:
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    using Error = boost::json::error_code;
    using Text = boost::json::string_view;

    /// An object whose keys and texts have more than `most_octets` together is at fault.
    JsonObjectReader(std::vector<JsonMember> members, std::size_t most_octets)
        : members_(std::move(members)), most_octets_(most_octets) {}

    /// Why the last object is none of ours; empty when it is.
    const std::string& fault() const { return fault_; }
    /// As they were given, in that order.
    const std::vector<JsonMember>& members() const { return members_; }

    // What Boost calls.
    bool on_document_begin(Error&);
    bool on_document_end(Error&) { return true; }
    bool on_object_begin(Error&) { return begin_inner("an object"); }
    bool on_object_end(std::size_t, Error&) { return end_inner(); }
    bool on_array_begin(Error&) { return begin_inner("an array"); }
    bool on_array_end(std::size_t, Error&) { return end_inner(); }
    bool on_key_part(Text part, std::size_t, Error&) { return append(key_, part); }
    bool on_key(Text rest, std::size_t, Error&);
    bool on_string_part(Text part, std::size_t, Error&) { return append_text(part); }
    bool on_string(Text rest, std::size_t, Error&);
    bool on_number_part(Text, Error&) { return true; }
    bool on_int64(std::int64_t, Text, Error&) { return no_text("a number"); }
    bool on_uint64(std::uint64_t, Text, Error&) { return no_text("a number"); }
    bool on_double(double, Text, Error&) { return no_text("a number"); }
    bool on_bool(bool value, Error&) { return no_text(value ? "true" : "false"); }
    bool on_null(Error&) { return true; }
    bool on_comment_part(Text, Error&) { return true; }
    bool on_comment(Text, Error&) { return true; }

private:
    bool begin_inner(std::string_view what);
    bool end_inner();
    bool append(std::string& to, Text part);
    bool append_text(Text part);
    bool no_text(std::string_view what);
    void blame(std::string fault);

    std::vector<JsonMember> members_;
    std::size_t most_octets_;
    std::size_t octets_ = 0;
    std::size_t depth_ = 0;
    std::string key_;
    JsonMember* member_ = nullptr;  ///< whose value comes next; none: it is refused already
    std::string fault_;
};

}  // namespace smtpblock
