// What a decision costs: at 1e3, 1e6 and 1e7 rules, without globs and with a thousand of them; for
// values that no cache has seen, and for a sender who asks again and again, as the three moments of
// a message do. `lookup` is the floor: one snapshot and one key, cold.
//
//   decide_bench [--benchmark_filter=REGEX] ...    (BENCH_HUGE=0 leaves 1e7 out: it needs 2 GB)
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <map>
#include <random>

#include "bench/bench_store.h"
#include "common/lmdb.h"
#include "common/store_snapshot.h"

namespace smtpblock::bench {
namespace {

/// More than any cache of ours or the processor's holds.
constexpr std::size_t clients = 1U << 16U;

struct Client {
    Address sender;
    EhloName name;
};

const BenchStore& store_of(std::int64_t rules, std::int64_t globs) {
    static std::map<std::pair<std::int64_t, std::int64_t>, std::unique_ptr<BenchStore>> stores;
    auto& store = stores[{rules, globs}];
    if (!store)
        store = std::make_unique<BenchStore>(static_cast<std::uint64_t>(rules),
                                             static_cast<std::uint64_t>(globs));
    return *store;
}

/// One of whom no rule knows, but whose names lie among those of the rules, so that each look-up
/// goes to another place.
Client stranger(std::uint64_t number) {
    const auto name = [&](unsigned nth) { return fmt::format("n{:x}", scattered(number + nth)); };
    return {*Address::parse(fmt::format("user{}@{}.{}.example", number % 1000, name(0), name(1))),
            EhloName::parse(fmt::format("{}.{}.example", name(2), name(3)))};
}

/// One whose address is a rule's.
Client blocked(std::uint64_t number, std::int64_t rules) {
    number = number % static_cast<std::uint64_t>(rules) / 100 * 100 + number % 70;
    const std::string subject(pattern_of(number).subject());
    return {*Address::parse(subject), stranger(number).name};
}

enum class Who { stranger, blocked, honest };

void decide(benchmark::State& state, Who who) {
    const auto reader = store_of(state.range(0), state.range(1)).reader();
    std::mt19937_64 random(1);
    std::vector<Client> all;
    for (std::size_t i = 0; i < (who == Who::honest ? 1 : clients); ++i)
        all.push_back(who == Who::blocked ? blocked(random(), state.range(0)) : stranger(random()));

    std::size_t at = 0;
    std::size_t matches = 0;
    for (auto _ : state) {
        const Client& client = all[at++ % all.size()];
        Query query;
        query.now = Time(std::chrono::seconds(2));
        query.sender = &client.sender;
        query.ehlo_names = {&client.name, 1};
        const Decision decision = reader->decide(query);
        matches += decision.matches;
        benchmark::DoNotOptimize(decision);
    }
    if (!reader->trouble().empty()) state.SkipWithError(reader->trouble().c_str());
    state.counters["matches"] =
        benchmark::Counter(static_cast<double>(matches), benchmark::Counter::kAvgIterations);
}

void lookup(benchmark::State& state) {
    StoreSnapshot snapshot(store_of(state.range(0), 0).paths());
    std::mt19937_64 random(1);
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < clients; ++i)
        keys.push_back("a" + blocked(random(), state.range(0)).sender.text());
    std::size_t at = 0;
    std::size_t found = 0;
    if (!snapshot.begin()) return state.SkipWithError("no snapshot");
    for (auto _ : state) {
        mdb_txn_reset(snapshot.transaction());
        mdb_txn_renew(snapshot.transaction());
        MDB_val key = lmdb::value_of(keys[at++ % clients]);
        MDB_val value{};
        found += mdb_get(snapshot.transaction(), snapshot.store().rules(), &key, &value) == 0;
        benchmark::DoNotOptimize(value);
    }
    snapshot.end();
    state.counters["matches"] =
        benchmark::Counter(static_cast<double>(found), benchmark::Counter::kAvgIterations);
}

void sizes(benchmark::internal::Benchmark* which, bool with_globs) {
    const char* huge = std::getenv("BENCH_HUGE");
    const bool all = huge == nullptr || std::string_view(huge) != "0";
    for (const std::int64_t rules : {1'000, 1'000'000, 10'000'000}) {
        if (rules == 10'000'000 && !all) continue;
        which->Args({rules, 0});
        if (with_globs) which->Args({rules, 1'000});
    }
    which->ArgNames({"rules", "globs"});
}
void with_globs(benchmark::internal::Benchmark* which) {
    sizes(which, true);
}
void without_globs(benchmark::internal::Benchmark* which) {
    sizes(which, false);
}

BENCHMARK(lookup)->Apply(without_globs);
BENCHMARK_CAPTURE(decide, stranger, Who::stranger)->Apply(with_globs);
BENCHMARK_CAPTURE(decide, blocked, Who::blocked)->Apply(with_globs);
BENCHMARK_CAPTURE(decide, honest, Who::honest)->Apply(with_globs);

}  // namespace
}  // namespace smtpblock::bench

BENCHMARK_MAIN();
