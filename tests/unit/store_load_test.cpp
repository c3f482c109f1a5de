#include "common/store_load.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <sstream>

#include "common/rule_codec.h"
#include "unit/seed.h"
#include "unit/store_support.h"

namespace smtpblock::test {
namespace {

class ListFeed final : public RuleFeed {
public:
    explicit ListFeed(std::vector<NewRule> rules) : rules_(std::move(rules)) {}
    Result<std::optional<FedRule>> next() override {
        if (next_ == rules_.size()) return std::optional<FedRule>{};
        ++next_;
        return std::optional<FedRule>(FedRule{rules_[next_ - 1], next_});
    }

private:
    std::vector<NewRule> rules_;
    std::size_t next_ = 0;
};

/// Notes what it is told.
class Notes final : public LoadObserver {
public:
    void progress(std::uint64_t, std::uint64_t) override {}
    void in_the_way(std::uint64_t line, const std::string& message) override {
        said << line << ": " << message << '\n';
    }
    bool wants_difference() const override { return true; }
    void difference(LoadResult result, const Rule* before, const Rule* after) override {
        constexpr std::array<const char*, 4> words{"added", "changed", "unchanged", "removed"};
        said << words[static_cast<std::size_t>(result)] << ' '
             << (after != nullptr ? after : before)->pattern.text() << '\n';
    }
    std::ostringstream said;
};

struct Loaded {
    std::string counts;  ///< added changed unchanged removed, or the error
    std::string said;
};

/// One load by another process.
Loaded load(const TestStore& store, const std::vector<NewRule>& rules, LoadOptions options = {}) {
    const std::string all = elsewhere([&] {
        auto writer = StoreWriter::open(store.paths);
        ListFeed feed(rules);
        Notes notes;
        const auto report = (*writer)->load({"loader", noon}, feed, options, notes);
        const std::string counts = report
                                       ? fmt::format("{} {} {} {}", report->added, report->changed,
                                                     report->unchanged, report->removed)
                                       : report.error().message;
        return counts + "\n" + notes.said.str();
    });
    const auto end = all.find('\n');
    return {all.substr(0, end), all.substr(end + 1)};
}

std::string dump(const TestStore& store) {
    std::ostringstream out;
    const auto walked = store.reader()->each([&](const Rule& rule) {
        out << rule.id << ' ' << rule.pattern.text() << ' ' << word(rule.direction) << ' '
            << word(rule.action) << ' ' << rule.description << '\n';
        return true;
    });
    return walked ? out.str() : walked.error().message;
}

void check_sound(const TestStore& store) {
    const auto verified = store.reader()->verify([](std::uint64_t) {});
    REQUIRE(verified);
    CHECK(verified->faults == std::vector<std::string>{});
}

NewRule described(std::string_view pattern, std::string description) {
    NewRule rule = rule_for(email(pattern));
    rule.description = std::move(description);
    return rule;
}

TEST_CASE("IDs follow the lines, whatever the order of the patterns") {
    const TestStore store;
    const std::vector<NewRule> rules{described("z@x.example", "first"),
                                     described("a.example", "second"),
                                     described("m@x.example", "third")};
    CHECK(load(store, rules).counts == "3 0 0 0");
    CHECK(dump(store) ==
          "1 z@x.example both reject first\n"
          "2 a.example both reject second\n"
          "3 m@x.example both reject third\n");
    CHECK(store.reader()->state()->revision == 1);
    check_sound(store);
}

TEST_CASE("what is there already, or comes twice, is refused line by line, and nothing is loaded") {
    const TestStore store;
    REQUIRE(store.add(email("b@x.example")) == "");
    const std::string before = dump(store);
    const Loaded loaded = load(store, {described("c@x.example", ""), described("b@x.example", ""),
                                       described("a@x.example", ""), described("c@x.example", "")});
    CHECK(loaded.said.find("2: 'b@x.example' is rule 1 already") != std::string::npos);
    CHECK(loaded.said.find("4: 'c@x.example' is in line 1 already") != std::string::npos);
    CHECK(loaded.counts.find("already") != std::string::npos);
    CHECK(dump(store) == before);
    CHECK(store.reader()->state()->revision == 1);
}

TEST_CASE("what is kept stays, what is replaced keeps its ID") {
    const TestStore store;
    REQUIRE(store.add(described("b@x.example", "old")) == "");
    const std::vector<NewRule> rules{described("c@x.example", "1"), described("b@x.example", "new"),
                                     described("c@x.example", "2")};
    CHECK(load(store, rules, {.on_existing = OnExisting::keep}).counts == "1 0 2 0");
    CHECK(dump(store) == "1 b@x.example both reject old\n2 c@x.example both reject 1\n");
    CHECK(load(store, rules, {.on_existing = OnExisting::replace}).counts == "0 2 1 0");
    CHECK(dump(store) == "1 b@x.example both reject new\n2 c@x.example both reject 2\n");
    CHECK(load(store, rules, {.on_existing = OnExisting::replace}).counts == "0 0 3 0");
    CHECK(store.reader()->state()->revision == 3);  // nothing to change is no edit
    check_sound(store);
}

TEST_CASE("pruning removes what did not come") {
    const TestStore store;
    for (const char* pattern : {"a@x.example", "b@x.example", "z.example"})
        REQUIRE(store.add(email(pattern)) == "");
    const LoadOptions options{
        .verb = EditVerb::apply, .on_existing = OnExisting::replace, .prune = true};
    const std::vector<NewRule> rules{described("b@x.example", ""), described("c@x.example", "")};
    LoadOptions rehearsal = options;
    rehearsal.dry_run = true;
    const std::string before = dump(store);
    const Loaded rehearsed = load(store, rules, rehearsal);
    CHECK(dump(store) == before);
    const Loaded loaded = load(store, rules, options);
    CHECK(loaded.counts == "1 0 1 2");
    CHECK(loaded.said ==
          "unchanged b@x.example\nadded c@x.example\nremoved a@x.example\nremoved z.example\n");
    CHECK(rehearsed.counts == loaded.counts);
    CHECK(rehearsed.said == loaded.said);
    CHECK(dump(store) == "2 b@x.example both reject \n4 c@x.example both reject \n");
    CHECK(load(store, rules, options).counts == "0 0 2 0");
    check_sound(store);
}

TEST_CASE("an expired rule is replaced under a new ID, and is none that pruning removes") {
    const TestStore store;
    NewRule old = described("a@x.example", "old");
    old.expires = noon - std::chrono::seconds{1};
    REQUIRE(store.add(old) == "");
    old.pattern = email("b@x.example");
    REQUIRE(store.add(old) == "");
    const std::vector<NewRule> rules{described("a@x.example", "new")};
    CHECK(load(store, rules, {.prune = true}).counts == "1 0 0 0");
    CHECK(dump(store) == "2 b@x.example both reject old\n3 a@x.example both reject new\n");
    const auto revision = store.reader()->state()->revision;
    CHECK(load(store, rules, {.on_existing = OnExisting::replace, .prune = true}).counts ==
          "0 0 1 0");
    CHECK(store.reader()->state()->revision == revision);
    check_sound(store);
}

TEST_CASE("pruning by nothing at all is refused, unless it is meant") {
    const TestStore store;
    REQUIRE(store.add(email("a@x.example")) == "");
    LoadOptions options{.on_existing = OnExisting::replace, .prune = true};
    CHECK(load(store, {}, options).counts.find("add --yes") != std::string::npos);
    CHECK(dump(store) == "1 a@x.example both reject \n");
    options.may_empty = true;
    CHECK(load(store, {}, options).counts == "0 0 0 1");
    CHECK(dump(store) == "");
}

TEST_CASE("lines that contradict one another can be refused, lines that agree never are") {
    const TestStore store;
    const LoadOptions options{.on_existing = OnExisting::replace, .refuse_contradictions = true};
    const Loaded loaded =
        load(store, {described("a@x.example", "1"), described("a@x.example", "2")}, options);
    CHECK(loaded.said.find("2: 'a@x.example' is in line 1 already") != std::string::npos);
    CHECK(dump(store) == "");
    CHECK(load(store, {described("a@x.example", "1"), described("a@x.example", "1")}, options)
              .counts == "1 0 1 0");
}

TEST_CASE("a load is undone as one edit") {
    const TestStore store;
    REQUIRE(store.add(described("a@x.example", "old")) == "");
    const std::string before = dump(store);
    REQUIRE(load(store,
                 {described("a@x.example", "new"), described("b@x.example", ""),
                  described("c@x.example", "")},
                 {.on_existing = OnExisting::replace})
                .counts == "2 1 0 0");
    CHECK(elsewhere([&] {
              auto writer = StoreWriter::open(store.paths);
              return message((*writer)->undo({"tester", noon}, 1));
          }) == "");
    CHECK(dump(store) == before);
    check_sound(store);
}

TEST_CASE("patterns whose keys are cut are told apart, or refused") {
    const TestStore store;
    const std::string long_name(511, 'n');
    std::vector<NewRule> rules;
    for (const char last : {'a', 'b', 'c'}) rules.push_back(rule_for(ehlo(long_name + last)));
    CHECK(load(store, rules).counts == "3 0 0 0");
    CHECK(load(store, rules, {.on_existing = OnExisting::replace}).counts == "0 0 3 0");
    CHECK(dump(store).find(long_name + "c") != std::string::npos);
    check_sound(store);
}

TEST_CASE("a load does what the same rules one by one do") {
    const unsigned seed = test_seed();
    INFO("SMTPBLOCK_TEST_SEED=" << seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 25; ++round) {
        const TestStore store;
        std::map<std::string, std::pair<RuleId, std::string>> reference;
        RuleId next = 1;
        for (int loads = 0; loads < 3; ++loads) {
            const bool replace = random() % 2 == 0;
            const bool prune = random() % 3 == 0;
            std::vector<NewRule> rules;
            auto expected = reference;
            std::vector<std::string> came;
            std::map<std::string, std::string> settled;
            std::vector<std::string> order;
            const std::uint64_t count = random() % 30;
            for (std::uint64_t i = 0; i < count; ++i) {
                const std::string pattern = "u" + std::to_string(random() % 20) + "@x.example";
                const std::string description = std::to_string(random() % 3);
                rules.push_back(described(pattern, description));
                if (replace) std::erase(order, pattern);
                if (replace || settled.count(pattern) == 0) {
                    settled[pattern] = description;
                    order.push_back(pattern);
                }
            }
            for (const std::string& pattern : order) {
                const auto there = expected.find(pattern);
                if (there == expected.end())
                    expected[pattern] = {next++, settled[pattern]};
                else if (replace)
                    there->second.second = settled[pattern];
            }
            if (prune)
                std::erase_if(expected,
                              [&](const auto& rule) { return settled.count(rule.first) == 0; });
            const Loaded loaded =
                load(store, rules,
                     {.on_existing = replace ? OnExisting::replace : OnExisting::keep,
                      .prune = prune,
                      .may_empty = true});
            std::map<RuleId, std::string> lines;
            for (const auto& [pattern, rule] : expected)
                lines[rule.first] =
                    fmt::format("{} {} both reject {}\n", rule.first, pattern, rule.second);
            std::string wanted;
            for (const auto& line : lines) wanted += line.second;
            REQUIRE(dump(store) == wanted);
            reference = expected;
        }
        check_sound(store);
    }
}

}  // namespace
}  // namespace smtpblock::test
