// `smtpblock check`: asks decide(), which the daemon asks as well, what would become of a sender,
// and says by which rules.
#include <unistd.h>

#include <vector>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/rule_text.h"
#include "common/login_name.h"
#include "common/store_reader.h"
#include "common/text.h"
#include "common/time_text.h"

namespace smtpblock {
namespace {

/// The values that a client would have shown, in the form in which rules are looked up.
struct Client {
    std::optional<Address> sender;
    bool null_sender = false;
    std::vector<Address> users;
    std::vector<EhloName> ehlo_names;
};

/// The domain of a bare account name on a listener of `direction`: the first one that names it;
/// else the first at which a mail server asks, since it asks about both.
std::string auth_domain_of(const Config& config, Direction direction) {
    for (const ListenerConfig& listener : config.listeners)
        if (listener.direction == direction && listener.auth_domain) return *listener.auth_domain;
    for (const ListenerConfig& listener : config.listeners)
        if (listener.protocol != Protocol::smtp && listener.auth_domain)
            return *listener.auth_domain;
    std::array<char, 256> host{};
    if (config.hostname.empty()) static_cast<void>(::gethostname(host.data(), host.size() - 1));
    return domain_of_host(config.hostname.empty() ? host.data() : config.hostname);
}

Result<Client> client_of(const CheckArguments& arguments, const std::string& auth_domain) {
    Client client;
    if (arguments.from) {
        std::string_view from = *arguments.from;
        if (from.starts_with('<') && from.ends_with('>')) from = from.substr(1, from.size() - 2);
        client.null_sender = from.empty();
        if (!from.empty()) client.sender = Address::parse(from);
        if (!from.empty() && !client.sender)
            return fail(ErrorCode::bad_input, "{}: no address; write user@example.com, or <>",
                        quoted(*arguments.from));
    }
    if (arguments.user) client.users = readings_of_login(*arguments.user, auth_domain);
    for (const std::string& name : arguments.ehlo)
        client.ehlo_names.push_back(
            EhloName::parse(std::string_view(name).substr(0, name.find_first_of(" \t"))));
    return client;
}

/// What a listener of `direction` would ask: mail of a client that logged in goes out.
Query query_of(const Client& client, Direction direction, const Context& context) {
    const bool logged_in = !client.users.empty();
    Query query;
    query.now = context.editor.now;
    query.recipient_delimiter = context.config.recipient_delimiter;
    query.email_directions = logged_in ? Direction::out : direction;
    query.ehlo_directions = logged_in && direction == Direction::in ? Direction::both : direction;
    query.sender = client.sender ? &*client.sender : nullptr;
    query.null_sender = client.null_sender;
    query.users = client.users;
    query.ehlo_names = client.ehlo_names;
    return query;
}

/// A decision with the rules that it speaks of.
struct Answer {
    Direction direction;
    Decision decision;
    std::optional<Rule> rule;  ///< the deciding one

    bool blocks() const { return decision.verdict != Verdict::pass; }
};

std::string line_of(const Answer& answer) {
    const auto& deciding = answer.decision.deciding;
    return fmt::format(
        "{}\t{}\t{}\t{}\t{}\t{}", word(answer.direction), word(answer.decision.verdict),
        deciding ? fmt::format("{}", deciding->id) : "-", deciding ? word(deciding->field) : "-",
        answer.rule ? field(answer.rule->pattern.text()) : "-", field(answer.decision.others()));
}

std::string sentence_of(const Answer& answer, const Terminal& terminal) {
    const auto& deciding = answer.decision.deciding;
    std::string text = fmt::format(
        "{:<4} {}", fmt::format("{}:", word(answer.direction)),
        terminal.styled(answer.blocks() ? Style::bad : Style::good, word(answer.decision.verdict)));
    if (deciding) text += fmt::format(", {} matches rule {}", word(deciding->field), deciding->id);
    if (answer.rule)
        text += fmt::format(" ({} {} {} {})", word(answer.rule->pattern.type()),
                            field(answer.rule->pattern.text()), word(answer.rule->direction),
                            word(answer.rule->action));
    if (const auto others = answer.decision.others(); !others.empty())
        text += fmt::format("; also matching: {}", others);
    return text;
}

std::string json_of(const Answer& answer) {
    const auto& deciding = answer.decision.deciding;
    JsonObject json;
    json.string("dir", word(answer.direction)).string("verdict", word(answer.decision.verdict));
    if (deciding) json.number("rule", deciding->id).string("field", word(deciding->field));
    if (answer.rule) json.string("pattern", answer.rule->pattern.text());
    std::vector<JsonObject> matches;
    for (const Match& match : answer.decision.all())
        matches.push_back(JsonObject()
                              .number("id", match.id)
                              .string("action", word(match.action))
                              .string("field", word(match.field)));
    return json.objects("matches", matches).text();
}

Result<Answer> ask(StoreReader& reader, const Query& query, Direction direction) {
    Answer answer{direction, reader.decide(query), {}};
    if (answer.decision.verdict == Verdict::trouble)
        return fail(ErrorCode::failed, "{}", reader.trouble());
    if (!answer.decision.deciding) return answer;
    auto rule = reader.find(answer.decision.deciding->id);
    if (!rule) return std::move(rule).failure();
    answer.rule = std::move(*rule);
    return answer;
}

}  // namespace

Result<int> run(const CheckArguments& arguments, const Context& context, Terminal& terminal) {
    if (arguments.ehlo.empty() && !arguments.from && !arguments.user)
        return fail(ErrorCode::bad_input,
                    "check: no sender; write --from ADDRESS, --ehlo NAME or --user NAME");
    auto reader = StoreReader::open(context.store);
    if (!reader) return std::move(reader).failure();

    int status = exit_done;
    std::optional<Time> paused_until;
    for (const Direction direction : {Direction::in, Direction::out}) {
        if (!overlap(direction, arguments.direction.value_or(Direction::both))) continue;
        const auto client = client_of(arguments, auth_domain_of(context.config, direction));
        if (!client) return Failure(client.error());
        const auto answer = ask(**reader, query_of(*client, direction, context), direction);
        if (!answer) return Failure(answer.error());
        if (answer->blocks()) status = exit_blocked;
        paused_until = answer->decision.paused_until;
        if (terminal.json())
            terminal.line(json_of(*answer));
        else if (terminal.for_people())
            terminal.line(sentence_of(*answer, terminal));
        else if (!terminal.quiet())
            terminal.line(line_of(*answer));
    }
    if (paused_until)
        terminal.note(fmt::format("paused until {}: everything passes", utc_text(*paused_until)));
    return finished(terminal, status);
}

}  // namespace smtpblock
