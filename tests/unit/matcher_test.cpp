#include "common/matcher.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "unit/data_lines.h"
#include "unit/memory_rules.h"

namespace smtpblock {
namespace {

/// What a query is about, owned.
struct Asked {
    std::string delimiter = "+";
    std::optional<Address> sender;
    std::vector<Address> users;
    std::vector<EhloName> ehlo_names;
    Query query;

    explicit Asked(const std::string& words) {
        std::string auth_domain;
        std::vector<std::string> identities;
        std::string key;
        for (std::string word; !(word = next_word(words)).empty();) {
            const auto equals = word.find('=');
            key = word.substr(0, equals);
            const std::string value = word.substr(equals + 1);
            if (key == "from" && value == "<>")
                query.null_sender = true;
            else if (key == "from")
                sender = Address::parse(value).value();
            else if (key == "user")
                identities.push_back(value);
            else if (key == "ehlo")
                ehlo_names.push_back(EhloName::parse(value));
            else if (key == "email")
                query.email_directions = direction_of(value).value();
            else if (key == "ehlo-way")
                query.ehlo_directions = direction_of(value).value();
            else if (key == "now")
                query.now = Time(std::chrono::seconds(std::stoi(value)));
            else if (key == "delimiter")
                delimiter = value;
            else if (key == "auth_domain")
                auth_domain = value;
            else
                throw std::runtime_error("no word of a query: " + word);
        }
        for (const auto& identity : identities)
            users.push_back(Address::of_identity(identity, auth_domain));
        query.recipient_delimiter = delimiter;
        query.sender = sender ? &*sender : nullptr;
        query.users = users;
        query.ehlo_names = ehlo_names;
    }
    Asked(const Asked&) = delete;
    Asked& operator=(const Asked&) = delete;

private:
    /// Words stand apart by spaces, but for those inside a quoted local part.
    std::string next_word(const std::string& words) {
        while (at_ < words.size() && words[at_] == ' ') ++at_;
        std::string word;
        for (bool quoted = false; at_ < words.size() && (quoted || words[at_] != ' '); ++at_) {
            if (words[at_] == '"') quoted = !quoted;
            word += words[at_];
        }
        return word;
    }

    std::size_t at_ = 0;
};

/// `reject 1 also 2,3`.
std::string told(const Decision& decision) {
    std::string out = std::string(word(decision.verdict)) + " " +
                      (decision.deciding ? std::to_string(decision.deciding->id) : "-");
    bool left_out = !decision.deciding;
    std::string others;
    for (const Match& match : decision.all()) {
        if (!left_out && match.id == decision.deciding->id) {
            left_out = true;
            continue;
        }
        others += (others.empty() ? " also " : ",") + std::to_string(match.id);
    }
    return out + others;
}

std::vector<std::string> split(const std::string& text, const std::string& by) {
    std::vector<std::string> parts;
    for (std::size_t from = 0; from <= text.size();) {
        const auto end = std::min(text.find(by, from), text.size());
        const auto first = text.find_first_not_of(' ', from);
        const auto last = text.find_last_not_of(' ', end - 1);
        parts.push_back(first < end ? text.substr(first, last + 1 - first) : "");
        from = end + by.size();
    }
    return parts;
}

Decision decided(const RuleSource& rules, const std::string& words) {
    const Asked asked(words);
    return decide(asked.query, rules);
}

}  // namespace

TEST_CASE("rules decide as the table says") {
    std::ifstream file(std::string(TEST_DATA) + "/decide.table");
    int number = 0;
    int cases = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        if (line.empty() || line.front() == '#') continue;
        INFO("decide.table:" << number << ": " << line);
        const auto fields = split(line, ";");
        REQUIRE(fields.size() == 3);
        MemoryRules rules;
        for (const auto& rule : split(fields[0], "|")) rules.add(rule);
        CHECK(told(decided(rules, fields[1])) == fields[2]);
        ++cases;
    }
    CHECK(cases > 200);
}

