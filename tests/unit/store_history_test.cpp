#include "common/store_history.h"

#include <catch2/catch.hpp>
#include <random>
#include <sstream>

#include "common/rule_codec.h"
#include "unit/seed.h"
#include "unit/store_support.h"

namespace smtpblock::test {
namespace {

/// `id:before>after` a change, `verb` an edit.
class Told final : public HistoryVisitor {
public:
    bool edit(const EditRecord& record) override {
        out_ << word(record.verb) << record.revision << '\n';
        return true;
    }
    bool change(const EditRecord&, const RuleChange& change) override {
        out_ << change.id << ':' << of(change.before) << '>' << of(change.after) << '\n';
        return true;
    }
    std::string text() const { return out_.str(); }

private:
    static std::string of(const std::optional<Rule>& rule) {
        if (!rule) return "-";
        return rule->pattern.text() + "/" + std::string(word(rule->action));
    }
    std::ostringstream out_;
};

std::string history(const TestStore& store, const HistoryQuery& query = {}) {
    Told told;
    const auto walked = store.reader()->history(query, told);
    return walked ? told.text() : walked.error().message;
}

std::string undo(const TestStore& store, std::uint64_t edits) {
    return elsewhere([&] {
        auto writer = StoreWriter::open(store.paths);
        return message((*writer)->undo({"tester", noon}, edits));
    });
}

std::string change(const TestStore& store, RuleId id, Action action) {
    return edit(store.paths, [&](Edit& e) -> Result<void> {
        Rule rule = **e.find(id);
        rule.action = action;
        auto changed = e.change(rule);
        if (!changed) return std::move(changed).failure();
        return {};
    });
}

/// All rules, with everything of them but who last touched them and when.
std::string dump(StoreReader& reader) {
    std::ostringstream out;
    const auto walked = reader.each([&](const Rule& rule) {
        out << rule.id << ' ' << rule.pattern.text() << ' ' << word(rule.direction) << ' '
            << word(rule.action) << ' ' << rule.description << '\n';
        return true;
    });
    return walked ? out.str() : walked.error().message;
}

std::string dump(const TestStore& store) {
    return dump(*store.reader());
}

TEST_CASE("the history tells each edit with what was before and after, newest first") {
    const TestStore store;
    REQUIRE(store.add(email("a@x.example")) == "");
    REQUIRE(change(store, 1, Action::defer) == "");
    REQUIRE(change(store, 1, Action::log) == "");
    REQUIRE(store.remove(1) == "");
    REQUIRE(store.add(email("b@x.example")) == "");
    CHECK(history(store) ==
          "add5\n2:->b@x.example/reject\n"
          "add4\n1:a@x.example/log>-\n"
          "add3\n1:a@x.example/defer>a@x.example/log\n"
          "add2\n1:a@x.example/reject>a@x.example/defer\n"
          "add1\n1:->a@x.example/reject\n");
    CHECK(history(store, {.limit = 1, .rules = {}}) == "add5\n2:->b@x.example/reject\n");
    CHECK(history(store, {.limit = 1, .rules = {{1}}}) == "add4\n1:a@x.example/log>-\n");
    CHECK(history(store, {.limit = {}, .rules = {{2}}}) == "add5\n2:->b@x.example/reject\n");
}

TEST_CASE("a pattern leads to the rules that had it, also when they are gone") {
    const TestStore store;
    REQUIRE(store.add(email("a@x.example")) == "");
    REQUIRE(store.add(email("b@x.example")) == "");
    REQUIRE(store.remove(1) == "");
    CHECK(*store.reader()->rules_once_of(email("a@x.example")) == std::vector<RuleId>{1});
    REQUIRE(store.add(email("a@x.example")) == "");
    CHECK(*store.reader()->rules_once_of(email("a@x.example")) == std::vector<RuleId>{1, 3});
    CHECK(store.reader()->rules_once_of(email("c@x.example"))->empty());
    CHECK(history(store, {.limit = {}, .rules = {{1, 3}}}) ==
          "add4\n3:->a@x.example/reject\nadd3\n1:a@x.example/reject>-\n"
          "add1\n1:->a@x.example/reject\n");
}

TEST_CASE("undo reverts the last edits, restores old IDs, and can itself be undone") {
    const TestStore store;
    REQUIRE(store.add(email("a@x.example")) == "");
    REQUIRE(store.add(email("b@x.example")) == "");
    const std::string before = dump(store);
    REQUIRE(store.remove(1) == "");
    REQUIRE(change(store, 2, Action::allow) == "");
    REQUIRE(store.add(email("c@x.example")) == "");
    const std::string after = dump(store);

    CHECK(undo(store, 3) == "");
    CHECK(dump(store) == before);
    CHECK(history(store, {.limit = 1, .rules = {}}) ==
          "undo6\n1:->a@x.example/reject\n2:b@x.example/allow>b@x.example/reject\n"
          "3:c@x.example/reject>-\n");
    CHECK(undo(store, 1) == "");
    CHECK(dump(store) == after);
    CHECK(undo(store, 7) == "");
    CHECK(dump(store) == "");
    REQUIRE(store.add(email("d@x.example")) == "");
    CHECK(dump(store).starts_with("4 d@x.example"));  // IDs are never used again
}

TEST_CASE("undo of rules that exchanged their patterns") {
    const TestStore store;
    REQUIRE(store.add(email("a@x.example")) == "");
    REQUIRE(store.add(email("b@x.example")) == "");
    const std::string before = dump(store);
    REQUIRE(edit(store.paths, [](Edit& e) -> Result<void> {
                Rule one = **e.find(RuleId{1});
                Rule two = **e.find(RuleId{2});
                std::swap(one.pattern, two.pattern);
                const Pattern wanted = one.pattern;
                one.pattern = email("between@x.example");
                for (const Rule& rule : {one, two})
                    if (auto done = e.change(rule); !done) return std::move(done).failure();
                one.pattern = wanted;
                auto done = e.change(one);
                if (!done) return std::move(done).failure();
                return {};
            }) == "");
    REQUIRE(dump(store).starts_with("1 b@x.example"));
    CHECK(undo(store, 1) == "");
    CHECK(dump(store) == before);
}

TEST_CASE("an expired rule that add replaced comes back by undo") {
    const TestStore store;
    NewRule rule = rule_for(email("a@x.example"));
    rule.expires = noon - std::chrono::seconds{1};
    REQUIRE(store.add(rule) == "");
    REQUIRE(store.add(email("a@x.example")) == "");
    REQUIRE(dump(store).starts_with("2 a@x.example"));
    CHECK(undo(store, 1) == "");
    CHECK(dump(store).starts_with("1 a@x.example"));
}

TEST_CASE("undo further back than the history is refused and changes nothing") {
    const TestStore store;
    CHECK(undo(store, 1).find("the history is empty") != std::string::npos);
    REQUIRE(store.add(email("a@x.example")) == "");
    CHECK(undo(store, 2).find("the history has 1 edits and not 2") != std::string::npos);
    CHECK(dump(store).starts_with("1 a@x.example"));
}

TEST_CASE("the history keeps as many edits as it is told, whatever they changed") {
    const TestStore store;
    const auto edit_keeping = [&](std::uint64_t history, const auto& work) {
        return elsewhere([&] {
            auto writer = StoreWriter::open(store.paths, history);
            return message((*writer)->edit({"tester", noon}, EditVerb::add, work));
        });
    };
    const auto add = [](const char* pattern) {
        return [pattern](Edit& e) { return add_all(e, {rule_for(email(pattern))}); };
    };
    REQUIRE(edit_keeping(2, add("a@x.example")) == "");
    REQUIRE(edit_keeping(2, [](Edit& e) { return e.remove(1); }) == "");
    REQUIRE(edit_keeping(2, add("b@x.example")) == "");
    CHECK(history(store) == "add3\n2:->b@x.example/reject\nadd2\n1:a@x.example/reject>-\n");
    REQUIRE(edit_keeping(2, add("c@x.example")) == "");
    REQUIRE(edit_keeping(2, add("d@x.example")) == "");
    CHECK(history(store) == "add5\n4:->d@x.example/reject\nadd4\n3:->c@x.example/reject\n");
    const auto verified = store.reader()->verify([](std::uint64_t) {});
    REQUIRE(verified);
    CHECK(verified->edits == 2);
    CHECK(verified->changes == 0);  // what was before edit 2 went with it

    REQUIRE(edit_keeping(0, [](Edit& e) { return e.remove(4); }) == "");
    CHECK(history(store) == "");
}

TEST_CASE("a pause is an edit, ends what it began, and undo takes it back") {
    const TestStore store;
    const Time end = noon + std::chrono::minutes{10};
    const auto pause = [&](std::optional<Time> until) {
        return edit(store.paths, [&](Edit& e) -> Result<void> {
            e.pause(until);
            return {};
        });
    };
    REQUIRE(pause(end) == "");
    CHECK(store.reader()->state()->paused_until == end);
    REQUIRE(pause(std::nullopt) == "");
    CHECK_FALSE(store.reader()->state()->paused_until);
    CHECK(undo(store, 1) == "");
    CHECK(store.reader()->state()->paused_until == end);
    CHECK(store.reader()->state()->revision == 3);
}

TEST_CASE("any row of edits can be undone to any point before") {
    const unsigned seed = test_seed();
    INFO("SMTPBLOCK_TEST_SEED=" << seed);
    std::mt19937_64 random(seed);
    const TestStore store;
    std::vector<std::string> states{dump(store)};
    const auto name = [](std::uint64_t n) { return email("u" + std::to_string(n) + "@x.example"); };
    for (int round = 0; round < 60; ++round) {
        const std::uint64_t what = random() % 5;
        if (what == 4) {
            const std::uint64_t edits = 1 + random() % 4;
            if (edits >= states.size()) continue;
            REQUIRE(undo(store, edits) == "");
            states.push_back(states[states.size() - 1 - edits]);
        } else {
            const auto said = edit(store.paths, [&](Edit& e) -> Result<void> {
                for (int step = 0; step < 3; ++step) {
                    const Pattern pattern = name(random() % 6);
                    auto there = e.find(pattern);
                    if (!*there) {
                        if (auto added = e.add(rule_for(pattern)); !added)
                            return std::move(added).failure();
                    } else if (random() % 2 == 0) {
                        if (auto gone = e.remove((*there)->id); !gone) return gone;
                    } else {
                        Rule rule = **there;
                        rule.description = std::to_string(random() % 100);
                        const Pattern other = name(random() % 6);
                        if (!*e.find(other)) rule.pattern = other;
                        if (auto done = e.change(rule); !done) return std::move(done).failure();
                    }
                }
                return {};
            });
            REQUIRE(said == "");
            states.push_back(dump(store));
        }
        REQUIRE(dump(store) == states.back());
    }
    const auto verified = store.reader()->verify([](std::uint64_t) {});
    REQUIRE(verified);
    CHECK(verified->faults == std::vector<std::string>{});
}

}  // namespace
}  // namespace smtpblock::test
