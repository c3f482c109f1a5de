#include "daemon/guard/query.h"

namespace smtpblock::guard {
namespace {

Direction with_out(Direction direction) {
    return direction == Direction::out ? Direction::out : Direction::both;
}

}  // namespace

Query query_for(smtp::Moment moment, const smtp::Subject& subject,
                std::string_view recipient_delimiter, Time now) {
    const bool at_auth = moment == smtp::Moment::auth;
    // Whoever may send through us is one of ours, whatever listener he came by.
    const bool ours = at_auth || subject.authenticated || subject.trusted;

    Query query;
    query.now = now;
    query.recipient_delimiter = recipient_delimiter;
    query.email_directions = ours ? Direction::out : subject.listener_direction;
    query.ehlo_directions =
        ours ? with_out(subject.listener_direction) : subject.listener_direction;
    query.users = subject.users;
    query.ehlo_names = subject.ehlo_names;
    if (at_auth) return query;
    query.sender = subject.sender;
    query.null_sender = subject.null_sender;
    return query;
}

}  // namespace smtpblock::guard
