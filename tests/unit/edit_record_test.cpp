#include "common/edit_record.h"

#include <catch2/catch.hpp>

#include "common/rule_codec.h"

namespace smtpblock {
namespace {

constexpr Time noon{std::chrono::seconds{1'700'000'000}};

EditRecord full_record() {
    EditRecord record;
    record.revision = 77;
    record.verb = EditVerb::undo;
    record.editor = {"root (alice)", noon, 0, 1000};
    record.first_new = 500;
    record.next_new = 510;
    record.pause_changed = true;
    record.paused_after = noon + std::chrono::minutes{10};
    record.touched = {{3, 3}, {7, 900'000}, {1'000'000, 1'000'001}};
    return record;
}

bool same(const EditRecord& a, const EditRecord& b) {
    return a.revision == b.revision && a.verb == b.verb && a.editor.name == b.editor.name &&
           a.editor.now == b.editor.now && a.editor.uid == b.editor.uid &&
           a.editor.login_uid == b.editor.login_uid && a.first_new == b.first_new &&
           a.next_new == b.next_new && a.pause_changed == b.pause_changed &&
           a.paused_before == b.paused_before && a.paused_after == b.paused_after &&
           a.touched == b.touched;
}

TEST_CASE("an edit's record comes back") {
    EditRecord plain;
    plain.revision = 1;
    for (const EditRecord& record : {full_record(), plain}) {
        const auto read = decode_edit(record.revision, encode_edit(record));
        REQUIRE(read);
        CHECK(same(*read, record));
    }
}

TEST_CASE("a cut edit, each flipped bit and another revision are noticed") {
    const std::string octets = encode_edit(full_record());
    for (std::size_t size = 0; size < octets.size(); ++size)
        CHECK_FALSE(decode_edit(77, octets.substr(0, size)));
    for (std::size_t bit = 0; bit < 8 * octets.size(); ++bit) {
        std::string flipped = octets;
        flipped[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(flipped[bit / 8]) ^ (1U << bit % 8));
        CHECK_FALSE(decode_edit(77, flipped));
    }
    CHECK_FALSE(decode_edit(78, octets));
}

TEST_CASE("IDs in a row are one run") {
    CHECK(runs_of({}).empty());
    CHECK(runs_of({5, 3, 4, 9, 1}) == std::vector<IdRun>{{1, 1}, {3, 5}, {9, 9}});
}

TEST_CASE("what was before an edit comes back, a rule or none") {
    const Rule rule{9,
                    *Pattern::parse(RuleType::email, "a@example.com"),
                    Direction::in,
                    Action::defer,
                    "why",
                    "root",
                    noon,
                    noon,
                    noon};
    const std::string value = encode_rule(rule);
    const std::string octets = encode_before(rule.pattern.key().view(), value);
    std::optional<Rule> before;
    REQUIRE(decode_before(octets, 9, before));
    REQUIRE(before);
    CHECK(encode_rule(*before) == value);
    CHECK_FALSE(decode_before(octets, 8, before));
    for (std::size_t size = 0; size < octets.size(); ++size)
        CHECK_FALSE(decode_before(octets.substr(0, size), 9, before));

    REQUIRE(decode_before(encode_before({}, {}), 9, before));
    CHECK_FALSE(before);
}

}  // namespace
}  // namespace smtpblock
