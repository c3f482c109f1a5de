#include "common/matcher.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "common/text.h"

namespace smtpblock {
namespace {

/// A value as a glob sees it: whole, and in lower case where it is an address literal as well. On
/// the stack when it is no longer than what an AUTH line can hold (RFC 4954 4).
class WholeText {
public:
    explicit WholeText(std::string_view text, std::string_view domain = {})
        : size_(text.size() + (domain.empty() ? 0 : 1 + domain.size())) {
        if (size_ > short_.size()) long_.resize(size_);
        char* to = std::transform(text.begin(), text.end(), data(), to_lower);
        if (domain.empty()) return;
        *to++ = '@';
        std::transform(domain.begin(), domain.end(), to, to_lower);
    }
    WholeText(const WholeText&) = delete;
    WholeText& operator=(const WholeText&) = delete;

    std::string_view view() const { return {const_cast<WholeText*>(this)->data(), size_}; }

private:
    char* data() { return size_ > short_.size() ? long_.data() : short_.data(); }

    std::size_t size_;
    std::array<char, 12288> short_;
    std::string long_;
};

struct GlobMatch {
    Match match;
    std::size_t octets;  ///< of the glob

    bool precedes(const GlobMatch& other) const {
        return octets != other.octets ? octets > other.octets : match.id < other.match.id;
    }
};

/// Looks the candidates of one value up, most specific first, and picks the first that applies.
class Picker {
public:
    Picker(const Query& query, const RuleSource& rules, Decision& decision)
        : query_(query), rules_(rules), decision_(decision) {}

    void test_null_sender() {
        begin(Field::sender, 0, query_.email_directions);
        look_up(PatternKind::null_sender);
        look_up_globs(PatternKind::email_glob, "");
        end();
    }

    void test(Field field, std::uint32_t place, const Address& address) {
        begin(field, place, query_.email_directions);
        const std::string_view local = address.local;
        const std::string_view domain = address.domain;
        if (!domain.empty()) {
            look_up(PatternKind::address, local, "@", domain);
            each_base(PatternKind::address, local, "@", domain);
            look_up(PatternKind::domain, domain);
            each_parent(PatternKind::below_domain, domain);
        }
        look_up(PatternKind::local_part, local);
        each_base(PatternKind::local_part, local);
        if (rules_.globs(RuleType::email).size() != 0)
            look_up_globs(PatternKind::email_glob, WholeText(local, domain).view());
        end();
    }

    void test(std::uint32_t place, const EhloName& name) {
        begin(Field::ehlo, place, query_.ehlo_directions);
        if (name.address) {
            look_up(PatternKind::literal, name.address->octets());
            each_prefix(name.address->octets());
            look_up_globs_of_literal(name.text);
        } else {
            if (name.text.empty()) {
                look_up(PatternKind::no_name);
            } else {
                look_up(PatternKind::name, name.text);
                for (const std::string& original : name.originals)
                    look_up(PatternKind::name, original);
                each_parent(PatternKind::below_name, name.text);
            }
            look_up_globs(PatternKind::ehlo_glob, name.text);
        }
        end();
    }

private:
    void begin(Field field, std::uint32_t place, Direction directions) {
        value_ = {0, Action::reject, field, place};
        directions_ = directions;
        pick_.reset();
    }

    void end() {
        if (!pick_) return;
        const auto rank = [](Action action) {
            return action == Action::reject ? 3 : action == Action::defer ? 2 : 1;
        };
        if (!decision_.deciding || rank(pick_->action) > rank(decision_.deciding->action))
            decision_.deciding = pick_;
    }

    /// The rule under a key, if it is there and applies.
    std::optional<Match> found(const RuleKey& key, Lookup& lookup) {
        RuleFacts facts;
        lookup = rules_.find(key.view(), facts);
        if (lookup == Lookup::trouble) decision_.verdict = Verdict::trouble;
        if (lookup != Lookup::found || !overlap(facts.direction, directions_) ||
            expired(facts.expires, query_.now))
            return std::nullopt;
        Match match = value_;
        match.id = facts.id;
        match.action = facts.action;
        return match;
    }

    void look_up(PatternKind kind, std::string_view subject = {}, std::string_view more = {},
                 std::string_view last = {}) {
        if (decision_.verdict == Verdict::trouble || !rules_.has(kind)) return;
        Lookup lookup{};
        const auto match = found(RuleKey(kind, subject, more, last), lookup);
        if (!match) return;
        if (decision_.matches < Decision::kept) decision_.matched[decision_.matches] = *match;
        ++decision_.matches;
        if (match->action != Action::log && !pick_) pick_ = match;
    }

    /// `a+b+c`: looks up `a+b`, then `a`.
    void each_base(PatternKind kind, std::string_view local, std::string_view more = {},
                   std::string_view last = {}) {
        if (!rules_.has(kind) || query_.recipient_delimiter.empty()) return;
        for (;;) {
            const auto end = local.find_last_of(query_.recipient_delimiter, key_local_part_octets);
            if (end == std::string_view::npos || end == 0) return;
            local = local.substr(0, end);
            look_up(kind, local, more, last);
        }
    }

    /// `a.b.c`: looks up what is below `b.c`, then below `c`.
    void each_parent(PatternKind kind, std::string_view name) {
        if (!rules_.has(kind)) return;
        for (auto labels = std::count(name.begin(), name.end(), '.'); labels > 0; --labels) {
            name.remove_prefix(name.find('.') + 1);
            constexpr std::ptrdiff_t most = 255;  // key_detail() counts no further
            if (!name.empty() &&
                rules_.has(kind, static_cast<std::uint8_t>(std::min(labels, most))))
                look_up(kind, name);
        }
    }

