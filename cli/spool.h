// Text that is to be printed later, when the store is no longer locked: a slow pipe must hold up
// nobody. Past some megabytes it goes to a temporary file.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/temporary_file.h"

namespace smtpblock {

class Spool {
public:
    /// What goes wrong is told by drain().
    void append(std::string_view text);
    bool empty() const { return text_.empty() && !file_; }
    /// Gives all of it to `print`, in pieces. Errors: failed (no temporary file, disk full).
    Result<void> drain(const std::function<void(std::string_view)>& print);

private:
    Result<void> to_file();

    std::string text_;
    std::optional<TemporaryFile> file_;
    std::optional<Failure> failure_;
};

}  // namespace smtpblock
