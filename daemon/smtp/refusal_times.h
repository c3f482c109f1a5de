// How long an upstream takes to refuse a recipient: seen in sessions that it refused one in, so
// that the refusal of a blocked sender, about whom it is not asked, takes as long.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/smtp/session_options.h"

namespace smtpblock::smtp {

/// What an upstream has to be given before it can be asked about a recipient; all of it takes time.
enum class RcptNeeds : std::uint8_t { connection, mail, nothing };
inline constexpr std::size_t kinds_of_rcpt_needs = 3;

class RefusalTimes {
public:
    /// A recipient whose answer was waited for alone.
    struct Seen {
        RcptNeeds needs = RcptNeeds::nothing;
        std::uint32_t errors = 0;  ///< that the upstream had seen on the connection before
        Duration took{};           ///< from the client's RCPT to the answer
        bool refused = true;       ///< others count only until a refusal was seen
    };

    /// `soft_limit`: the errors after which an upstream is slow that was not seen to be, or not to.
    void learn(const Seen& seen, std::uint32_t soft_limit);
    /// Refusals since the last call of which other threads should know: the first ones, after which
    /// they have seen enough themselves, and what shows other pauses than before.
    std::vector<Seen> take_news();
    /// What somebody else has seen: no news here.
    void adopt(const Seen& seen, std::uint32_t soft_limit);
    /// How much longer it takes for each more recipient in one write.
    void learn_next(Duration took);

    /// One of the times that were seen lately, each in turn; 0 while nothing was seen.
    Duration draw(RcptNeeds needs);
    /// What is usual; likewise.
    Duration usual(RcptNeeds needs) const;
    /// Likewise, for a recipient that stands behind another one in the client's write.
    Duration draw_next();
    /// What is added to each reply after so many errors (Postfix's smtpd_soft_error_limit and
    /// smtpd_error_sleep_time); until another one was seen, a second.
    Duration pause(std::uint32_t errors, std::uint32_t soft_limit) const;

private:
    /// The last ones.
    class Lately {
    public:
        static constexpr std::size_t most = 32;

        void add(Duration took, bool refused);
        bool empty() const { return count_ == 0; }
        Duration draw() { return times_[drawn_++ % count_]; }
        Duration mean() const;

    private:
        std::array<Duration, most> times_{};
        std::size_t count_ = 0;
        std::size_t next_ = 0;
        std::size_t drawn_ = 0;
        bool refused_ = false;
    };

    std::optional<std::size_t> known(RcptNeeds needs) const;

    std::vector<Seen> news_;
    std::size_t told_ = 0;  ///< of all the news
    std::array<Lately, kinds_of_rcpt_needs> alone_;
    Lately next_;
    std::optional<std::uint32_t> slow_from_;
    Duration slow_by_ = std::chrono::seconds(1);
};

/// How many replies of the upstream stand between the question and the answer, where it is
/// connected.
constexpr int replies_to_rcpt(RcptNeeds needs) {
    return needs == RcptNeeds::nothing ? 1 : 2;
}

}  // namespace smtpblock::smtp
