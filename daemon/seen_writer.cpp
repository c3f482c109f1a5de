#include "daemon/seen_writer.h"

#include <exception>
#include <utility>

#include "common/seen_store.h"
#include "daemon/guard/log_record.h"

namespace smtpblock {
namespace {

using namespace std::chrono_literals;

/// As long as it lasts, that it cannot be written is said no oftener.
constexpr auto silence = 1h;

}  // namespace

SeenWriter::SeenWriter(StorePaths paths, guard::Sightings& sightings, guard::Log& log)
    : paths_(std::move(paths)), sightings_(sightings), log_(log), thread_([this] { run(); }) {}

SeenWriter::~SeenWriter() {
    sightings_.end();
    thread_.join();
}

void SeenWriter::run() {
    while (!sightings_.ended()) write(sightings_.wait(1s));
    write(sightings_.wait(0s));
}

/// Statistics are nothing to end for.
void SeenWriter::write(SeenRecords records) try {
    if (records.empty()) return;
    const auto added = add_seen(paths_, records);
    if (added && *added) return told_.reset();
    sightings_.give_back(std::move(records));
    if (!added) tell(added.error().message);
} catch (const std::exception& error) {
    tell(error.what());
}

void SeenWriter::tell(const std::string& why) {
    const auto now = std::chrono::steady_clock::now();
    if (told_ && now - *told_ < silence) return;
    told_ = now;
    guard::LogRecord record("store");
    record.add("detail", "what rules catch is not counted: " + why);
    record.write(log_, guard::LogLevel::warning);
}

}  // namespace smtpblock
