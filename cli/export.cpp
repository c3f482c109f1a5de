// `smtpblock export`: the rules in force as a file that import and apply read.
#include "cli/commands.h"
#include "cli/rule_file_writer.h"
#include "common/store_reader.h"
#include "common/text.h"

namespace smtpblock {
namespace {

/// A file for a terminal: nothing in it acts there, but backslashes are what they are.
std::string shown(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto plain = text.substr(0, text.find_first_of("\\\n"));
        out += printable(plain);
        text.remove_prefix(plain.size());
        out += text.substr(0, 1);
        text.remove_prefix(std::min<std::size_t>(text.size(), 1));
    }
    return out;
}

}  // namespace

Result<int> run(const ExportArguments& arguments, const Context& context, Terminal& terminal) {
    const RuleFormat format = arguments.format.value_or(RuleFormat::json);
    if (format == RuleFormat::postfix)
        return fail(ErrorCode::bad_input,
                    "export: an access(5) table cannot say what rules say; use json, csv or text");
    auto reader = StoreReader::open(context.store);
    if (!reader) return std::move(reader).failure();
    RuleFileWriter writer(format);
    terminal.text(writer.header());
    auto walked = (*reader)->each([&](const Rule& rule) {
        if (expired(rule.expires, context.editor.now)) return true;
        if (arguments.type && *arguments.type != rule.pattern.type()) return true;
        const std::string_view line = writer.line(rule);
        terminal.text(terminal.for_people() ? shown(line) : line);
        return terminal.has_reader();
    });
    if (!walked) return std::move(walked).failure();
    auto status = finished(terminal, exit_done);
    for (const std::string& note : writer.notes())
        if (status) terminal.note(note);
    return status;
}

}  // namespace smtpblock
