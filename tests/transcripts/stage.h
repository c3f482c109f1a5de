// A Session between a client and an upstream of straw. It is driven as daemon/net drives it: bytes
// reach it while it wants to read, `piece` octets at a time, and what it has to say is taken the
// same way. All the while the invariants of the contract's "Never" are watched.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "daemon/smtp/output.h"
#include "daemon/smtp/session.h"
#include "transcripts/fake_policy.h"
#include "transcripts/fake_upstream.h"
#include "transcripts/transcript.h"

namespace smtpblock::transcripts {

class Stage {
public:
    enum class Connecting : std::uint8_t { answered, refused, silent, by_robot };

    Stage(const Transcript& transcript, std::size_t piece);

    void client_says(const std::string& bytes);
    void client_half_closes();
    void client_resets();
    /// False when there is no connection.
    bool upstream_says(const std::string& bytes);
    /// False when the session wants no handshake.
    bool client_starts_tls();
    bool upstream_starts_tls();
    bool upstream_closes();
    bool upstream_resets();
    void drain();
    void upstream_stops_reading() { upstream_reads_ = false; }
    void connecting(Connecting how);
    void time_passes(std::chrono::seconds time);
    /// Nobody does anything any more: the session has to come to its end.
    void wind_down();

    FakePolicy& policy() { return policy_; }

    std::string client_saw;    ///< and nobody has looked at yet
    std::string upstream_got;  ///< likewise
    bool client_ended = false;
    bool upstream_ended = false;
    int connections = 0;
    bool kept = false;  ///< the connection, for another session
    std::string everything_upstream_got;
    std::set<std::string> final_refusals;  ///< all 5xx lines that the client saw
    std::string upstream_said() const { return tally_.everything; }
    /// 354 or 334 when the client is to go on with that, else 0.
    int client_is_asked() const;
    int messages_accepted() const { return messages_accepted_; }
    /// The first invariant that did not hold; empty when all did.
    const std::string& broken() const { return broken_; }

private:
    void pump();
    bool connect();
    bool reuse();
    bool robot_starts_tls();
    bool close();
    bool write();
    void upstream_gets(std::string_view bytes);
    bool read();
    bool end_reading();
    void see(std::string_view bytes);
    void see_line(const std::string& line);
    void watch();
    void breaks(const std::string& what) {
        if (broken_.empty()) broken_ = what;
    }

    smtp::SessionOptions options_;
    smtp::UpstreamProfile profile_;
    FakePolicy policy_;
    smtp::Instant start_;
    smtp::Instant now_;
    std::size_t piece_;
    std::unique_ptr<smtp::Session> session_;

    Connecting connecting_ = Connecting::answered;
    bool idle_ = false;   ///< an earlier session has left a connection
    bool keeps_ = false;  ///< one that this one leaves is kept
    UpstreamTally tally_;
    std::optional<FakeUpstream> upstream_;      ///< while there is a connection
    smtp::Output from_client_, from_upstream_;  ///< said and not read yet
    bool client_is_up_ = true;
    bool client_closes_ = false;
    bool upstream_closes_ = false;
    bool upstream_reads_ = true;
    bool header_is_due_ = false;  ///< of the PROXY protocol, by the connection there is
    std::string header_;          ///< what has come of it

    std::string seen_line_;
    std::string said_in_message_;
    int last_code_ = 0;
    bool in_message_ = false;    ///< the client may send a message
    bool end_is_due_ = false;    ///< the next reply answers a message
    int messages_accepted_ = 0;  ///< 2xx seen for a message
    std::string broken_;
};

}  // namespace smtpblock::transcripts
