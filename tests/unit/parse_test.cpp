#include "cli/parse.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "cli/grammar.h"

using namespace smtpblock;
using namespace std::chrono_literals;

namespace {

using Line = std::vector<std::string>;

constexpr Time now{1800000000s};

Invocation parsed(const Line& line) {
    auto result = parse(line, now);
    if (!result) FAIL(result.error().message);
    REQUIRE(std::holds_alternative<Invocation>(*result));
    return std::get<Invocation>(std::move(*result));
}

template <class Arguments>
Arguments parsed_as(const Line& line) {
    const auto invocation = parsed(line);
    REQUIRE(std::holds_alternative<Arguments>(invocation.command));
    return std::get<Arguments>(invocation.command);
}

std::string refused(const Line& line) {
    const auto result = parse(line, now);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::bad_input);
    CHECK(result.error().message.find('\n') == std::string::npos);
    return result.error().message;
}

std::string help_of(const Line& line) {
    const auto result = parse(line, now);
    REQUIRE(result);
    REQUIRE(std::holds_alternative<HelpText>(*result));
    return std::get<HelpText>(*result).text;
}

}  // namespace

TEST_CASE("patterns arrive as they were typed") {
    for (const char* odd : {"[192.0.2.7]",
                            "[a,b]",
                            "[IPv6:2001:db8::1]",
                            "a,b@example.com",
                            "{}",
                            "%%",
                            "",
                            "\"\"",
                            "<>",
                            "*.example.com",
                            "-",
                            "a=b",
                            "++",
                            "add",
                            "'x'",
                            "\"a b\"@example.com",
                            "w0",
                            "[",
                            "[]",
                            "a;b#c",
                            "\xff"}) {
        INFO(odd);
        CHECK(parsed_as<AddArguments>({"add", odd}).patterns == Line{odd});
        CHECK(parsed_as<AddArguments>({"add", "x", "--dir", "in", odd, "--json"}).patterns ==
              Line{"x", odd});
        CHECK(parsed_as<DeleteArguments>({"rm", odd, odd}).rules == Line{odd, odd});
        CHECK(parsed_as<EditArguments>({"edit", "1", "--pattern", odd}).pattern == odd);
        CHECK(parsed_as<EditArguments>({"edit", "1", std::string("--pattern=") + odd}).pattern ==
              odd);
        CHECK(parsed_as<CheckArguments>({"check", "--ehlo", odd, "--ehlo", "b"}).ehlo ==
              Line{odd, "b"});
    }
}

TEST_CASE("after -- everything is a pattern") {
    CHECK(parsed_as<AddArguments>({"add", "--", "-dash@example.com"}).patterns ==
          Line{"-dash@example.com"});
    CHECK(parsed_as<AddArguments>({"add", "a@b.example", "--", "--json", "--"}).patterns ==
          Line{"a@b.example", "--json", "--"});
    CHECK(parsed_as<DeleteArguments>({"delete", "x", "--", "-h"}).rules == Line{"x", "-h"});
    CHECK(refused({"add", "-dash@example.com"}) ==
          "'-dash@example.com': no such option; write -- before what only looks like one");
}

TEST_CASE("global options stand before and after the command") {
    for (const Line& line :
         {Line{"--json", "--store", "/s", "list"}, Line{"list", "--json", "--store=/s"},
          Line{"--json", "list", "--store", "/s"}}) {
        const auto invocation = parsed(line);
        CHECK(invocation.options.json);
        CHECK_FALSE(invocation.options.quiet);
        CHECK(invocation.options.store == "/s");
    }
    const auto options =
        parsed({"add", "x", "--quiet", "--color", "never", "--config", "/c"}).options;
    CHECK(options.quiet);
    CHECK(options.color == Color::never);
    CHECK(options.config == "/c");
}

TEST_CASE("an option takes the word behind it, whatever it looks like") {
    CHECK(parsed_as<AddArguments>({"add", "x", "--description", "--json"}).description == "--json");
    CHECK(parsed_as<AddArguments>({"add", "x", "--description", "[a,b]"}).description == "[a,b]");
    CHECK(parsed_as<AddArguments>({"add", "x", "--description="}).description == "");
    CHECK(parsed_as<AddArguments>({"add", "--dir", "in", "--dir", "out", "x"}).direction ==
          Direction::out);
}

TEST_CASE("what stands behind an option is turned into what it means") {
    const auto add = parsed_as<AddArguments>({"add", "--type", "ehlo", "--dir", "out", "--action",
                                              "defer", "--for", "2h30m", "--if-absent", "x"});
    CHECK(add.type == RuleType::ehlo);
    CHECK(add.direction == Direction::out);
    CHECK(add.action == Action::defer);
    CHECK(add.expires == now + 150min);
    CHECK(add.if_absent);
    CHECK_FALSE(add.replace);
    CHECK(parsed_as<EditArguments>({"edit", "1", "--until", "2030-01-01T00:00:00Z"}).expires ==
          Time{std::chrono::sys_days{std::chrono::year{2030} / 1 / 1}});
    CHECK(parsed_as<ListArguments>({"ls", "--sort", "expires", "--expiring", "1d"}).expiring ==
          24h);
}

