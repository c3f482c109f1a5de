#include "common/store_fault.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <catch2/catch.hpp>
#include <stdexcept>

#include "unit/store_support.h"

namespace smtpblock {
namespace {

using namespace test;

constexpr std::size_t page = 4096;

/// A mapped page of a file that is empty: reading it is a SIGBUS.
class MissingPage {
public:
    MissingPage() {
        const int file = ::open(directory_.write("empty", "").c_str(), O_RDONLY);
        void* const at = ::mmap(nullptr, page, PROT_READ, MAP_SHARED, file, 0);
        ::close(file);
        if (at == MAP_FAILED) throw std::runtime_error("mmap");
        at_ = static_cast<volatile const char*>(at);
    }
    ~MissingPage() { ::munmap(const_cast<char*>(at_), page); }
    MissingPage(const MissingPage&) = delete;
    MissingPage& operator=(const MissingPage&) = delete;

    int read() const { return at_[0]; }

private:
    TemporaryDirectory directory_;
    volatile const char* at_ = nullptr;
};

TEST_CASE("a guarded call returns what its work returns") {
    install_store_guard();
    CHECK(guarded([] { return 17; }) == 17);
}

TEST_CASE("a page that is gone is an answer, as often as it is met") {
    install_store_guard();
    const MissingPage missing;
    for (int times = 0; times < 3; ++times) {
        CHECK(guarded([&] { return missing.read(); }) == page_is_gone);
        CHECK(guarded([] { return 0; }) == 0);
    }
}

TEST_CASE("a failed assertion is an answer") {
    CHECK(guarded([] {
              on_store_assertion();
              return 0;
          }) == page_is_nonsense);
    on_store_assertion();  // none is guarded: it returns
}

TEST_CASE("a guarded call within another ends alone") {
    install_store_guard();
    const MissingPage missing;
    int inner = 0;
    CHECK(guarded([&] {
              inner = guarded([&] { return missing.read(); });
              return 5;
          }) == 5);
    CHECK(inner == page_is_gone);
    CHECK(guarded([&] {
              guarded([] { return 1; });
              return missing.read();
          }) == page_is_gone);
}

TEST_CASE("a fault that is not guarded kills, and so does a signal that was sent") {
    install_store_guard();
    // Made here: a process that is killed leaves its directory behind.
    const MissingPage missing;
    // Under a sanitizer the handler before ours reports and exits.
    Process faulty([&] { return std::to_string(missing.read()); }, true);
    CHECK(faulty.says() != "0");
    CHECK(faulty.end() != 0);
    Process sent(
        [] {
            guarded([] { return ::raise(SIGBUS); });
            return std::string("lives");
        },
        true);
    CHECK(sent.says() != "lives");
    CHECK(sent.end() != 0);
}

}  // namespace
}  // namespace smtpblock
