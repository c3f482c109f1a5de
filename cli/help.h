// What --help prints before the options: what a command is for, and examples.
#pragma once

namespace smtpblock::help {

extern const char* const program;
extern const char* const init;
extern const char* const add;
extern const char* const edit;
extern const char* const remove;
extern const char* const list;
extern const char* const show;
extern const char* const check;
extern const char* const status;

}  // namespace smtpblock::help
