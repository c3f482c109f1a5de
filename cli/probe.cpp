// `smtpblock probe`: plays a sender before a server, as far as the recipient, and shows what he
// would see; or Postfix before a policy server. `check` asks the rules; this asks the wire.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <random>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/probe_connection.h"
#include "cli/probe_dialogue.h"
#include "cli/probe_policy.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr std::chrono::seconds patience{30};
/// Longer lines are cut when they are shown.
constexpr std::size_t shown_octets = 1000;

/// RFC 5321 4.5.1: every server takes mail for it, whatever its domains.
constexpr const char* default_recipient = "postmaster";

std::string_view word(ProbeVerdict::Kind kind) {
    switch (kind) {
        case ProbeVerdict::Kind::accepted:
            return "accepted";
        case ProbeVerdict::Kind::deferred:
            return "deferred";
        case ProbeVerdict::Kind::refused:
            return "refused";
        case ProbeVerdict::Kind::failed:
            break;
    }
    return "failed";
}

std::string own_name() {
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') return "localhost";
    return host.data();
}

std::string without_brackets(const std::string& path) {
    return path.starts_with('<') && path.ends_with('>') ? path.substr(1, path.size() - 2) : path;
}

std::string made_up_password() {
    std::random_device random;
    return fmt::format("{:08x}{:08x}", random(), random());
}

/// What would end a line, or the dialogue, cannot be part of it.
Result<void> check_word(const char* option, const std::optional<std::string>& value) {
    const auto is_bad = [](char c) { return is_control(c); };
    if (!value || std::none_of(value->begin(), value->end(), is_bad)) return {};
    return fail(ErrorCode::bad_input, "{}: {} holds a control character; write it without",
                quoted(*value), option);
}

Result<ProbeQuestion> question_of(const ProbeArguments& arguments) {
    for (const auto& [option, value] :
         {std::pair{"--ehlo", &arguments.ehlo}, std::pair{"--from", &arguments.from},
          std::pair{"--user", &arguments.user}, std::pair{"--to", &arguments.to}})
        if (auto checked = check_word(option, *value); !checked)
            return std::move(checked).failure();
    if (arguments.user && arguments.ehlo && arguments.ehlo->empty() && !arguments.policy)
        return fail(ErrorCode::bad_input,
                    "probe: --ehlo '' greets not at all, and nobody logs in without; leave out "
                    "--ehlo or --user");
    ProbeQuestion question;
    question.ehlo = arguments.ehlo ? *arguments.ehlo : own_name();
    // Whoever logs in sends as himself: many servers take nothing else from him.
    if (arguments.from)
        question.from = without_brackets(*arguments.from);
    else if (arguments.user && arguments.user->find('@') != std::string::npos)
        question.from = *arguments.user;
    question.to = arguments.to ? without_brackets(*arguments.to) : default_recipient;
    return question;
}

/// From the environment or the keyboard; else a wrong one, which the user is told. Never from a
/// standard input that is no terminal: it may be a list that a script goes through.
std::string password_for(const std::string& user, const Context& context, Terminal& terminal) {
    auto password = context.environment("SMTPBLOCK_PROBE_PASSWORD");
    if (!password && terminal.can_ask())
        password =
            terminal.ask_hidden(fmt::format("Password of {} (none: a wrong one):", quoted(user)));
    if (password && !password->empty()) return *password;
    terminal.note(
        "no password: logs in with a wrong one, which must fail whether he is blocked or not; "
        "set SMTPBLOCK_PROBE_PASSWORD to the right one to tell");
    return made_up_password();
}

Style style_of(unsigned code) {
    return code == 0 || code >= 500 ? Style::bad
           : code >= 400            ? Style::warning
           : code < 300             ? Style::good
                                    : Style::plain;
}

Style style_of(const ProbeVerdict& verdict) {
    return verdict.kind == ProbeVerdict::Kind::accepted   ? Style::good
           : verdict.kind == ProbeVerdict::Kind::deferred ? Style::warning
                                                          : Style::bad;
}

std::string shown(const std::string& line) {
    return line.size() <= shown_octets ? printable(line)
                                       : printable(line.substr(0, shown_octets)) + "…";
}

