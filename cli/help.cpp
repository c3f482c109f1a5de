#include "cli/help.h"

namespace smtpblock::help {

const char program[] = R"(Stop a sender now, without touching the mail server.

Examples:
  smtpblock add spammer@example.com              block a sender or an account
  smtpblock add --type ehlo --dir both ylmf-pc   block what greets with a name
  smtpblock add --for 2h30m --type email example.net
  smtpblock list
  smtpblock check --from spammer@example.com     what would happen, and why
  smtpblock undo                                 take the last edit back
  smtpblock delete spammer@example.com
)";

const char init[] = R"(Make the store. 'add' makes it too; twice does no harm.

Examples:
  smtpblock init
  smtpblock init --group postfix
  smtpblock init --admin-group mailadmins        who may edit without root
)";

const char add[] = R"(Add rules, all or none. They are in force when it returns.

Examples:
  smtpblock add spammer@example.com
  smtpblock add --type email example.com '*.example.com'   and all below it
  smtpblock add --type ehlo ylmf-pc 'host-*.example.net' '[192.0.2.7]'
  smtpblock add --for 2h30m --description 'ticket 4711' user@ '<>'
  smtpblock add --dir in boss@example.com        who poses as the boss
  smtpblock add --action allow good@example.com  but for him
  generate-list | smtpblock add --type ehlo --if-absent -
)";

const char edit[] = R"(Change a rule in place. Its ID stays.

Examples:
  smtpblock edit 17 --for 1w
  smtpblock edit spammer@example.com --action defer --forever
  smtpblock edit --type ehlo ylmf-pc --pattern '*.example.net'
)";

const char remove[] = R"(Delete rules, all or none. From then on they stop nobody.

Examples:
  smtpblock delete 17
  smtpblock delete spammer@example.com example.net
  smtpblock delete --type ehlo 12                a pattern of digits, no ID
  smtpblock delete --expired
)";

const char list[] = R"(List rules: a table, or in a pipe tab-separated fields.

Examples:
  smtpblock list
  smtpblock list --type ehlo --match example
  smtpblock list --expiring 1d --sort expires
  smtpblock list | cut -f6                       the patterns alone
  smtpblock list --quiet --match example.net | xargs -r smtpblock delete
)";

const char show[] = R"(Show one rule in full, and what it caught last.

Examples:
  smtpblock show 17
  smtpblock show --json spammer@example.com
)";

const char check[] = R"(Say what smtpblockd would do now, and by which rule.

Examples:
  smtpblock check --from spammer@example.com
  smtpblock check --dir out --user alice@example.com --ehlo laptop
  smtpblock check --quiet --ehlo ylmf-pc || echo blocked

Exit status 10: it would block. 'probe' asks a server the same.
)";

const char import_[] = R"(Add the rules of a file, all or none, in one edit.

Examples:
  smtpblock import rules.csv
  smtpblock import --dry-run --skip-bad list.txt --type email
  smtpblock import --format postfix /etc/postfix/sender_access
  smtpblock export | ssh other smtpblock import --replace --format json -
)";

const char export_[] = R"(Write all rules to standard output, as import reads them.

Examples:
  smtpblock export > rules.json
  smtpblock export --format csv > rules.csv
  smtpblock export --format text --type email
)";

const char apply[] = R"(Make the store equal to a file, and print what that changes.

Examples:
  smtpblock apply --prune rules.csv
  smtpblock apply --dry-run rules.json           what it would change

Exit status 11, with --dry-run: something would change.
)";

const char probe[] = R"(Play a sender before a server, and show what he would see.

Examples:
  smtpblock probe 127.0.0.1 --from spammer@example.com
  smtpblock probe mx.example.org --ehlo ylmf-pc --to bob@example.org
  smtpblock probe '[2001:db8::1]:587' --user alice@example.com
  smtpblock probe unix:/run/smtpblock/in --ehlo ''   who greets not at all
  smtpblock probe --policy 127.0.0.1:10040 --user alice@example.com

No mail is sent. Exit status 10: refused. 'check' asks the rules the same.
)";

const char history[] = R"(Show every edit, the last one first: when, who and what.

Examples:
  smtpblock history --limit 5
  smtpblock history spammer@example.com
  smtpblock history --json 17
)";

const char undo[] = R"(Take the last edits back. That can be undone as well.

Examples:
  smtpblock undo
  smtpblock undo 3
)";

const char pause[] = R"(Let everything pass for a while: is it smtpblock?

Examples:
  smtpblock pause
  smtpblock pause --for 1h

It ends by itself, or with 'smtpblock resume'.
)";

const char resume[] = R"(End a pause. The rules are in force again when it returns.

Examples:
  smtpblock resume
)";

const char status[] = R"(Show the state of the store, and who reads it.

Examples:
  smtpblock status
  smtpblock status --json
  smtpblock status --verify
)";

const char backup[] = R"(Write a copy of all rules, while everything goes on.

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
