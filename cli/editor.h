// Who is editing.
#pragma once

#include <string>

#include "common/edit_record.h"

namespace smtpblock {

/// The real user: by login name, `root (alice)` when alice got there by sudo, as sudo says; by uid;
/// and by the kernel's uid of the login, if there was one, which nobody can claim.
Editor editor_at(Time now);

/// `by="root (alice)" uid=0 login_uid=1000`: the same for syslog.
std::string identity_of(const Editor& editor);

}  // namespace smtpblock
