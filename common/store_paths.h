// Where the parts of a store lie. Pure: nothing here touches a disk.
#pragma once

#include <string>
#include <utility>

namespace smtpblock {

/// The store when neither the command line, the environment nor the configuration names one.
inline constexpr const char* default_store = "/var/lib/smtpblock";

class StorePaths {
public:
    explicit StorePaths(std::string root) : root_(std::move(root)) {}

    const std::string& root() const { return root_; }
    std::string rules() const { return root_ + "/rules"; }
    std::string rules_data() const { return rules() + "/data.mdb"; }
    std::string rules_lock() const { return rules() + "/lock.mdb"; }
    /// Statistics: the daemon's own, so that nothing of root's is ever in a folder it can write.
    std::string seen() const { return root_ + "/seen"; }
    /// The embedded Maildir of a daemon without an upstream.
    std::string maildir() const { return root_ + "/maildir"; }

private:
    std::string root_;
};

}  // namespace smtpblock
