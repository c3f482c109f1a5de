// A store of as many rules as you like, of every kind, under a directory that goes with it; and
// values that meet its rules, or none.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/address.h"
#include "common/ehlo_name.h"
#include "common/store_files.h"
#include "common/store_load.h"
#include "common/store_reader.h"
#include "common/store_writer.h"
#include "unit/temporary_directory.h"

namespace smtpblock::bench {

/// The same for the same number, of any seed as good as any other.
inline std::uint64_t scattered(std::uint64_t number) {
    number += 0x9e3779b97f4a7c15U;
    number = (number ^ number >> 30U) * 0xbf58476d1ce4e5b9U;
    number = (number ^ number >> 27U) * 0x94d049bb133111ebU;
    return number ^ number >> 31U;
}

/// What provider's rules are like: mostly accounts and addresses, then domains, then the rest.
inline Pattern pattern_of(std::uint64_t number) {
    const std::string name = fmt::format("n{:x}", scattered(number));
    const auto make = [](PatternKind kind, const std::string& subject) {
        return *Pattern::from_subject(kind, subject);
    };
    const auto of_hundred = number % 100;
    if (of_hundred < 70)
        return make(PatternKind::address, fmt::format("user{}@{}.example", number % 1000, name));
    if (of_hundred < 84) return make(PatternKind::domain, name + ".example");
    if (of_hundred < 88) return make(PatternKind::below_domain, name + ".example");
    if (of_hundred < 92) return make(PatternKind::local_part, name);
    if (of_hundred < 96) return make(PatternKind::name, name + ".example");
    if (of_hundred < 98) return make(PatternKind::below_name, name + ".example");
    const std::uint64_t octets = scattered(number);
    std::string subject(reinterpret_cast<const char*>(&octets), 4);
    if (of_hundred == 98) return make(PatternKind::literal, subject);
    subject[3] = 0;
    return make(PatternKind::prefix, subject + char{24});
}

/// Words that no other rule has, so that every value is compared with few of them.
inline Pattern glob_of(std::uint64_t number) {
    const std::string word = fmt::format("{:05x}", scattered(number) % 0x100000);
    return number % 2 == 0
               ? *Pattern::from_subject(PatternKind::email_glob, "*" + word + "*@*.example")
               : *Pattern::from_subject(PatternKind::ehlo_glob, "host-" + word + "-*.example");
}

class BenchStore {
public:
    BenchStore(std::uint64_t rules, std::uint64_t globs) {
        if (auto made = init_store(paths_, {}); !made)
            throw std::runtime_error(made.error().message);
        Feed feed(rules, globs);
        Quiet quiet;
        auto writer = StoreWriter::open(paths_);
        if (!writer) throw std::runtime_error(writer.error().message);
        LoadOptions options;
        options.on_existing = OnExisting::keep;
        auto loaded =
            (*writer)->load({"bench", Time(std::chrono::seconds(1))}, feed, options, quiet);
        if (!loaded) throw std::runtime_error(loaded.error().message);
    }

    std::unique_ptr<StoreReader> reader() const {
        auto opened = StoreReader::open(paths_);
        if (!opened) throw std::runtime_error(opened.error().message);
        return *std::move(opened);
    }
    const StorePaths& paths() const { return paths_; }

private:
    class Feed : public RuleFeed {
    public:
        Feed(std::uint64_t rules, std::uint64_t globs) : rules_(rules), globs_(globs) {}
        Result<std::optional<FedRule>> next() override {
            if (at_ == rules_ + globs_) return std::optional<FedRule>();
            const std::uint64_t number = at_++;
            Pattern pattern = number < rules_ ? pattern_of(number) : glob_of(number - rules_);
            return std::optional(FedRule{{std::move(pattern),
                                          Direction::both,
                                          Action::reject,
                                          "abnormal amount of mail",
                                          {}},
                                         at_});
        }

    private:
        std::uint64_t rules_, globs_, at_ = 0;
    };
    struct Quiet : LoadObserver {
        void progress(std::uint64_t, std::uint64_t) override {}
        void in_the_way(std::uint64_t, const std::string&) override {}
        bool wants_difference() const override { return false; }
        void difference(LoadResult, const Rule*, const Rule*) override {}
    };

    test::TemporaryDirectory directory_;
    StorePaths paths_{directory_ / "store"};
};

}  // namespace smtpblock::bench
