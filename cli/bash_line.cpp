#include "cli/bash_line.h"

#include "common/text.h"

namespace smtpblock {
namespace {

constexpr std::string_view special_in_double_quotes = "$`\"\\";

class Reader {
public:
    Reader(std::string_view line, std::string_view word_breaks)
        : line_(line), word_breaks_(word_breaks) {}

    BashLine read() {
        for (; at_ < line_.size(); ++at_) {
            const char c = line_[at_];
            if (read_.quote != '\0')
                inside_quotes(c);
            else
                outside(c);
        }
        read_.words.push_back(std::move(word_));
        return std::move(read_);
    }

private:
    bool is_break(char c) const { return word_breaks_.find(c) != std::string_view::npos; }
    bool next_is(std::string_view any) const {
        return at_ + 1 < line_.size() && any.find(line_[at_ + 1]) != std::string_view::npos;
    }

    void outside(char c) {
        in_word_ = in_word_ || (c != ' ' && c != '\t' && c != '\n' && c != '<' && c != '>');
        if (c == ' ' || c == '\t' || c == '\n') {
            end_word();
        } else if (c == '<' || c == '>') {
            end_word();
            read_.is_file = true;
        } else if (c == '\\') {
            if (at_ + 1 < line_.size()) word_ += line_[++at_];
        } else if (c == '\'' || c == '"') {
            read_.quote = c;
            read_.before = word_;
        } else {
            if (c == '@' && is_break(c)) read_.before = word_;  // bash keeps it with what follows
            word_ += c;
            if (c != '@' && is_break(c)) read_.before = word_;
        }
    }

    void inside_quotes(char c) {
        if (c == read_.quote) {
            read_.quote = '\0';
            if (is_break(c)) read_.before = word_;
        } else if (c == '\\' && read_.quote == '"' && next_is(special_in_double_quotes)) {
            word_ += line_[++at_];
        } else {
            word_ += c;
        }
    }

    /// What a redirection reads or writes is no word of the command's.
    void end_word() {
        if (!in_word_) return;
        if (!read_.is_file) read_.words.push_back(word_);
        word_.clear();
        read_.before.clear();
        read_.is_file = false;
        in_word_ = false;
    }

    std::string_view line_;
    std::string_view word_breaks_;
    std::size_t at_ = 0;
    std::string word_;
    bool in_word_ = false;
    BashLine read_;
};

}  // namespace

BashLine read_bash_line(std::string_view line, std::string_view word_breaks) {
    return Reader(line, word_breaks).read();
}

std::string quoted_for_bash(std::string_view text, char quote) {
    constexpr std::string_view plain = "_./:@%+=,-";
    std::string out;
    for (const char c : text) {
        if (quote == '\'' && c == '\'')
            out += "'\\''";
        else if (quote == '\'')
            out += c;
        else if (quote == '"' && special_in_double_quotes.find(c) != std::string_view::npos)
            out.append(1, '\\').append(1, c);
        else if (quote == '"' || is_letter(c) || is_digit(c) || is_eight_bit(c) ||
                 plain.find(c) != std::string_view::npos)
            out += c;
        else
            out.append(1, '\\').append(1, c);
    }
    return out;
}

}  // namespace smtpblock
