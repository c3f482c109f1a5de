// Who is editing: kept with each rule that the edit touches.
#pragma once

#include <string>

namespace smtpblock {

/// The login name of the real user; `root (alice)` when alice got there by sudo, as sudo says.
std::string editor_name();

}  // namespace smtpblock
