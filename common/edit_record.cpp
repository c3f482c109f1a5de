#include "common/edit_record.h"

#include <algorithm>
#include <array>

#include "common/crc32c.h"
#include "common/octets.h"
#include "common/rule_codec.h"
#include "common/store_tables.h"

namespace smtpblock {
namespace {

constexpr std::uint8_t format = 1;
constexpr std::size_t body_at = 5;

constexpr unsigned pause_changed_bit = 1;
constexpr unsigned before_bit = 2;
constexpr unsigned after_bit = 4;

constexpr std::array verbs{EditVerb::add,     EditVerb::edit,  EditVerb::remove,
                           EditVerb::import,  EditVerb::apply, EditVerb::undo,
                           EditVerb::restore, EditVerb::pause, EditVerb::resume};

std::uint32_t checksum_of(std::uint64_t revision, std::string_view body) {
    return crc32c(body, crc32c(NumberKey(revision).view()));
}

}  // namespace

std::string_view word(EditVerb verb) {
    switch (verb) {
        case EditVerb::add:
            return "add";
        case EditVerb::edit:
            return "edit";
        case EditVerb::remove:
            return "delete";
        case EditVerb::import:
            return "import";
        case EditVerb::apply:
            return "apply";
        case EditVerb::undo:
            return "undo";
        case EditVerb::restore:
            return "restore";
        case EditVerb::pause:
            return "pause";
        case EditVerb::resume:
            return "resume";
    }
    return "?";
}

std::vector<IdRun> runs_of(std::vector<RuleId> ids) {
    std::sort(ids.begin(), ids.end());
    std::vector<IdRun> runs;
    for (const RuleId id : ids) {
        if (!runs.empty() && runs.back().last + 1 == id)
            runs.back().last = id;
        else
            runs.push_back({id, id});
    }
    return runs;
}

std::string encode_edit(const EditRecord& record) {
    OctetWriter body;
    body.octet(static_cast<std::uint8_t>(record.verb));
    body.time(record.editor.now);
    body.number(record.editor.uid);
    body.number(record.editor.login_uid ? std::uint64_t{*record.editor.login_uid} + 1 : 0);
    body.text(record.editor.name);
    body.number(record.first_new);
    body.number(record.next_new);
    body.octet(static_cast<std::uint8_t>((record.pause_changed ? pause_changed_bit : 0) |
                                         (record.paused_before ? before_bit : 0) |
                                         (record.paused_after ? after_bit : 0)));
    if (record.paused_before) body.time(*record.paused_before);
    if (record.paused_after) body.time(*record.paused_after);
    body.number(record.touched.size());
    RuleId last = 0;
    for (const IdRun& run : record.touched) {
        body.number(run.first - last);
        body.number(run.last - run.first);
        last = run.last;
    }
    const std::string written = body.take();

    OctetWriter whole;
    whole.octet(format);
    whole.fixed32(checksum_of(record.revision, written));
    whole.raw(written);
    return whole.take();
}

std::optional<EditRecord> decode_edit(std::uint64_t revision, std::string_view octets) {
    OctetReader head(octets);
    const bool known = head.octet() == format;
    const std::uint32_t checksum = head.fixed32();
    if (!head.good() || !known || checksum != checksum_of(revision, octets.substr(body_at)))
        return std::nullopt;

    OctetReader body(octets.substr(body_at));
    EditRecord record;
    record.revision = revision;
    record.verb = static_cast<EditVerb>(body.octet());
    record.editor.now = body.time();
    record.editor.uid = static_cast<uid_t>(body.number());
    if (const std::uint64_t login = body.number(); login != 0)
        record.editor.login_uid = static_cast<uid_t>(login - 1);
    record.editor.name = body.text();
    record.first_new = body.number();
    record.next_new = body.number();
    const unsigned bits = body.octet();
    record.pause_changed = (bits & pause_changed_bit) != 0;
    if ((bits & before_bit) != 0) record.paused_before = body.time();
    if ((bits & after_bit) != 0) record.paused_after = body.time();
    RuleId last = 0;
    for (std::uint64_t runs = body.number(); runs > 0 && body.good(); --runs) {
        const RuleId first = last + body.number();
        last = first + body.number();
        record.touched.push_back({first, last});
    }
    const bool verb_known = std::find(verbs.begin(), verbs.end(), record.verb) != verbs.end();
    if (!body.whole() || !verb_known) return std::nullopt;
    return record;
}

std::string encode_before(std::string_view rule_key, std::string_view rule_value) {
    OctetWriter out;
    out.octet(rule_key.empty() ? 0 : 1);
    if (rule_key.empty()) return out.take();
    out.text(rule_key);
    out.raw(rule_value);
    return out.take();
}

bool decode_before(std::string_view octets, RuleId id, std::optional<Rule>& before) {
    before.reset();
    OctetReader reader(octets);
    const std::uint8_t there = reader.octet();
    if (there == 0) return reader.whole();
    const std::string_view key = reader.text();
    if (there != 1 || !reader.good()) return false;
    const auto value_at = static_cast<std::size_t>(key.data() + key.size() - octets.data());
    before = decode_rule(key, octets.substr(value_at));
    return before && before->id == id;
}

}  // namespace smtpblock
