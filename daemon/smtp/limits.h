// Bounds of a session that are not the administrator's to set, each with its source.
#pragma once

#include <cstddef>

namespace smtpblock::smtp::limits {

/// An AUTH command or response line with CRLF (RFC 4954 4); any other command:
/// SessionOptions::command_line.
inline constexpr std::size_t auth_line_octets = 12288;

/// What is skipped of a line that is too long, before the session ends.
inline constexpr std::size_t skipped_octets = 1024 * 1024;

/// A line of an upstream's reply with CRLF (RFC 5321 4.5.3.1.5); a 334 challenge may have
/// auth_line_octets.
inline constexpr std::size_t reply_line_octets = 512;

/// A recipient's path. RFC 5321 4.5.3.1.3 asks for 256; a reply that quotes a longer one than this
/// would be too long a line.
inline constexpr std::size_t recipient_octets = 400;

/// A response that tells how logins fail: a longer one may be refused for its length.
inline constexpr std::size_t usual_response_octets = 4096;

/// What is remembered of how an upstream refuses a login.
inline constexpr std::size_t learnt_failure_octets = 4096;

/// All lines of one reply together.
inline constexpr std::size_t reply_octets = 64 * 1024;

/// Answers that a client may leave outstanding before it is read no further (RFC 2920 3.1 has it
/// wait for DATA anyway): more than `recipients` of one transaction.
inline constexpr std::size_t pipelined = 1100;

/// What is read ahead of commands that cannot be taken yet.
inline constexpr std::size_t read_ahead_octets = 64 * 1024;

/// What a message may be ahead of an upstream that takes it slower than it comes.
inline constexpr std::size_t data_ahead_octets = 128 * 1024;

/// What is gathered of a chunk before the upstream is sent it, so that a client that sends a few
/// octets at a time costs no BDAT each.
inline constexpr std::size_t piece_octets = 16 * 1024;

/// What a client may leave unread of its answers before it is read no further.
inline constexpr std::size_t unread_answers_octets = 64 * 1024;

/// Different EHLO names of one connection (the contract: the ninth ends it).
inline constexpr std::size_t ehlo_names = 8;

}  // namespace smtpblock::smtp::limits
