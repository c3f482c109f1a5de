// What --help prints before the options: what a command is for, in a line, and examples.
#pragma once

namespace smtpblock::help {

extern const char program[];
extern const char init[];
extern const char add[];
extern const char edit[];
extern const char remove[];
extern const char list[];
extern const char show[];
extern const char check[];
extern const char import_[];
extern const char export_[];
extern const char apply[];
extern const char probe[];
extern const char history[];
extern const char undo[];
extern const char pause[];
extern const char resume[];
extern const char status[];
extern const char backup[];
extern const char restore[];
extern const char help[];

}  // namespace smtpblock::help