void print_line(const ProbeDialogue::Line& line, Terminal& terminal) {
    if (line.ours)
        terminal.line("C: " + terminal.styled(Style::heading, shown(line.text)));
    else
        terminal.line("S: " + terminal.styled(style_of(line.code), shown(line.text)));
}

std::string sentence_of(const ProbeVerdict& verdict) {
    return fmt::format("{} at {}: {}", word(verdict.kind), verdict.at, printable(verdict.reply));
}

std::string json_of(const ProbeVerdict* verdict, const ProbeServer& server,
                    const std::vector<ProbeDialogue::Line>& lines) {
    JsonObject json;
    json.string("server", server.text());
    if (verdict != nullptr && verdict->kind != ProbeVerdict::Kind::failed) {
        json.string("verdict", word(verdict->kind)).string("at", verdict->at);
        if (verdict->code != 0) json.number("code", verdict->code);
        json.string("reply", verdict->reply);
    }
    std::vector<JsonObject> dialogue;
    for (const auto& line : lines)
        dialogue.push_back(JsonObject().string(line.ours ? "client" : "server", line.text));
    return json.objects("dialogue", dialogue).text();
}

/// Lets the dialogue run to its end; `told` is given each line as it was said.
template <class Dialogue, class Tell>
Result<void> run_dialogue(ProbeConnection& connection, Dialogue& dialogue, Tell tell) {
    while (true) {
        for (const auto& line : dialogue.take_lines()) tell(line);
        if (const std::string output = dialogue.take_output(); !output.empty())
            if (auto sent = connection.send(output); !sent) return sent;
        if (dialogue.finished()) return {};
        auto bytes = connection.receive();
        if (!bytes) return std::move(bytes).failure();
        if (bytes->empty())
            dialogue.on_closed();
        else
            dialogue.on_bytes(*bytes);
    }
}

template <class Dialogue>
Result<int> probe(Dialogue dialogue, const ProbeServer& server, Terminal& terminal) {
    auto connection = ProbeConnection::open(server, patience);
    if (!connection) return std::move(connection).failure();
    std::vector<ProbeDialogue::Line> lines;
    const auto ran = run_dialogue(*connection, dialogue, [&](const ProbeDialogue::Line& line) {
        if (terminal.json())
            lines.push_back(line);
        else if (!terminal.quiet())
            print_line(line, terminal);
        terminal.show();
    });
    const ProbeVerdict* verdict = ran ? &dialogue.verdict() : nullptr;
    if (terminal.json()) terminal.line(json_of(verdict, server, lines));
    if (!ran) return Failure(ran.error());
    if (verdict->kind == ProbeVerdict::Kind::failed)
        return fail(ErrorCode::failed, "{}: {}", quoted(server.text()), verdict->reply);
    if (!terminal.json() && !terminal.quiet())
        terminal.line(terminal.styled(style_of(*verdict), sentence_of(*verdict)));
    return finished(terminal,
                    verdict->kind == ProbeVerdict::Kind::accepted ? exit_done : exit_blocked);
}

}  // namespace

Result<int> run(const ProbeArguments& arguments, const Context& context, Terminal& terminal) {
    if (!arguments.server)
        return fail(ErrorCode::bad_input,
                    "probe: no server; write its name, as in smtpblock probe "
                    "127.0.0.1:25");
    const auto server = ProbeServer::parse(*arguments.server);
    if (!server) return Failure(server.error());
    auto question = question_of(arguments);
    if (!question) return std::move(question).failure();
    if (arguments.policy) {
        if (server->path.empty() && !server->has_port)
            return fail(ErrorCode::bad_input,
                        "{}: no port; write that of a listener with protocol = \"policy\"",
                        quoted(*arguments.server));
        if (arguments.user) question->login = {*arguments.user, ""};
        return probe(ProbePolicy(*question), *server, terminal);
    }
    if (arguments.user)
        question->login = {*arguments.user, password_for(*arguments.user, context, terminal)};
    return probe(ProbeDialogue(*std::move(question)), *server, terminal);
}

}  // namespace smtpblock
