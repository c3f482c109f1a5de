// What a reader keeps from one decision to the next (the globs, the keys that are absent) is never
// older than the store.
#include "common/snapshot_rules.h"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "unit/store_support.h"

namespace smtpblock {
namespace {

namespace fs = std::filesystem;
using namespace test;

Pattern email_glob(std::string_view glob) {
    return *Pattern::from_subject(PatternKind::email_glob, glob);
}
Pattern ehlo_glob(std::string_view glob) {
    return *Pattern::from_subject(PatternKind::ehlo_glob, glob);
}

TEST_CASE("globs are in force as soon as they are added, and no longer than they are there") {
    const TestStore store;
    const auto reader = store.reader();
    CHECK(verdict(*reader, "cheapspam@x.example") == Verdict::pass);
    CHECK(store.add(email_glob("*spam@*")) == "");
    CHECK(verdict(*reader, "cheapspam@x.example") == Verdict::reject);
    CHECK(ehlo_verdict(*reader, "cheapspam@x.example") == Verdict::pass);
    CHECK(store.add(ehlo_glob("host-??")) == "");
    CHECK(ehlo_verdict(*reader, "host-17") == Verdict::reject);
    CHECK(verdict(*reader, "cheapspam@x.example") == Verdict::reject);
    CHECK(store.add(email("other@x.example")) == "");
    CHECK(verdict(*reader, "cheapspam@x.example") == Verdict::reject);
    CHECK(store.remove(1) == "");
    CHECK(verdict(*reader, "cheapspam@x.example") == Verdict::pass);
    CHECK(ehlo_verdict(*reader, "host-17") == Verdict::reject);
    CHECK(store.remove(2) == "");
    CHECK(ehlo_verdict(*reader, "host-17") == Verdict::pass);
    CHECK(reader->trouble().empty());
}

TEST_CASE("a glob that was changed in place does what it says now") {
    const TestStore store;
    CHECK(store.add(email_glob("*spam@*")) == "");
    const auto reader = store.reader();
    CHECK(verdict(*reader, "spam@x.example") == Verdict::reject);
    const auto change = [&](const std::function<void(Rule&)>& how) {
        return edit(store.paths, [&](Edit& e) {
            Rule rule = **e.find(RuleId{1});
            how(rule);
            auto changed = e.change(rule);
            return changed ? Result<void>() : std::move(changed).failure();
        });
    };
    CHECK(change([](Rule& rule) { rule.action = Action::defer; }) == "");
    CHECK(verdict(*reader, "spam@x.example") == Verdict::defer);
    CHECK(change([](Rule& rule) { rule.pattern = email_glob("*ham@*"); }) == "");
    CHECK(verdict(*reader, "spam@x.example") == Verdict::pass);
    CHECK(verdict(*reader, "ham@x.example") == Verdict::defer);
}

TEST_CASE("globs longer than a key are told apart") {
    const TestStore store;
    const std::string stem(509, 'n');
    CHECK(store.add(ehlo_glob(stem + "a*")) == "");
    const auto reader = store.reader();
    CHECK(ehlo_verdict(*reader, stem + "a") == Verdict::reject);
    CHECK(ehlo_verdict(*reader, stem + "b") == Verdict::pass);
}

TEST_CASE("what was absent is found once it is added") {
    const TestStore store;
    CHECK(store.add(email("first@x.example")) == "");
    const auto reader = store.reader();
    for (int i = 0; i < 30; ++i) {
        const std::string sender = fmt::format("{}@x.example", i);
        CHECK(verdict(*reader, sender) == Verdict::pass);
        CHECK(verdict(*reader, sender) == Verdict::pass);
        CHECK(store.add(email(sender)) == "");
        CHECK(verdict(*reader, sender) == Verdict::reject);
    }
}

TEST_CASE("a copy of the store that went another way is not taken for it") {
    const TestStore store;
    CHECK(store.add(email_glob("*spam@*")) == "");
    const std::string data = store.paths.rules_data();
    fs::copy_file(data, data + ".copy");
    CHECK(edit(store.paths, [](Edit& e) {
              return add_all(e, {rule_for(email("a@x.example")), rule_for(email_glob("*ham@*"))});
          }) == "");
    fs::rename(data, data + ".went");
    fs::rename(data + ".copy", data);
    CHECK(edit(store.paths, [](Edit& e) {
              return add_all(e, {rule_for(email("b@x.example")), rule_for(email_glob("*jam@*"))});
          }) == "");
    // Both have the same identity, revision and number of transactions now.
    fs::rename(data, data + ".copy");
    fs::rename(data + ".went", data);
    const auto reader = store.reader();
    CHECK(verdict(*reader, "a@x.example") == Verdict::reject);
    CHECK(verdict(*reader, "b@x.example") == Verdict::pass);
    CHECK(verdict(*reader, "jam@x.example") == Verdict::pass);
    fs::rename(data, data + ".went");
    fs::rename(data + ".copy", data);
    CHECK(verdict(*reader, "a@x.example") == Verdict::pass);
    CHECK(verdict(*reader, "b@x.example") == Verdict::reject);
    CHECK(verdict(*reader, "jam@x.example") == Verdict::reject);
    CHECK(verdict(*reader, "ham@x.example") == Verdict::pass);
    CHECK(reader->trouble().empty());
}

TEST_CASE("a glob that is damaged is trouble for every sender") {
    const TestStore store;
    CHECK(store.add(email_glob("*spam@*")) == "");
    const auto reader = store.reader();
    CHECK(verdict(*reader, "good@x.example") == Verdict::pass);
    const std::string data = store.paths.rules_data();
    const std::string whole = contents(data);
    const auto write = [&](const std::string& octets) {
        const int file = ::open(data.c_str(), O_WRONLY);
        Process::write_all(file, octets);
        ::close(file);
    };
    std::string octets = whole;
    for (auto at = octets.find("tester"); at != std::string::npos; at = octets.find("tester", at))
        octets[at] = 'T';
    write(octets);
    CHECK(verdict(*reader, "spam@x.example") == Verdict::trouble);
    CHECK(verdict(*reader, "good@x.example") == Verdict::trouble);
    CHECK(reader->trouble().find("checksum") != std::string::npos);
    write(whole);
    CHECK(verdict(*reader, "spam@x.example") == Verdict::reject);
    CHECK(verdict(*reader, "good@x.example") == Verdict::pass);
}

TEST_CASE("globs that the state record counts and nobody finds are trouble") {
    const TestStore store;
    CHECK(store.add(email_glob("*spam@*")) == "");
    const auto reader = store.reader();
    CHECK(verdict(*reader, "good@x.example") == Verdict::pass);
    StoreRecord record = new_record();
    record.glob_revision = record.revision = 99;
    record.count_one_more(PatternKind::ehlo_glob, "*spam@*");
    CHECK(write_record(store.paths, encode_record(record)) == "");
    CHECK(verdict(*reader, "good@x.example") == Verdict::trouble);
    CHECK(reader->trouble().find("number of globs") != std::string::npos);
}

}  // namespace
}  // namespace smtpblock
