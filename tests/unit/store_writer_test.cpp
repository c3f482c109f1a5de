#include "common/store_writer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "unit/store_support.h"

namespace smtpblock {
namespace {

using namespace test;

std::vector<Rule> all(StoreReader& reader) {
    std::vector<Rule> rules;
    CHECK(message(reader.each([&](const Rule& rule) {
              rules.push_back(rule);
              return true;
          })).empty());
    return rules;
}

TEST_CASE("an added rule has an ID, who made it and when, and stands in the store") {
    const TestStore store;
    const NewRule wanted{email("bad@x.example"), Direction::out, Action::defer, "ticket 1",
                         noon + std::chrono::hours(1)};
    std::optional<Rule> added;
    CHECK(edit_here(store.paths, [&](Edit& edit) -> Result<void> {
              auto rule = edit.add(wanted);
              if (!rule) return std::move(rule).failure();
              added = *rule;
              return {};
          }) == "");
    REQUIRE(added);
    CHECK(added->id == 1);
    CHECK(added->by == "tester");
    CHECK(added->created == noon);
    CHECK(added->updated == noon);

    const auto rules = all(*store.reader());
    REQUIRE(rules.size() == 1);
    CHECK(rules[0].id == 1);
    CHECK(rules[0].pattern == wanted.pattern);
    CHECK(rules[0].direction == wanted.direction);
    CHECK(rules[0].action == wanted.action);
    CHECK(rules[0].description == wanted.description);
    CHECK(rules[0].expires == wanted.expires);
}

TEST_CASE("a pattern that is taken is refused, and the message names its rule") {
    const TestStore store;
    CHECK(store.add(email("bad@x.example")) == "");
    CHECK(store.add(email("bad@x.example")) ==
          "'bad@x.example' is rule 1 already (email both reject); use edit 1, or --replace");
    // The same text as the other type is another rule.
    CHECK(store.add(email("x.example")) == "");
    CHECK(store.add(ehlo("x.example")) == "");
    CHECK(all(*store.reader()).size() == 3);
}

TEST_CASE("an expired rule makes room for a new one, under a new ID") {
    const TestStore store;
    NewRule brief = rule_for(email("bad@x.example"));
    brief.expires = noon;
    CHECK(edit(
              store.paths, [&](Edit& e) { return add_all(e, {brief}); },
              noon - std::chrono::seconds(1)) == "");
    CHECK(edit(
              store.paths, [&](Edit& e) { return add_all(e, {brief}); },
              noon - std::chrono::seconds(1)) != "");
    CHECK(store.add(email("bad@x.example")) == "");
    const auto reader = store.reader();
    const auto rules = all(*reader);
    REQUIRE(rules.size() == 1);
    CHECK(rules[0].id == 2);
    CHECK_FALSE(rules[0].expires);
    CHECK_FALSE(*reader->find(RuleId{1}));
}

TEST_CASE("an ID is never given twice, not even after the last rule was deleted") {
    const TestStore store;
    CHECK(store.add(email("a@x.example")) == "");
    CHECK(store.add(email("b@x.example")) == "");
    CHECK(store.remove(2) == "");
    CHECK(store.remove(1) == "");
    CHECK(store.add(email("b@x.example")) == "");
    CHECK(all(*store.reader()).at(0).id == 3);
}

TEST_CASE("a rule that is not there cannot be removed or changed") {
    const TestStore store;
    CHECK(edit_here(store.paths, [&](Edit& edit) -> Result<void> {
              const auto removed = edit.remove(9);
              CHECK(removed.error().code == ErrorCode::not_found);
              const auto changed = edit.change(
                  {9, email("a@x.example"), Direction::both, Action::reject, "", "", {}, {}, {}});
              CHECK(changed.error().code == ErrorCode::not_found);
              return {};
          }) == "");
    CHECK((*store.reader()->state()).revision == 0);
}

TEST_CASE("a change keeps the ID and the maker's time, and takes the editor's name") {
    const TestStore store;
    CHECK(store.add(email("bad@x.example")) == "");
    const Time later = noon + std::chrono::hours(3);
    CHECK(edit(
              store.paths,
              [](Edit& edit) -> Result<void> {
                  auto rule = edit.find(RuleId{1});
                  if (!rule) return std::move(rule).failure();
                  (*rule)->action = Action::log;
                  auto changed = edit.change(**rule);
                  if (!changed) return std::move(changed).failure();
                  return {};
              },
              later) == "");
    const auto rule = *store.reader()->find(RuleId{1});
    REQUIRE(rule);
    CHECK(rule->action == Action::log);
    CHECK(rule->created == noon);
    CHECK(rule->updated == later);
}

std::string repattern(const TestStore& store, RuleId id, const Pattern& pattern) {
    return edit(store.paths, [&](Edit& edit) -> Result<void> {
        auto rule = edit.find(id);
        if (!rule) return std::move(rule).failure();
        (*rule)->pattern = pattern;
        auto changed = edit.change(**rule);
        if (!changed) return std::move(changed).failure();
        return {};
    });
}

TEST_CASE("a changed pattern moves the rule, and a taken one is refused") {
    const TestStore store;
    CHECK(store.add(email("a@x.example")) == "");
    CHECK(store.add(email("b@x.example")) == "");
    CHECK(repattern(store, 1, email("b@x.example")).find("is rule 2 already") != std::string::npos);
    CHECK(repattern(store, 1, email("*.y.example")) == "");
    const auto reader = store.reader();
    CHECK(verdict(*reader, "a@x.example") == Verdict::pass);
    CHECK(verdict(*reader, "a@sub.y.example") == Verdict::reject);
    CHECK((*reader->find(email("*.y.example")))->id == 1);
    CHECK_FALSE(*reader->find(email("a@x.example")));
}

TEST_CASE("an edit that fails leaves no trace, nor does one that changes nothing") {
    const TestStore store;
    CHECK(store.add(email("a@x.example")) == "");
    CHECK(edit(store.paths, [](Edit& e) {
              return add_all(e, {rule_for(email("b@x.example")), rule_for(email("a@x.example"))});
          }) != "");
    CHECK(edit(store.paths, [](Edit&) { return Result<void>(); }) == "");
    const auto reader = store.reader();
    CHECK(all(*reader).size() == 1);
    CHECK((*reader->state()).revision == 1);
}

TEST_CASE("state counts edits and rules, and keeps the store's identity") {
    const TestStore store;
    const std::string uuid = (*store.reader()->state()).uuid;
    CHECK_FALSE((*store.reader()->state()).last_edit);
    CHECK(edit(store.paths, [](Edit& e) {
              return add_all(e, {rule_for(email("a@x.example")), rule_for(ehlo("ylmf-pc")),
                                 rule_for(email("<>"))});
          }) == "");
    CHECK(store.remove(1) == "");
    const auto state = *store.reader()->state();
    CHECK(state.uuid == uuid);
    CHECK(state.revision == 2);
    CHECK(state.rules == 2);
    CHECK(state.email_rules == 1);
    CHECK(state.ehlo_rules == 1);
    CHECK(state.last_edit == noon);
    CHECK(state.bytes > 0);
}

TEST_CASE("patterns of 512 octets that differ at the end are different rules") {
    const TestStore store;
    const std::string head(511, 'x');
    CHECK(store.add(ehlo(head + "a")) == "");
    CHECK(store.add(ehlo(head + "b")) == "");
    CHECK(store.add(ehlo(head + "a")).find("is rule 1 already") != std::string::npos);
    const auto reader = store.reader();
    CHECK((*reader->find(ehlo(head + "b")))->id == 2);
    CHECK((*reader->find(ehlo(head + "b")))->pattern.text() == head + "b");
    CHECK_FALSE(*reader->find(ehlo(head + "c")));
    CHECK(ehlo_verdict(*reader, head + "b") == Verdict::reject);
    CHECK(ehlo_verdict(*reader, head + "c") == Verdict::pass);
    CHECK(store.remove(1) == "");
    CHECK(ehlo_verdict(*reader, head + "a") == Verdict::pass);
}

TEST_CASE("a description longer than a line is refused, and changes nothing") {
    const TestStore store;
    NewRule wordy = rule_for(email("a@x.example"));
    wordy.description.assign(70'000, 'x');
    CHECK(store.add(wordy).find("a description of 70000 octets") != std::string::npos);
    wordy.description.resize(65'536);
    CHECK(store.add(wordy) == "");
    CHECK((*store.reader()->find(RuleId{1}))->description.size() == 65'536);
}

TEST_CASE("rules of many processes all land") {
    const TestStore store;
    constexpr int writers = 20;
    constexpr int each = 10;
    std::vector<std::unique_ptr<Process>> processes;
    for (int w = 0; w < writers; ++w)
        processes.push_back(std::make_unique<Process>([&, w] {
            std::string errors;
            for (int i = 0; i < each; ++i)
                errors += edit_here(store.paths, [&](Edit& edit) {
                    return add_all(edit, {rule_for(email(fmt::format("{}-{}@x.example", w, i)))});
                });
            return errors;
        }));
    for (const auto& process : processes) CHECK(process->says() == "");
    const auto reader = store.reader();
    CHECK(all(*reader).size() == writers * each);
    CHECK((*reader->state()).revision == writers * each);
}

TEST_CASE("a writer killed within an edit leaves the store as it was, and no lock") {
    const TestStore store;
    CHECK(store.add(email("a@x.example")) == "");
    const Pipe begun;
    Process writer([&] {
        return edit_here(store.paths, [&](Edit& edit) {
            auto added = add_all(edit, {rule_for(email("b@x.example"))});
            begun.signal();
            ::pause();
            return added;
        });
    });
    begun.wait();
    writer.kill(SIGKILL);
    CHECK(writer.end() == -SIGKILL);
    CHECK(store.add(email("c@x.example")) == "");
    const auto rules = all(*store.reader());
    REQUIRE(rules.size() == 2);
    CHECK(rules[1].pattern == email("c@x.example"));
    CHECK(rules[1].id == 2);
}

TEST_CASE("a writer killed at any moment loses nothing that it acknowledged") {
    const TestStore store;
    constexpr int kills = 25;
    std::mt19937 random(4);
    std::size_t acknowledged = 0;
    for (int round = 0; round < kills; ++round) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        Process writer([&] {
            for (int i = 0;; ++i) {
                if (auto error = edit_here(
                        store.paths,
                        [&](Edit& edit) {
                            return add_all(
                                edit, {rule_for(email(fmt::format("{}-{}@x.example", round, i)))});
                        });
                    !error.empty())
                    return error;
                Process::write_all(ends[1], ".");
            }
        });
        ::close(ends[1]);
        char octet = 0;
        for (auto wait = random() % 8; wait > 0 && ::read(ends[0], &octet, 1) == 1; --wait)
            ++acknowledged;
        writer.kill(SIGKILL);
        CHECK(writer.end() == -SIGKILL);
        while (::read(ends[0], &octet, 1) == 1) ++acknowledged;
        ::close(ends[0]);

        const auto rules = all(*store.reader());
        // One may have been committed whose maker died before he could say so.
        CHECK(rules.size() >= acknowledged);
        CHECK(rules.size() <= acknowledged + 1);
        acknowledged = rules.size();
    }
}

TEST_CASE("a full store says so, keeps its rules, and can be made smaller") {
    const TestStore store;
    CHECK(store.add(email("a@x.example")) == "");
    const auto fill = [&] {
        ::setenv("SMTPBLOCK_MAP_SIZE", "131072", 1);
        for (int i = 0;; ++i) {
            NewRule rule = rule_for(email(fmt::format("{}@x.example", i)));
            rule.description.assign(1500, 'x');
            if (auto error =
                    edit_here(store.paths, [&](Edit& edit) { return add_all(edit, {rule}); });
                !error.empty())
                return error;
        }
    };
    const std::string error = elsewhere(fill);
    CHECK(error.find("the store is full") != std::string::npos);
    CHECK(error.ends_with("; nothing was changed"));
    const auto before = all(*store.reader()).size();
    CHECK(before > 1);
    CHECK(store.remove(1) == "");
    CHECK(all(*store.reader()).size() == before - 1);
}

TEST_CASE("after any edits the store is what a table in memory is") {
    const TestStore store;
    std::mt19937 random(GENERATE(1U, 2U, 3U));
    std::map<RuleId, std::string> model;
    RuleId last = 0;
    const auto any_pattern = [&] {
        const auto n = random() % 40;
        switch (random() % 5) {
            case 0:
                return email(fmt::format("u{}@x.example", n));
            case 1:
                return email(fmt::format("*.d{}.example", n));
            case 2:
                return ehlo(fmt::format("name-{}", n));
            case 3:
                return ehlo(fmt::format("192.0.2.{}", n));
            default:
                return ehlo(std::string(500 + n % 13, 'x'));
        }
    };
    const auto text_of = [](const Pattern& pattern) {
        return std::string(word(pattern.type())) + " " + pattern.text();
    };
    const auto taken = [&](const Pattern& pattern) {
        return std::any_of(model.begin(), model.end(),
                           [&](const auto& rule) { return rule.second == text_of(pattern); });
    };
    auto writer = *StoreWriter::open(store.paths);
    for (int edits = 0; edits < 60; ++edits) {
        const auto before = model;
        const RuleId last_before = last;
        const bool gives_up = random() % 8 == 0;
        const auto done =
            writer->edit({"tester", noon}, EditVerb::add, [&](Edit& edit) -> Result<void> {
                for (auto steps = 1 + random() % 6; steps > 0; --steps) {
                    const Pattern pattern = any_pattern();
                    const bool free = !taken(pattern);
                    auto chosen = model.begin();
                    if (!model.empty())
                        std::advance(chosen, static_cast<std::ptrdiff_t>(random() % model.size()));
                    const auto what = random() % 4;
                    if (what < 2 || model.empty()) {
                        auto added = edit.add(rule_for(pattern));
                        CHECK(added.has_value() == free);
                        if (!added) continue;
                        CHECK(added->id == ++last);
                        model[last] = text_of(pattern);
                    } else if (what == 2) {
                        CHECK(edit.remove(chosen->first));
                        model.erase(chosen);
                    } else {
                        auto rule = edit.find(chosen->first);
                        REQUIRE(rule);
                        REQUIRE(*rule);
                        const bool own = (*rule)->pattern == pattern;
                        (*rule)->pattern = pattern;
                        CHECK(edit.change(**rule).has_value() == (free || own));
                        if (free) chosen->second = text_of(pattern);
                    }
                }
                if (gives_up) return fail(ErrorCode::failed, "given up");
                return {};
            });
        CHECK(done.has_value() != gives_up);
        if (gives_up) {
            model = before;
            last = last_before;
        }
    }
    writer.reset();

    std::map<RuleId, std::string> stored;
    const auto reader = store.reader();
    for (const Rule& rule : all(*reader)) stored[rule.id] = text_of(rule.pattern);
    CHECK(stored == model);
    CHECK((*reader->state()).rules == model.size());
    const auto email_rules = std::count_if(model.begin(), model.end(), [](const auto& rule) {
        return rule.second.starts_with("email");
    });
    CHECK((*reader->state()).email_rules == static_cast<std::uint64_t>(email_rules));
}

}  // namespace
}  // namespace smtpblock
