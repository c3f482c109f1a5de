// The settings by which a policy request is judged: those of its own listener, or of the one that
// it names (policy_context).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/ip_address.h"
#include "common/rule.h"

namespace smtpblock::policy {

struct Context {
    std::string listener;  ///< its name
    Direction direction = Direction::in;
    std::string auth_domain{};
    std::vector<IpNetwork> trusted_networks{};
};

/// All listeners of a configuration, whatever their protocol, by name.
using Contexts = std::map<std::string, Context, std::less<>>;

}  // namespace smtpblock::policy
