// Whatever goes on over a connection that a listener has taken, from its beginning to its end, in
// one thread.
#pragma once

#include <memory>

#include "daemon/guard/log.h"
#include "daemon/net/link.h"
#include "daemon/net/listener.h"

namespace smtpblock::net {

class Conversation;

/// Who keeps conversations; told once of each that has ended.
class ConversationOwner {
public:
    virtual ~ConversationOwner() = default;
    virtual void on_conversation_ended(Conversation& conversation) = 0;
};

class Conversation {
public:
    /// Everything that is referred to must outlive the conversation.
    struct Environment {
        IoContext& io;
        std::shared_ptr<Service> service;
        guard::Log& log;
        ConversationOwner& owner;
    };

    virtual ~Conversation() = default;
    virtual void start() = 0;
    /// The daemon is stopping; the second time, at once.
    virtual void drain() = 0;
    /// No new conversation will ask for `service`: one that would go on for ever by what it began
    /// with ends when nothing is under way.
    virtual void retire(const Service& service) { static_cast<void>(service); }
    /// Ends it whatever it wants.
    virtual void abandon() = 0;
};

}  // namespace smtpblock::net