TEST_CASE("a decision names the value that its rule matched") {
    const MemoryRules rules{"email a@x.example reject both", "ehlo h.example reject both",
                            "email <> reject both"};
    CHECK(decided(rules, "from=a@x.example").deciding->field == Field::sender);
    CHECK(decided(rules, "from=<>").deciding->field == Field::sender);
    CHECK(decided(rules, "user=a@x.example").deciding->field == Field::user);
    CHECK(decided(rules, "ehlo=h.example").deciding->field == Field::ehlo);
    CHECK(word(Field::sender) == "sender");
    CHECK(word(Field::user) == "user");
    CHECK(word(Field::ehlo) == "ehlo");
}

TEST_CASE("a store that cannot be read is trouble, not pass") {
    MemoryRules rules{"email a@x.example reject both"};
    rules.break_store();
    CHECK(decided(rules, "from=a@x.example").verdict == Verdict::trouble);
    CHECK(decided(rules, "from=b@y.example ehlo=h").verdict == Verdict::trouble);
    CHECK(decided(rules, "from=<>").verdict == Verdict::trouble);
    CHECK(decided(rules, "ehlo=").verdict == Verdict::trouble);
    CHECK(word(Verdict::trouble) == "trouble");
}

TEST_CASE("a glob of the index that is not among the rules is trouble") {
    struct Torn : MemoryRules {
        using MemoryRules::MemoryRules;
        Lookup find(std::string_view key, RuleFacts& facts) const override {
            if (key.front() == static_cast<char>(PatternKind::email_glob)) return Lookup::absent;
            return MemoryRules::find(key, facts);
        }
    };
    const Torn rules{"email *spam* reject both"};
    CHECK(decided(rules, "from=spam@x.example").verdict == Verdict::trouble);
    CHECK(decided(rules, "from=ham@x.example").verdict == Verdict::pass);
}

TEST_CASE("trouble at a later look-up is not outweighed by an earlier match") {
    struct Half : MemoryRules {
        using MemoryRules::MemoryRules;
        bool has(PatternKind) const override { return true; }
        bool has(PatternKind, std::uint8_t) const override { return true; }
        Lookup find(std::string_view key, RuleFacts& facts) const override {
            if (key.front() == static_cast<char>(PatternKind::name)) return Lookup::trouble;
            return MemoryRules::find(key, facts);
        }
    };
    const Half rules{"email a@x.example allow both"};
    CHECK(decided(rules, "from=a@x.example").verdict == Verdict::pass);
    CHECK(decided(rules, "from=a@x.example ehlo=h.example").verdict == Verdict::trouble);
    const Half blocking{"email a@x.example reject both"};
    CHECK(decided(blocking, "from=a@x.example ehlo=h.example").verdict == Verdict::trouble);
}

TEST_CASE("more matches than are kept are still counted, and decide") {
    MemoryRules rules;
    std::string name = "x";
    for (int i = 0; i < 40; ++i) {
        rules.add("ehlo *." + name + " log both");
        name = "x." + name;
    }
    rules.add("ehlo *.example reject both id=99");
    const Decision decision = decided(rules, "ehlo=" + name + " ehlo=a.example");
    CHECK(decision.matches == 41);
    CHECK(decision.all().size() == Decision::kept);
    CHECK(decision.verdict == Verdict::reject);
    CHECK(decision.deciding->id == 99);
}

TEST_CASE("of more globs than are kept the longest are") {
    MemoryRules rules;
    for (std::size_t i = 1; i <= 50; ++i)
        rules.add("email " + std::string(i, '?') + "* " + (i == 1 ? "reject" : "log") + " both");
    const Decision decision = decided(rules, "from=" + std::string(60, 'a') + "@x.example");
    CHECK(decision.matches == 50);
    CHECK(decision.verdict == Verdict::reject);
    CHECK(decision.deciding->id == 1);
    RuleId next = 50;
    for (const Match& match : decision.all()) CHECK(match.id == next--);
}

