#include "cli/store_making.h"

#include "common/store_files.h"
#include "common/text.h"

namespace smtpblock {

Result<void> make_store(const StorePaths& store, Terminal& terminal) {
    auto made = init_store(store, {});
    if (!made) return std::move(made).failure();
    terminal.note(fmt::format("made the store {} for group {}", printable(store.root()),
                              printable(made->group)));
    for (const std::string& note : made->notes) terminal.note(note);
    return {};
}

}  // namespace smtpblock
