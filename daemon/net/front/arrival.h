// A client that has just connected, before anything is known of it but from where it came.
#pragma once

#include "common/descriptor.h"
#include "common/endpoint.h"

namespace smtpblock::net {

struct Arrival {
    Descriptor socket;
    int family;       ///< AF_INET, AF_INET6 or AF_UNIX
    Endpoint client;  ///< over a unix socket 127.0.0.1, port 0
    Endpoint server;  ///< where it connected to; over a unix socket likewise
    bool is_local;    ///< over a unix socket: one of many clients with that address
};

}  // namespace smtpblock::net
