// A decision allocates nothing: here every `new` of the process is counted, in each thread.
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "unit/memory_rules.h"
#include "unit/store_support.h"

namespace {

thread_local std::size_t allocations = 0;

void* counted(std::size_t octets, std::size_t alignment = alignof(std::max_align_t)) {
    ++allocations;
    const std::size_t whole = (octets + alignment) / alignment * alignment;
    return std::aligned_alloc(alignment, whole);
}

void* must(void* made) {
    if (made == nullptr) throw std::bad_alloc();
    return made;
}

}  // namespace

void* operator new(std::size_t octets) {
    return must(counted(octets));
}
void* operator new[](std::size_t octets) {
    return must(counted(octets));
}
void* operator new(std::size_t octets, const std::nothrow_t&) noexcept {
    return counted(octets);
}
void* operator new[](std::size_t octets, const std::nothrow_t&) noexcept {
    return counted(octets);
}
void* operator new(std::size_t octets, std::align_val_t alignment) {
    return must(counted(octets, static_cast<std::size_t>(alignment)));
}
void operator delete(void* made) noexcept {
    std::free(made);
}
void operator delete[](void* made) noexcept {
    std::free(made);
}
void operator delete(void* made, std::size_t) noexcept {
    std::free(made);
}
void operator delete[](void* made, std::size_t) noexcept {
    std::free(made);
}
void operator delete(void* made, const std::nothrow_t&) noexcept {
    std::free(made);
}
void operator delete[](void* made, const std::nothrow_t&) noexcept {
    std::free(made);
}
void operator delete(void* made, std::align_val_t) noexcept {
    std::free(made);
}
void operator delete(void* made, std::size_t, std::align_val_t) noexcept {
    std::free(made);
}

namespace smtpblock {
namespace {

using namespace test;

/// A client with every kind of value, some of which rules match.
struct Client {
    Address sender{"cheap+spam+17", "mail.deep.example.com"};
    std::vector<Address> users{{"bob", ""}, {std::string(9000, 'u'), "x.example"}};
    std::vector<EhloName> names{EhloName::parse("host-17.dyn.example.net"),
                                EhloName::parse("[IPv6:2001:db8::1]"), EhloName::parse("192.0.2.7"),
                                EhloName::parse(""), EhloName::parse(std::string(2000, 'a'))};
    Query query;

    Client() {
        query.now = noon;
        query.sender = &sender;
        query.users = users;
        query.ehlo_names = names;
    }
};

std::vector<Pattern> patterns() {
    std::vector<Pattern> all;
    const auto add = [&](PatternKind kind, std::string_view subject) {
        all.push_back(*Pattern::from_subject(kind, subject));
    };
    add(PatternKind::address, "cheap@mail.deep.example.com");
    add(PatternKind::domain, "x.example");
    add(PatternKind::below_domain, "example.com");
    add(PatternKind::local_part, "bob");
    add(PatternKind::name, "other.example");
    add(PatternKind::below_name, "dyn.example.net");
    add(PatternKind::no_name, "");
    add(PatternKind::prefix, std::string_view("\xc0\0\2\0\x18", 5));
    add(PatternKind::email_glob, "*");
    add(PatternKind::email_glob, "*spam*");
    add(PatternKind::email_glob, "*uuu*@*");
    add(PatternKind::ehlo_glob, "host-??.*");
    add(PatternKind::ehlo_glob, "*2.7");
    for (int i = 0; i < 50; ++i)
        add(PatternKind::ehlo_glob, "*a" + std::string(static_cast<std::size_t>(i), '?') + "a*");
    return all;
}

}  // namespace

TEST_CASE("every new is counted") {
    const std::size_t before = allocations;
    const auto one = std::make_unique<int>(1);
    CHECK(allocations == before + 1);
}

TEST_CASE("a decision in a store allocates nothing") {
    const TestStore store;
    std::vector<NewRule> rules;
    for (const Pattern& pattern : patterns()) rules.push_back(rule_for(pattern));
    CHECK(edit(store.paths, [&](Edit& e) { return add_all(e, rules); }) == "");
    const auto reader = store.reader();
    const Client client;
    CHECK(reader->decide(client.query).matches == 64);  // reads the globs
    for (int round = 0; round < 3; ++round) {
        const std::size_t before = allocations;
        const Decision decision = reader->decide(client.query);
        const std::size_t made = allocations - before;
        CHECK(made == 0);
        CHECK(decision.matches == 64);
    }
}

}  // namespace smtpblock