TEST_CASE("a word that makes no sense is refused with those that do") {
    CHECK(refused({"add", "--type", "mail", "x"}) ==
          "'mail': no type; did you mean 'email'?; write email or ehlo");
    CHECK(refused({"add", "--dir", "up", "x"}) == "'up': no direction; write in, out or both");
    CHECK(refused({"add", "--action", "drop", "x"}) ==
          "'drop': no action; write reject, defer, allow or log");
    CHECK(refused({"list", "--sort", "size"}).find("write id, type") != std::string::npos);
    CHECK(refused({"list", "--color", "red"}).find("write auto") != std::string::npos);
    CHECK(refused({"add", "--for", "0s", "x"}).find("over at once") != std::string::npos);
    CHECK(refused({"add", "--for", "soon", "x"}).find("no duration") != std::string::npos);
    CHECK(refused({"add", "--until", "2001-01-01", "x"}).find("ago; write a time to come") !=
          std::string::npos);
}

TEST_CASE("a mistyped command or option gets the nearest one named") {
    CHECK(refused({"ad", "x"}) ==
          "'ad': no such command; did you mean 'add'?; see smtpblock --help");
    CHECK(refused({"lits"}) ==
          "'lits': no such command; did you mean 'list'?; see smtpblock --help");
    CHECK(
        refused({"add", "--descripton", "a", "x"}) ==
        "'--descripton': no such option; did you mean '--description'?; see smtpblock add --help");
    CHECK(refused({"--jsn", "list"}).find("did you mean '--json'?") != std::string::npos);
    CHECK(refused({"unblock", "x"}) ==
          "'unblock': no such command; did you mean 'delete'?; see smtpblock --help");
    CHECK(refused({"a@example.com"}) ==
          "'a@example.com': no command; write smtpblock add 'a@example.com'");
    CHECK(refused({"--dir", "in", "add", "x"}) ==
          "'--dir': stands before the command; write it behind, as in smtpblock add --dir");
    CHECK(refused({"reload"}) == "'reload': no such command; see smtpblock --help");
}

TEST_CASE("a mistyped value gets the nearest one named") {
    CHECK(refused({"add", "--type", "eglo", "x"}).find("did you mean 'ehlo'?") !=
          std::string::npos);
    CHECK(refused({"add", "--action", "alow", "x"}) ==
          "'alow': no action; did you mean 'allow'?; write reject, defer, allow or log");
    CHECK(refused({"list", "--sort", "expire"}).find("did you mean 'expires'?") !=
          std::string::npos);
    CHECK(refused({"help", "lst"}) ==
          "'lst': no such command; did you mean 'list'?; see smtpblock help");
}

TEST_CASE("what does not go together is refused") {
    CHECK(refused({"add", "--for", "1h", "--until", "18:00", "x"}) ==
          "--for excludes --until; see smtpblock add --help");
    refused({"add", "--replace", "--if-absent", "x"});
    refused({"edit", "1", "--forever", "--for", "1h"});
    refused({"edit", "1", "--until", "18:00", "--forever"});
    refused({"list", "--all", "--expired"});
    refused({"list", "--all", "--expiring", "1d"});
    CHECK(refused({"show", "1", "2"}) ==
          "'2': show takes one rule at a time; see smtpblock show --help");
    CHECK(refused({"list", "x"}) == "'x': list takes options only; see smtpblock list --help");
    CHECK(refused({"add", "--type"}) == "--type: needs a value; write --type email|ehlo");
    CHECK(refused({"list", "--json=yes"}) == "'--json=yes': takes no value; write --json");
    CHECK(refused({}).find("no command") == 0);
}

TEST_CASE("help begins with what a command is for, and examples") {
    CHECK(help_of({"--version"}) == "smtpblock " SMTPBLOCK_VERSION "\n");
    CHECK(help_of({"--help"}).find("Examples:\n  smtpblock add") < 100);
    CHECK(help_of({"help"}) == help_of({"--help"}));
    CHECK(help_of({"help", "rm"}) == help_of({"delete", "--help"}));
    const std::string program = help_of({"--help"});
    std::istringstream all(program);
    for (const CommandEntry& entry : command_entries()) {
        const char* command = entry.name;
        INFO(command);
        const std::string help = help_of({command, "--help"});
        all.str(all.str() + help);
        CHECK(help.find(std::string("Examples:\n  smtpblock ") + command) < 120);
        CHECK(help.find("--store DIR") != std::string::npos);
        CHECK(help_of({command, "-h"}) == help);
        CHECK(help_of({"help", command}) == help);
        CHECK(program.find(std::string("\n  ") + command) != std::string::npos);
    }
    for (std::string line; std::getline(all, line);) {
        INFO(line);
        CHECK(line.size() < 80);
    }
}
