#include "cli/help.h"

namespace smtpblock::help {

const char program[] = R"(Stop a sender now, without touching the mail server.

Examples:
  smtpblock add spammer@example.com              block a sender or an account
  smtpblock add --type ehlo --dir both ylmf-pc   block what greets with a name
  smtpblock add --for 2h30m --type email example.net
  smtpblock list
  smtpblock check --from spammer@example.com     what would happen, and by which rule
  smtpblock delete spammer@example.com
)";

const char init[] = R"(Make the store. `add` does it where there is none; twice does no harm.

Examples:
  smtpblock init
  smtpblock init --group postfix
  smtpblock init --admin-group mailadmins        who may edit without being root
)";

const char add[] = R"(Add rules: all patterns or none. In force when it returns.

Examples:
  smtpblock add spammer@example.com
  smtpblock add --type ehlo --dir both ylmf-pc '*.dyn.example.net' '[192.0.2.7]'
  smtpblock add --for 2h30m --description 'ticket 4711' user@ '<>'
  generate-list | smtpblock add --type ehlo --if-absent -
  smtpblock add --type ehlo ''                   who greets with no name at all
)";

const char edit[] = R"(Change a rule in place. Its ID stays.

Examples:
  smtpblock edit 17 --for 1w
  smtpblock edit spammer@example.com --action defer --description 'may be a mistake'
  smtpblock edit --type ehlo ylmf-pc --pattern '*.example.net'
)";

const char remove[] =
    R"(Delete rules: all or none. Nothing fails because of them when it returns.

Examples:
  smtpblock delete 17
  smtpblock delete spammer@example.com example.net
  smtpblock delete --type ehlo 12                a pattern of digits, no ID
  smtpblock delete --expired
)";

const char list[] = R"(List rules: a table on a terminal, tab-separated fields in a pipe.

Examples:
  smtpblock list
  smtpblock list --type ehlo --match example
  smtpblock list --expiring 1d --sort expires
  smtpblock list | cut -f6                       the patterns alone
)";

const char show[] = R"(Show one rule in full.

Examples:
  smtpblock show 17
  smtpblock show --json spammer@example.com
)";

const char check[] =
    R"(Say what smtpblockd would do now, and by which rule. Exit status 10: block.

Examples:
  smtpblock check --from spammer@example.com
  smtpblock check --dir out --user alice@example.com --ehlo laptop.example.com
  smtpblock check --quiet --ehlo ylmf-pc || echo blocked
)";

const char import_[] = R"(Add the rules of a file: all or none, in one edit.

Examples:
  smtpblock import rules.csv
  smtpblock import --dry-run --skip-bad list.txt --type email
  smtpblock import --format postfix /etc/postfix/sender_access
  smtpblock export | ssh other smtpblock import --replace --format json -
)";

const char export_[] = R"(Write all rules to standard output, as import and apply read them.

Examples:
  smtpblock export > rules.json
  smtpblock export --format csv > rules.csv
  smtpblock export --format text --type email
)";

const char apply[] = R"(Make the store equal to a file, and print what that changes.

Examples:
  smtpblock apply --prune rules.csv
  smtpblock apply --dry-run rules.json           exit status 11: something would change
)";

const char probe[] = R"(Play a sender before a server, and show what he would see. No mail is sent.

Examples:
  smtpblock probe 127.0.0.1 --from spammer@example.com
  smtpblock probe mx.example.org --ehlo ylmf-pc --to bob@example.org
  smtpblock probe '[2001:db8::1]:587' --user alice@example.com
  smtpblock probe unix:/run/smtpblock/in --ehlo ''   who greets not at all

`check` asks the rules, `probe` asks the server. Exit status 10: refused.
)";

const char history[] = R"(Show every edit, the last one first: when, who, what, before and after.

Examples:
  smtpblock history --limit 5
  smtpblock history spammer@example.com
  smtpblock history --json 17
)";

const char undo[] = R"(Take the last edits back. That is an edit itself, and can be undone.

Examples:
  smtpblock undo
  smtpblock undo 3
)";

const char pause[] = R"(Let everything pass for a while: is it smtpblock? It ends by itself.

Examples:
  smtpblock pause
  smtpblock pause --for 1h
)";

const char resume[] = R"(End a pause: the rules are in force again when it returns.

Examples:
  smtpblock resume
)";

const char status[] = R"(Show the state of the store and who reads it.

Examples:
  smtpblock status
  smtpblock status --json
  smtpblock status --verify
)";

const char backup[] = R"(Write a consistent copy of the rules, while everything goes on.

Examples:
  smtpblock backup /var/backups/smtpblock
)";

const char restore[] = R"(Make the rules what they were in a backup, in one edit.

Examples:
  smtpblock restore /var/backups/smtpblock
)";

const char help[] = R"(Explain a command, examples first.

Examples:
  smtpblock help
  smtpblock help add
)";

}  // namespace smtpblock::help
