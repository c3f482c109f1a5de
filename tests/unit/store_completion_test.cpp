#include "common/store_completion.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "common/store_files.h"
#include "common/store_reader.h"
#include "common/store_writer.h"
#include "unit/temporary_directory.h"

using namespace smtpblock;
using namespace std::chrono_literals;

namespace {

using Texts = std::vector<std::string>;

class Fixture {
public:
    Fixture(const Texts& email, const Texts& ehlo) {
        REQUIRE(init_store(paths_, {}));
        {
            auto writer = StoreWriter::open(paths_);
            REQUIRE(writer);
            REQUIRE((*writer)->edit(
                {"test", Time{1800000000s}}, EditVerb::add, [&](Edit& edit) -> Result<void> {
                    for (const auto& [type, texts] :
                         {std::pair{RuleType::email, &email}, std::pair{RuleType::ehlo, &ehlo}})
                        for (const std::string& text : *texts) {
                            auto pattern = Pattern::parse(type, text);
                            if (!pattern) FAIL(pattern.error().message);
                            if (auto added = edit.add({*pattern, {}, {}, "", {}}); !added)
                                return std::move(added).failure();
                        }
                    return {};
                }));
        }
        auto reader = StoreReader::open(paths_);
        REQUIRE(reader);
        reader_ = *std::move(reader);
    }

    Texts beginning(std::string_view typed, std::optional<RuleType> type = {},
                    std::size_t most = 200) {
        const auto patterns = reader_->patterns_beginning(typed, type, most);
        REQUIRE(patterns);
        Texts texts;
        for (const Pattern& pattern : *patterns) texts.push_back(pattern.text());
        std::sort(texts.begin(), texts.end());
        return texts;
    }
    std::vector<RuleId> ids(std::string_view digits, std::size_t most = 200) {
        const auto found = reader_->ids_beginning(digits, most);
        REQUIRE(found);
        return *found;
    }

private:
    test::TemporaryDirectory folder_;
    StorePaths paths_{folder_ / "store"};
    std::unique_ptr<StoreReader> reader_;
};

}  // namespace

TEST_CASE("each kind of pattern is found by the beginning of its text") {
    const Texts email{"user@example.com",
                      "\"a b\"@example.com",
                      "example.com",
                      "*.example.com",
                      "user@",
                      "\"c d\"@",
                      "<>",
                      "spam*@example.net",
                      "*x?@example.org"};
    const Texts ehlo{"mail.example.com",
                     "*.example.net",
                     "[192.0.2.7]",
                     "[IPv6:2001:db8::1]",
                     "",
                     "host-*.example.com",
                     "192.0.2.0/24",
                     "2001:db8::/32",
                     "()",
                     "a_b",
                     "literal\\*star",
                     "250"};
    Fixture f(email, ehlo);
    const Texts all = f.beginning("");
    CHECK(all.size() == email.size() + ehlo.size());
    for (const std::string& text : all)
        for (std::size_t octets = 0; octets <= text.size(); ++octets) {
            const std::string typed = text.substr(0, octets);
            CAPTURE(text, typed);
            Texts wanted;
            std::copy_if(all.begin(), all.end(), std::back_inserter(wanted),
                         [&](const std::string& one) { return one.starts_with(typed); });
            CHECK(f.beginning(typed) == wanted);
        }
    CHECK(f.beginning("USER@EX") == Texts{"user@example.com"});
    CHECK(f.beginning("nothing").empty());
    CHECK(f.beginning("\xff").empty());
    CHECK(f.beginning(std::string(1000, 'x')).empty());
    CHECK(f.beginning("", RuleType::email).size() == email.size());
    CHECK(f.beginning("", RuleType::ehlo).size() == ehlo.size());
}

TEST_CASE("addresses are found by their digits") {
    Fixture f({}, {"[1.2.3.4]", "[10.0.0.1]", "[100.0.0.1]", "[19.1.1.1]", "[2.5.0.1]",
                   "[25.0.0.1]", "[250.0.0.1]", "[255.0.0.1]", "[0.0.0.0]", "[IPv6:2001:db8::1]",
                   "[IPv6:2001:db80::1]", "[IPv6:20::1]", "[IPv6:::1]", "[IPv6:fe80::1:2]"});
    CHECK(f.beginning("[1").size() == 4);
    CHECK(f.beginning("[10").size() == 2);
    CHECK(f.beginning("[10.") == Texts{"[10.0.0.1]"});
    CHECK(f.beginning("[2").size() == 4);
    CHECK(f.beginning("[25") == Texts{"[25.0.0.1]", "[250.0.0.1]", "[255.0.0.1]"});
    CHECK(f.beginning("[0") == Texts{"[0.0.0.0]"});
    CHECK(f.beginning("[ipv6:20").size() == 3);
    CHECK(f.beginning("[ipv6:2001:db8").size() == 2);
    CHECK(f.beginning("[ipv6:2001:db8:") == Texts{"[IPv6:2001:db8::1]"});
    CHECK(f.beginning("[IPv6:::") == Texts{"[IPv6:::1]"});
    CHECK(f.beginning("[IPv6:fe80::1:") == Texts{"[IPv6:fe80::1:2]"});
    CHECK(f.beginning("[256").empty());
    CHECK(f.beginning("[99999999999999999999").empty());
}

TEST_CASE("many of one kind leave room for the others, and no more than wanted come") {
    Texts email;
    Texts ehlo;
    for (int i = 0; i < 500; ++i) email.push_back("u" + std::to_string(i) + "@example.com");
    for (int i = 0; i < 5; ++i) ehlo.push_back("u-host" + std::to_string(i));
    Fixture f(email, ehlo);
    const Texts some = f.beginning("u", {}, 20);
    CHECK(some.size() == 20);
    CHECK(std::count_if(some.begin(), some.end(),
                        [](const std::string& text) { return text.starts_with("u-"); }) == 5);
    CHECK(f.beginning("u", {}, 0).empty());
}

TEST_CASE("IDs are found by their first digits") {
    Texts email;
    for (int i = 1; i <= 1234; ++i) email.push_back("u" + std::to_string(i) + "@example.com");
    Fixture f(email, {});
    for (const std::string digits : {"1", "12", "123", "1234", "9", "99", "999", "1000"}) {
        CAPTURE(digits);
        std::vector<RuleId> wanted;
        for (RuleId id = 1; id <= 1234; ++id)
            if (std::to_string(id).starts_with(digits)) wanted.push_back(id);
        CHECK(f.ids(digits, 10000) == wanted);
    }
    CHECK(f.ids("1", 3).size() == 3);
    for (const char* none : {"", "0", "01", "x", "1x", "-1", "5000", "99999999999999999999999"})
        CHECK(f.ids(none).empty());
}