TEST_CASE("a match names the place of its value among those of its field") {
    const MemoryRules rules{"email a@x reject both", "ehlo *.y reject both", "ehlo b* reject both"};
    const Decision decision =
        decided(rules, "from=n@x user=b@x user=a@x ehlo=a ehlo=b.y ehlo=a.y ehlo=b");
    std::string told;
    for (const Match& match : decision.all())
        told += std::to_string(match.id) + "/" + std::to_string(match.place) + " ";
    CHECK(told == "1/1 2/1 3/1 2/2 3/3 ");
}

TEST_CASE("a glob is compared with the whole of a value, however long") {
    const MemoryRules rules{"email *a@x.example reject both", "ehlo *.ab defer both"};
    for (const std::size_t octets : {100, 12278, 12279, 12288, 12289, 70000}) {
        CAPTURE(octets);
        const std::string stem(octets, 'b');
        CHECK(decided(rules, "user=" + stem + "a@x.example").verdict == Verdict::reject);
        CHECK(decided(rules, "user=" + stem + "@x.example").verdict == Verdict::pass);
        CHECK(decided(rules, "ehlo=" + stem + ".ab").verdict == Verdict::defer);
        CHECK(decided(rules, "ehlo=" + stem + ".b").verdict == Verdict::pass);
    }
}

TEST_CASE("a client cannot make a decision dear with a thousand pluses or labels") {
    struct Counting : MemoryRules {
        using MemoryRules::MemoryRules;
        Lookup find(std::string_view key, RuleFacts& facts) const override {
            ++asked;
            return MemoryRules::find(key, facts);
        }
        mutable int asked = 0;
    };
    const Counting rules{"email a@x.example reject both", "email b@ reject both",
                         "email *.x.example reject both", "ehlo *.example reject both",
                         "ehlo *.b.example reject both"};
    std::string pluses = "a";
    std::string labels = "x.example";
    for (int i = 0; i < 1000; ++i) {
        pluses += "+b";
        labels = "a." + labels;
    }
    CHECK(decided(rules, "user=" + pluses + "@x.example").verdict == Verdict::reject);
    CHECK(rules.asked < 100);
    rules.asked = 0;
    CHECK(decided(rules, "from=a@" + labels).verdict == Verdict::reject);
    CHECK(decided(rules, "ehlo=" + labels).verdict == Verdict::reject);
    CHECK(rules.asked < 10);
}

TEST_CASE("what a name may have been is for rules of one name alone") {
    const MemoryRules rules{"ehlo a@b reject both", "ehlo *.y defer both", "ehlo *@* reject both",
                            "ehlo x.y allow both"};
    const auto verdict = [&](std::string text, std::vector<std::string> originals) {
        const std::vector<EhloName> names{{std::move(text), std::nullopt, std::move(originals)}};
        Query query;
        query.ehlo_names = names;
        return decide(query, rules).verdict;
    };
    CHECK(verdict("a?b", {"a(b", "a@b"}) == Verdict::reject);
    CHECK(verdict("a?c", {"a(c", "a@c"}) == Verdict::pass);
    CHECK(verdict("z.y", {"x.y"}) == Verdict::pass);  // one value: the rule for it alone is picked
    CHECK(verdict("a?b", {"z.y"}) == Verdict::pass);
}

TEST_CASE("names longer than a key are still told apart") {
    const std::string stem(511, 'n');
    const MemoryRules rules{"ehlo " + stem + "a reject both"};
    CHECK(decided(rules, "ehlo=" + stem + "A").verdict == Verdict::reject);
    CHECK(decided(rules, "ehlo=" + stem + "b").verdict == Verdict::pass);
    CHECK(decided(rules, "ehlo=" + stem + "aa").verdict == Verdict::pass);
    CHECK(decided(rules, "ehlo=" + stem).verdict == Verdict::pass);
}

}  // namespace smtpblock
