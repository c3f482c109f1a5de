// The lines of tests/data: `#` comments and empty lines left out; fields stand two or more spaces
// apart, since a pattern may hold one. `\xNN` is an octet, `{64*ab}` is `ab` 64 times, a field
// `\e` is empty.
#pragma once

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace smtpblock {

struct DataLine {
    std::string where;  ///< `patterns.good:12`
    std::vector<std::string> fields;
};

inline std::string unescaped(std::string text) {
    for (auto at = text.find("\\x"); at != std::string::npos; at = text.find("\\x", at + 1))
        text.replace(at, 4, 1, static_cast<char>(std::stoi(text.substr(at + 2, 2), nullptr, 16)));
    for (auto at = text.find('{'); at != std::string::npos; at = text.find('{', at + 1)) {
        const auto star = text.find('*', at);
        const auto end = text.find('}', at);
        if (star == std::string::npos || end == std::string::npos || star > end) continue;
        std::string repeated;
        for (int times = std::stoi(text.substr(at + 1)); times > 0; --times)
            repeated += text.substr(star + 1, end - star - 1);
        text.replace(at, end + 1 - at, repeated);
    }
    return text == "\\e" ? "" : text;
}

inline std::vector<DataLine> data_lines(const std::string& name) {
    std::ifstream file(std::string(TEST_DATA) + "/" + name);
    if (!file) throw std::runtime_error("cannot read tests/data/" + name);
    std::vector<DataLine> lines;
    int number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        if (line.empty() || line.front() == '#') continue;
        DataLine next{name + ":" + std::to_string(number), {}};
        for (std::size_t from = 0; from != std::string::npos;) {
            const auto gap = line.find("  ", from);
            next.fields.push_back(unescaped(line.substr(from, gap - from)));
            from = line.find_first_not_of(' ', gap);
        }
        lines.push_back(std::move(next));
    }
    return lines;
}

}  // namespace smtpblock
