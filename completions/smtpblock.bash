# bash completion for smtpblock(1)
#
# smtpblock itself knows what may stand where, and which rules there are: it is given the line up to
# the cursor and answers with words that are quoted already. Nothing of it is ever evaluated, since
# a pattern may be anybody's text.

_smtpblock() {
    local head
    COMPREPLY=()
    {
        IFS= read -r head
        mapfile -t COMPREPLY
    } < <("${1:-smtpblock}" __complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" \
        2>/dev/null </dev/null)
    case $head in
    files*) compopt -o default ;;
    directories*) compopt -o dirnames ;;
    groups*) mapfile -t COMPREPLY < <(compgen -g -- "${head##*$'\t'}") ;;
    esac
}

complete -F _smtpblock smtpblock
