// The daemon's sign of life, given for as long as the event loop of every thread comes round. One
// that hangs takes it from all: its clients are served by nobody. The loops are asked at each beat
// alone, so that no event costs more by it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

#include "daemon/net/link.h"

namespace smtpblock::net {

class Pulse {
public:
    /// The first of `loops` is the one in which `beat` is called, at most once each `interval`; all
    /// must outlive the pulse, and the pulse what is posted to them.
    Pulse(std::vector<IoContext*> loops, std::chrono::microseconds interval,
          std::function<void()> beat);

    void start() { ask(); }

private:
    void ask();
    void on_answer();

    const std::vector<IoContext*> loops_;
    const std::chrono::microseconds interval_;
    const std::function<void()> beat_;
    Timer timer_;
    std::size_t silent_ = 0;  ///< loops that were asked and have not answered yet
};

}  // namespace smtpblock::net
