#include "common/absent_keys.h"

#include <algorithm>

namespace smtpblock {

AbsentKeys::AbsentKeys() : places_(std::make_unique<Places>()) {}

void AbsentKeys::clear() {
    if (++generation_ != 0) return;
    *places_ = {};
    generation_ = 1;
}

bool AbsentKeys::contains(std::string_view key) const {
    const Place& place = (*places_)[place_of(key)];
    return place.generation == generation_ &&
           key == std::string_view(place.key.data(), place.octets);
}

void AbsentKeys::insert(std::string_view key) {
    Place& place = (*places_)[place_of(key)];
    if (key.size() > place.key.size()) return;
    place.generation = generation_;
    place.octets = static_cast<std::uint8_t>(key.size());
    std::copy(key.begin(), key.end(), place.key.begin());
}

}  // namespace smtpblock
