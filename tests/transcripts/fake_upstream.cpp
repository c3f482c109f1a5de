#include "transcripts/fake_upstream.h"

#include "common/base64.h"
#include "common/text.h"
#include "daemon/smtp/command.h"
#include "daemon/smtp/sasl_plain.h"

namespace smtpblock::transcripts {

void FakeUpstream::gets(std::string_view bytes) {
    for (const char c : bytes) {
        if (chunk_left_ > 0) {
            message_ += c;
            if (--chunk_left_ == 0) end_chunk();
            continue;
        }
        line_ += c;
        if (line_.ends_with("\r\n")) take_line(std::exchange(line_, {}));
    }
}

void FakeUpstream::take_chunk_size(std::string_view line) {
    const auto chunk = smtp::ChunkArgument::parse(line.substr(5));
    chunk_octets_ = chunk_left_ = chunk ? chunk->octets : 0;
    last_chunk_ = chunk && chunk->last;
    if (chunk_left_ == 0) end_chunk();
}

void FakeUpstream::end_chunk() {
    if (last_chunk_) return end_message();
    expected_.push_back("BDAT");
    if (automatic_) answer_ += "250 2.0.0 Ok: " + std::to_string(chunk_octets_) + " bytes\r\n";
}

void FakeUpstream::end_message() {
    ++tally_.ends;
    tally_.messages.push_back(std::exchange(message_, {}));
    expected_.push_back("end");
    if (automatic_) answer_ += "250 2.0.0 Ok: queued by the robot\r\n";
}

void FakeUpstream::take_line(std::string line) {
    line.resize(line.size() - 2);
    if (in_message_) {
        if (line != ".") {
            message_ += line.substr(line.starts_with('.') ? 1 : 0) + "\r\n";
            return;
        }
        in_message_ = false;
        return end_message();
    }
    if (starts_with_ignoring_case(line, "BDAT ")) return take_chunk_size(line);
    if (starts_with_ignoring_case(line, "AUTH"))
        is_plain_ = starts_with_ignoring_case(line, "AUTH PLAIN");
    else if (!in_auth_)
        is_plain_ = false;
    if (is_plain_) look_for_secret(line);
    if (std::exchange(in_auth_, false)) return expected_.push_back("response");
    if (!expected_.empty() && expected_.back() == "DATA") tally_.early_message = true;
    if (starts_with_ignoring_case(line, "RCPT TO:<"))
        ++tally_.recipients[line.substr(9, line.rfind('>') - 9)];
    if (equal_ignoring_case(line, "DATA")) ++tally_.data;
    if (equal_ignoring_case(line, "RSET") || equal_ignoring_case(line, "DATA")) message_.clear();
    if (automatic_) answer_ += answer_to(line);
    expected_.push_back(std::move(line));
}

void FakeUpstream::look_for_secret(std::string_view line) {
    const auto decoded = base64_decode(line.substr(line.rfind(' ') + 1));
    if (decoded && smtp::PlainMessage::parse(*decoded).secret == "secret") ++tally_.plain_secrets;
}

std::string FakeUpstream::answer_to(const std::string& line) const {
    if (starts_with_ignoring_case(line, "EHLO"))
        return "250-mx.example.org\r\n250-PIPELINING\r\n250-SIZE "
               "1000\r\n250-STARTTLS\r\n250-CHUNKING\r\n"
               "250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n";
    if (starts_with_ignoring_case(line, "AUTH")) return "535 5.7.8 Error: robots know nobody\r\n";
    if (equal_ignoring_case(line, "STARTTLS")) return "220 2.0.0 Ready to start TLS\r\n";
    if (equal_ignoring_case(line, "DATA")) return "354 End data with <CR><LF>.<CR><LF>\r\n";
    return "250 2.0.0 Ok\r\n";
}

void FakeUpstream::said(std::string_view bytes) {
    tally_.everything += bytes;
    for (const char c : bytes) {
        reply_line_ += c;
        if (c == '\n') take_reply(std::exchange(reply_line_, {}));
    }
}

void FakeUpstream::take_reply(const std::string& line) {
    if (line.size() > 3 && line[3] == '-') return;
    if (expected_.empty()) return;
    const std::string question = std::move(expected_.front());
    expected_.pop_front();
    if (equal_ignoring_case(question, "DATA") && line.starts_with('3')) in_message_ = true;
    in_auth_ = line.starts_with("334");
    if (question == "end" && line.starts_with('2')) ++tally_.messages_taken;
}

}  // namespace smtpblock::transcripts
