#include "common/shared_store.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>
#include <vector>

#include "unit/store_support.h"

namespace smtpblock {
namespace {

using test::TestStore;

/// Threads with a reader each, which ask again and again what `ask` says. Their failures are
/// counted, since Catch takes assertions from one thread only.
class Askers {
public:
    using Ask = std::function<bool(StoreReader&)>;

    Askers(const StoreReader& reader, std::size_t threads, Ask ask) : ask_(std::move(ask)) {
        for (std::size_t i = 0; i < threads; ++i) {
            readers_.push_back(reader.for_another_thread());
            threads_.emplace_back([this, own = readers_.back().get()] {
                while (!over_) {
                    if (!ask_(*own)) ++wrong_;
                    ++asked_;
                }
            });
        }
    }
    ~Askers() {
        over_ = true;
        for (std::thread& thread : threads_) thread.join();
    }
    Askers(const Askers&) = delete;

    /// Until that many more questions were answered.
    void let_ask(std::size_t questions) const {
        const std::size_t enough = asked_ + questions;
        while (asked_ < enough) std::this_thread::yield();
    }
    std::size_t wrong() const { return wrong_; }

private:
    Ask ask_;
    std::vector<std::unique_ptr<StoreReader>> readers_;
    std::vector<std::thread> threads_;
    std::atomic<bool> over_{false};
    std::atomic<std::size_t> asked_{0};
    std::atomic<std::size_t> wrong_{0};
};

}  // namespace

TEST_CASE("an edit is seen by the next decision of every thread") {
    const TestStore store;
    const auto reader = store.reader();
    const auto other = reader->for_another_thread();
    const auto third = other->for_another_thread();
    CHECK(test::verdict(*other, "bad@x.example") == Verdict::pass);
    CHECK(store.add(test::email("bad@x.example")) == "");
    for (StoreReader* one : {reader.get(), other.get(), third.get()})
        CHECK(test::verdict(*one, "bad@x.example") == Verdict::reject);
    CHECK(store.remove(1) == "");
    for (StoreReader* one : {reader.get(), other.get(), third.get()})
        CHECK(test::verdict(*one, "bad@x.example") == Verdict::pass);
}

TEST_CASE("a reader outlives the one that it was made of") {
    const TestStore store;
    auto reader = store.reader();
    const auto other = reader->for_another_thread();
    reader.reset();
    CHECK(test::verdict(*other, "bad@x.example") == Verdict::pass);
    CHECK_FALSE(StoreReader::open(store.paths));  // still open in this process
}

TEST_CASE("a store that is exchanged is opened anew by all threads, each in its next decision") {
    const TestStore one;
    const TestStore two;
    CHECK(one.add(test::email("bad@one.example")) == "");
    CHECK(one.add(test::email("*bad*@one.example")) == "");
    CHECK(two.add(test::email("bad@two.example")) == "");
    const auto reader = one.reader();

    /// How often the stores were exchanged; negative while they are.
    std::atomic<int> exchanged{0};
    const Askers askers(*reader, 4, [&](StoreReader& own) {
        const int before = exchanged;
        const bool one_is_there = before % 2 == 0;
        const auto of_one = test::verdict(own, "bad@one.example");
        const auto of_two = test::verdict(own, "bad@two.example");
        if (before < 0 || exchanged != before) return true;
        return of_one == (one_is_there ? Verdict::reject : Verdict::pass) &&
               of_two == (one_is_there ? Verdict::pass : Verdict::reject);
    });
    const auto rename = [](const std::string& from, const std::string& to) {
        std::filesystem::rename(from, to);
    };
    for (int times = 1; times <= 10; ++times) {
        askers.let_ask(200);
        exchanged = -1;
        rename(one.paths.rules(), one.paths.root() + "/away");
        rename(two.paths.rules(), one.paths.rules());
        rename(one.paths.root() + "/away", two.paths.rules());
        exchanged = times;
    }
    askers.let_ask(200);
    CHECK(askers.wrong() == 0);
}

TEST_CASE("a store that is taken away is trouble for all threads until it is back") {
    const TestStore store;
    CHECK(store.add(test::email("bad@x.example")) == "");
    const auto reader = store.reader();
    std::atomic<int> phase{0};
    const Askers askers(*reader, 3, [&](StoreReader& own) {
        const int before = phase;
        const auto verdict = test::verdict(own, "bad@x.example");
        if (before < 0 || phase != before) return true;
        return verdict == (before % 2 == 0 ? Verdict::reject : Verdict::trouble);
    });
    const std::string away = store.paths.root() + "/away";
    for (int times = 1; times <= 6; ++times) {
        askers.let_ask(100);
        phase = -1;
        if (times % 2 != 0)
            std::filesystem::rename(store.paths.rules(), away);
        else
            std::filesystem::rename(away, store.paths.rules());
        phase = times;
    }
    askers.let_ask(100);
    CHECK(askers.wrong() == 0);
}

}  // namespace smtpblock
