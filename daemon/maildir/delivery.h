// One message on its way into a Maildir: written under tmp/, synced, and only then moved into new/,
// where readers see it. What is not committed leaves nothing behind. Every function here may wait
// for a disk, so none is called on the network's thread; one thread at a time.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/result.h"

namespace smtpblock::maildir {

/// Makes `directory` and its tmp/, new/ and cur/ where they are missing, for the owner alone, and
/// tries whether they can be written. Errors: not_permitted, failed (each with what to do).
Result<void> prepare(const std::string& directory);

class Delivery {
public:
    /// `host` becomes part of the file's name.
    Delivery(const std::string& directory, std::string_view host);
    /// Removes what was not committed.
    ~Delivery();
    Delivery(const Delivery&) = delete;
    Delivery& operator=(const Delivery&) = delete;

    /// The head of the file's name: unique on this host for ever.
    const std::string& id() const { return id_; }
    std::chrono::sys_seconds started() const { return started_; }

    /// Each is false when the disk does not take it (why() says how it refused); then nothing more
    /// may be called.
    bool begin();
    bool append(std::string_view text);
    /// True once the message cannot be lost any more.
    bool commit();
    const std::string& why() const { return why_; }

private:
    bool failed(const char* what);

    std::string directory_;
    std::chrono::sys_seconds started_;
    std::string id_;
    std::string name_;
    std::string why_;
    int file_ = -1;
    bool in_tmp_ = false;
};

}  // namespace smtpblock::maildir
