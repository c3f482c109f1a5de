#include "common/store_reader.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "unit/store_support.h"

namespace smtpblock {
namespace {

using namespace test;

TEST_CASE("an edit of another process is seen by the next decision") {
    const TestStore store;
    const auto reader = store.reader();
    for (RuleId id = 1; id < 20; ++id) {
        CHECK(verdict(*reader, "bad@x.example") == Verdict::pass);
        CHECK(store.add(email("bad@x.example")) == "");
        CHECK(verdict(*reader, "bad@x.example") == Verdict::reject);
        CHECK(store.remove(id) == "");
    }
    CHECK(verdict(*reader, "bad@x.example") == Verdict::pass);
}

TEST_CASE("an expired rule stops nobody") {
    const TestStore store;
    NewRule brief = rule_for(email("bad@x.example"));
    brief.expires = noon + std::chrono::seconds(60);
    CHECK(store.add(brief) == "");
    const auto reader = store.reader();
    CHECK(verdict(*reader, "bad@x.example", *brief.expires - std::chrono::seconds(1)) ==
          Verdict::reject);
    CHECK(verdict(*reader, "bad@x.example", *brief.expires) == Verdict::pass);
}

TEST_CASE("rules are visited by ascending ID, until the visitor has enough") {
    const TestStore store;
    CHECK(edit(store.paths, [](Edit& e) {
              std::vector<NewRule> rules;
              for (int i = 0; i < 300; ++i)
                  rules.push_back(rule_for(email(fmt::format("{}@x.example", 999 - i))));
              return add_all(e, rules);
          }) == "");
    const auto reader = store.reader();
    std::vector<RuleId> ids;
    CHECK(reader->each([&](const Rule& rule) {
        ids.push_back(rule.id);
        return true;
    }));
    CHECK(ids.size() == 300);
    CHECK(ids.front() == 1);
    CHECK(std::is_sorted(ids.begin(), ids.end()));
    int visited = 0;
    CHECK(reader->each([&](const Rule&) { return ++visited < 3; }));
    CHECK(visited == 3);
}

TEST_CASE("each visits one snapshot, whatever is edited meanwhile") {
    const TestStore store;
    for (const char* pattern : {"a@x.example", "b@x.example", "c@x.example"})
        CHECK(store.add(email(pattern)) == "");
    const auto reader = store.reader();
    std::vector<RuleId> ids;
    CHECK(message(reader->each([&](const Rule& rule) {
              if (rule.id == 1) {
                  CHECK(store.remove(2) == "");
                  CHECK(store.add(email("d@x.example")) == "");
              }
              ids.push_back(rule.id);
              return true;
          })) == "");
    CHECK(ids == std::vector<RuleId>{1, 2, 3});
}

TEST_CASE("a rule is found by its ID and by its pattern") {
    const TestStore store;
    CHECK(store.add(ehlo("ylmf-pc")) == "");
    const auto reader = store.reader();
    CHECK((*reader->find(RuleId{1}))->pattern.text() == "ylmf-pc");
    CHECK((*reader->find(ehlo("YLMF-PC")))->id == 1);
    CHECK_FALSE(*reader->find(RuleId{2}));
    CHECK_FALSE(*reader->find(email("ylmf-pc")));
}

TEST_CASE("the readers of a store are the other processes that have it open") {
    const TestStore store;
    const auto reader = store.reader();
    CHECK(reader->readers().empty());
    const Pipe open;
    Process other([&] {
        const auto opened = store.reader();
        open.signal();
        ::pause();
        return std::string();
    });
    open.wait();
    CHECK(reader->readers() == std::vector<pid_t>{other.pid()});
    other.kill(SIGKILL);
    other.end();
    CHECK(reader->readers().empty());
}

TEST_CASE("a reader between two decisions stays in the table of readers") {
    const TestStore store;
    const Pipe decided;
    Process daemon([&] {
        const auto opened = store.reader();
        verdict(*opened, "bad@x.example");
        decided.signal();
        ::pause();
        return std::string();
    });
    decided.wait();
    CHECK(store.reader()->readers() == std::vector<pid_t>{daemon.pid()});
}

TEST_CASE("a reader that was killed within a snapshot does not make the file grow") {
    const TestStore store;
    CHECK(store.add(email("a@x.example")) == "");
    const auto alive = store.reader();  // or the next opener would begin with an empty table
    const Pipe reading;
    Process stale([&] {
        const auto opened = store.reader();
        return message(opened->each([&](const Rule&) {
            reading.signal();
            ::pause();
            return true;
        }));
    });
    reading.wait();
    stale.kill(SIGKILL);
    stale.end();
    for (int edits = 0; edits < 20; ++edits)
        CHECK(store.add(email(fmt::format("{}@x.example", edits))) == "");
    CHECK((*alive->state()).bytes < 128 * 1024);
}

TEST_CASE("a store is open once a process") {
    const TestStore store;
    const auto reader = store.reader();
    CHECK(edit_here(store.paths, [](Edit&) {
              return Result<void>();
          }).find("this process has the store open already") != std::string::npos);
    CHECK(StoreReader::open(store.paths).error().code == ErrorCode::failed);
}

TEST_CASE("without a store the error names init") {
    const TemporaryDirectory directory;
    const auto opened = StoreReader::open(StorePaths(directory / "none"));
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::no_store);
    CHECK(opened.error().message == "'" + directory.path() +
                                        "/none': no store there; make one with 'smtpblock init', "
                                        "or name another with --store DIR");
}

TEST_CASE("two stores in one process do not meet") {
    const TestStore store;
    const TestStore other;
    CHECK(store.add(email("bad@x.example")) == "");
    const auto here = store.reader();
    const auto there = other.reader();
    CHECK(verdict(*here, "bad@x.example") == Verdict::reject);
    CHECK(verdict(*there, "bad@x.example") == Verdict::pass);
}

TEST_CASE("a writer with a larger map does not stop a reader with a smaller one") {
    const TestStore store;
    ::setenv("SMTPBLOCK_MAP_SIZE", "65536", 1);
    const auto reader = store.reader();
    ::unsetenv("SMTPBLOCK_MAP_SIZE");
    CHECK(edit(store.paths, [](Edit& e) {
              std::vector<NewRule> rules;
              for (int i = 0; i < 2000; ++i)
                  rules.push_back(rule_for(email(fmt::format("{}@x.example", i))));
              return add_all(e, rules);
          }) == "");
    CHECK(verdict(*reader, "1999@x.example") == Verdict::reject);
    CHECK(reader->trouble().empty());
}

}  // namespace
}  // namespace smtpblock
