#include "cli/json_object_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/suggestion.h"
#include "common/text.h"

namespace smtpblock {

bool JsonObjectReader::on_document_begin(Error&) {
    octets_ = 0;
    depth_ = 0;
    key_.clear();
    member_ = nullptr;
    fault_.clear();
    for (JsonMember& member : members_) {
        member.seen = false;
        member.has_text = false;
        member.text.clear();
    }
    return true;
}

bool JsonObjectReader::on_key(Text rest, std::size_t, Error&) {
    append(key_, rest);
    if (depth_ == 1) {
        const auto found = std::find_if(members_.begin(), members_.end(),
                                        [&](const auto& member) { return member.key == key_; });
        member_ = found == members_.end() ? nullptr : &*found;
        if (member_ == nullptr) {
            std::vector<std::string> keys;
            for (const JsonMember& member : members_) keys.push_back(member.key);
            blame(fmt::format("{}: no such key{}", quoted(key_), did_you_mean(key_, keys)));
        } else if (std::exchange(member_->seen, true)) {
            blame(fmt::format("{}: the key stands there twice", quoted(key_)));
        }
    }
    key_.clear();
    return true;
}

bool JsonObjectReader::on_string(Text rest, std::size_t, Error&) {
    if (depth_ == 1 && member_ != nullptr) member_->has_text = true;
    return append_text(rest);
}

bool JsonObjectReader::begin_inner(std::string_view what) {
    if (depth_ == 1 && member_ != nullptr && !member_->passed_over)
        blame(fmt::format("{}: {}; write a text", quoted(member_->key), what));
    ++depth_;
    return true;
}

bool JsonObjectReader::end_inner() {
    --depth_;
    return true;
}

bool JsonObjectReader::append(std::string& to, Text part) {
    octets_ += part.size();
    if (octets_ > most_octets_)
        blame(fmt::format("longer than {} octets", most_octets_));
    else
        to.append(part.data(), part.size());
    return true;
}

bool JsonObjectReader::append_text(Text part) {
    if (depth_ != 1 || member_ == nullptr || member_->passed_over) return true;
    return append(member_->text, part);
}

bool JsonObjectReader::no_text(std::string_view what) {
    if (depth_ == 1 && member_ != nullptr && !member_->passed_over)
        blame(fmt::format("{}: {}; write a text", quoted(member_->key), what));
    return true;
}

/// The first fault is the one to tell of.
void JsonObjectReader::blame(std::string fault) {
    if (fault_.empty()) fault_ = std::move(fault);
}

}  // namespace smtpblock
