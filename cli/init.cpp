// `smtpblock init`: makes the store, or finds it made.
#include "cli/commands.h"
#include "cli/json.h"
#include "common/store_files.h"
#include "common/text.h"

namespace smtpblock {

Result<int> run(const InitArguments& arguments, const Context& context, Terminal& terminal) {
    const auto made = init_store(
        context.store, {arguments.group.value_or(""), arguments.admin_group.value_or("")});
    if (!made) return Failure(made.error());
    if (terminal.json()) {
        JsonObject json;
        json.string("store", context.store.root())
            .boolean("created", made->created)
            .string("group", made->group);
        if (!made->admin_group.empty()) json.string("admin_group", made->admin_group);
        terminal.line(json.text());
    } else if (!terminal.quiet()) {
        std::string line =
            fmt::format("{} {}: group {} reads it", printable(context.store.root()),
                        made->created ? "made" : "is there already", printable(made->group));
        if (!made->admin_group.empty())
            line += fmt::format(", group {} edits it", printable(made->admin_group));
        terminal.line(line);
    }
    for (const std::string& note : made->notes) terminal.note(note);
    return finished(terminal, exit_done, "made");
}

}  // namespace smtpblock