    /// The networks that an address is in, the smallest first.
    void each_prefix(std::string_view address) {
        if (!rules_.has(PatternKind::prefix)) return;
        std::array<char, 17> subject;
        std::copy(address.begin(), address.end(), subject.begin());
        const std::string_view whole(subject.data(), address.size() + 1);
        char& length = subject[address.size()];
        for (std::size_t bits = address.size() * 8;; --bits) {
            length = static_cast<char>(bits);
            if (rules_.has(PatternKind::prefix, key_detail(PatternKind::prefix, whole)))
                look_up(PatternKind::prefix, whole);
            if (bits == 0) return;
            // The next length does without this one's last bit.
            char& octet = subject[(bits - 1) / 8];
            octet = static_cast<char>(static_cast<unsigned char>(octet) &
                                      (0xff00U >> ((bits - 1) % 8)));
        }
    }

    void look_up_globs(PatternKind kind, std::string_view value) {
        begin_globs();
        rules_.globs(type_of(kind)).visit(value, [&](std::string_view glob) {
            look_up_glob(kind, glob);
        });
        end_globs();
    }

    /// A literal is tried as `[192.0.2.7]` and as `192.0.2.7`; a glob that matches both counts
    /// once.
    void look_up_globs_of_literal(std::string_view written) {
        constexpr auto kind = PatternKind::ehlo_glob;
        constexpr std::string_view tag = "[ipv6:";
        const GlobIndex& globs = rules_.globs(RuleType::ehlo);
        if (globs.size() == 0) return;
        const WholeText literal(written);
        const std::string_view text = literal.view();
        std::string_view bare = text;
        bare.remove_prefix(text.starts_with(tag) ? tag.size() : 1);
        bare.remove_suffix(1);
        begin_globs();
        globs.visit(text, [&](std::string_view glob) { look_up_glob(kind, glob); });
        globs.visit(bare, [&](std::string_view glob) {
            if (!glob_matches(glob, text)) look_up_glob(kind, glob);
        });
        end_globs();
    }

    void begin_globs() {
        first_glob_ = std::min(decision_.matches, Decision::kept);
        longest_.reset();
    }

    void end_globs() {
        if (!pick_ && longest_) pick_ = longest_->match;
    }

    void look_up_glob(PatternKind kind, std::string_view glob) {
        if (decision_.verdict == Verdict::trouble) return;
        Lookup lookup{};
        const auto match = found(RuleKey(kind, glob), lookup);
        // The index was made of the rules, so one of the two is not as it was.
        if (lookup == Lookup::absent) decision_.verdict = Verdict::trouble;
        if (!match) return;
        const GlobMatch next{*match, glob.size()};
        if (match->action != Action::log && (!longest_ || next.precedes(*longest_)))
            longest_ = next;
        keep(next);
    }

    /// Among the matches of this value's globs, in its place.
    void keep(const GlobMatch& next) {
        std::size_t at = std::min(decision_.matches++, Decision::kept);
        for (; at > first_glob_; --at) {
            const GlobMatch before{decision_.matched[at - 1], octets_[at - 1]};
            if (!next.precedes(before)) break;
            put(at, before);
        }
        put(at, next);
    }

    void put(std::size_t at, const GlobMatch& match) {
        if (at == Decision::kept) return;
        decision_.matched[at] = match.match;
        octets_[at] = match.octets;
    }

    const Query& query_;
    const RuleSource& rules_;
    Decision& decision_;
    Match value_;  ///< which value is tested
    Direction directions_ = Direction::both;
    std::optional<Match> pick_;
    std::optional<GlobMatch> longest_;  ///< of this value's globs, `log` rules left out
    std::size_t first_glob_ = 0;        ///< where they begin among the matches
    std::array<std::size_t, Decision::kept> octets_;  ///< the lengths of those that are kept
};

}  // namespace

std::string Decision::others() const {
    std::string text;
    const auto matches_kept = all();
    for (auto match = matches_kept.begin(); match != matches_kept.end(); ++match) {
        const auto same = [&](const Match& other) { return other.id == match->id; };
        const bool decides = deciding && deciding->id == match->id;
        if (decides || std::any_of(matches_kept.begin(), match, same)) continue;
        fmt::format_to(std::back_inserter(text), "{}{}", text.empty() ? "" : ",", match->id);
    }
    return text;
}

std::string_view word(Field field) {
    switch (field) {
        case Field::sender:
            return "sender";
        case Field::user:
            return "user";
        case Field::ehlo:
            return "ehlo";
    }
    return "?";
}

std::string_view word(Verdict verdict) {
    switch (verdict) {
        case Verdict::pass:
            return "pass";
        case Verdict::reject:
            return "reject";
        case Verdict::defer:
            return "defer";
        case Verdict::trouble:
            return "trouble";
    }
    return "?";
}

Decision decide(const Query& query, const RuleSource& rules) {
    Decision decision;
    Picker picker(query, rules, decision);
    if (query.null_sender) picker.test_null_sender();
    if (query.sender != nullptr) picker.test(Field::sender, 0, *query.sender);
    std::uint32_t place = 0;
    for (const Address& user : query.users) picker.test(Field::user, place++, user);
    place = 0;
    for (const EhloName& name : query.ehlo_names) picker.test(place++, name);

    if (decision.verdict == Verdict::trouble) return decision;
    if (decision.deciding && decision.deciding->action == Action::reject)
        decision.verdict = Verdict::reject;
    else if (decision.deciding && decision.deciding->action == Action::defer)
        decision.verdict = Verdict::defer;
    return decision;
}

}  // namespace smtpblock
