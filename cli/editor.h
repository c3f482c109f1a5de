// Who is editing.
#pragma once

#include <string>

namespace smtpblock {

/// The login name of the real user; `root (alice)` when alice got there by sudo, as sudo says.
/// Kept with each rule that the edit touches.
std::string editor_name();

/// `by="root (alice)" uid=0 login_uid=1000`: the same for syslog, with what nobody can claim: the
/// real uid, and the kernel's uid of the login, if there was one.
std::string editor_identity();

}  // namespace smtpblock
