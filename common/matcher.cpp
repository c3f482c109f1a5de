#include "common/matcher.h"

namespace smtpblock {
namespace {

/// Looks the candidates of one value up, most specific first, and picks the first that applies.
class Picker {
public:
    Picker(const Query& query, const RuleSource& rules, Decision& decision)
        : query_(query), rules_(rules), decision_(decision) {}

    void test_null_sender() {
        begin(Field::sender, query_.email_directions);
        look_up(PatternKind::null_sender);
        end();
    }

    void test(Field field, const Address& address) {
        begin(field, query_.email_directions);
        const std::string_view local = address.local;
        const std::string_view domain = address.domain;
        if (!domain.empty()) {
            look_up(PatternKind::address, local, "@", domain);
            each_base(local, [&](std::string_view base) {
                look_up(PatternKind::address, base, "@", domain);
            });
            look_up(PatternKind::domain, domain);
            each_parent(PatternKind::below_domain, domain);
        }
        look_up(PatternKind::local_part, local);
        each_base(local, [&](std::string_view base) { look_up(PatternKind::local_part, base); });
        end();
    }

    void test(const EhloName& name) {
        begin(Field::ehlo, query_.ehlo_directions);
        if (name.address) {
            look_up(PatternKind::literal, name.address->octets());
        } else if (name.text.empty()) {
            look_up(PatternKind::no_name);
        } else {
            look_up(PatternKind::name, name.text);
            each_parent(PatternKind::below_name, name.text);
        }
        end();
    }

private:
    void begin(Field field, Direction directions) {
        field_ = field;
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

    void look_up(PatternKind kind, std::string_view subject = {}, std::string_view more = {},
                 std::string_view last = {}) {
        if (decision_.verdict == Verdict::trouble || !rules_.has(kind)) return;
        RuleFacts facts;
        switch (rules_.find(RuleKey(kind, subject, more, last).view(), facts)) {
            case Lookup::absent:
                return;
            case Lookup::trouble:
                decision_.verdict = Verdict::trouble;
                return;
            case Lookup::found:
                break;
        }
        if (!overlap(facts.direction, directions_) || expired(facts.expires, query_.now)) return;
        const Match match{facts.id, facts.action, field_};
        if (decision_.matches < Decision::kept) decision_.matched[decision_.matches] = match;
        ++decision_.matches;
        if (facts.action != Action::log && !pick_) pick_ = match;
    }

    /// `a+b+c`: visits `a+b`, then `a`.
    template <class Visit>
    void each_base(std::string_view local, Visit visit) const {
        if (query_.recipient_delimiter.empty()) return;
        for (;;) {
            const auto end = local.find_last_of(query_.recipient_delimiter);
            if (end == std::string_view::npos || end == 0) return;
            local = local.substr(0, end);
            visit(local);
        }
    }

    /// `a.b.c`: looks up what is below `b.c`, then below `c`.
    void each_parent(PatternKind kind, std::string_view name) {
        if (!rules_.has(kind)) return;
        for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
            name.remove_prefix(dot + 1);
            if (!name.empty()) look_up(kind, name);
        }
    }

    const Query& query_;
    const RuleSource& rules_;
    Decision& decision_;
    Field field_ = Field::sender;
    Direction directions_ = Direction::both;
    std::optional<Match> pick_;
};

}  // namespace

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
    if (query.sender != nullptr) picker.test(Field::sender, *query.sender);
    for (const Address& user : query.users) picker.test(Field::user, user);
    for (const EhloName& name : query.ehlo_names) picker.test(name);

    if (decision.verdict == Verdict::trouble) return decision;
    if (decision.deciding && decision.deciding->action == Action::reject)
        decision.verdict = Verdict::reject;
    else if (decision.deciding && decision.deciding->action == Action::defer)
        decision.verdict = Verdict::defer;
    return decision;
}

}  // namespace smtpblock
