// Reads for root what another user could have written: in a child that has become that user, so
// that nothing of root's is at stake, whatever lies there.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <functional>
#include <string>

namespace smtpblock {

/// What `work` answers, in a child that is `owner`'s and has no file of ours open. Empty when it
/// fails, answers more than `most_octets` or takes longer than 10 s, however its user brings that
/// about.
std::string answer_as(const struct stat& owner, std::size_t most_octets,
                      const std::function<std::string()>& work);

/// Nobody else could have written it.
bool is_roots_alone(const struct stat& info);

}  // namespace smtpblock
