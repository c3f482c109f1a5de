# bash completion for smtpblock(1)

# The rules that begin with what was typed, as $1 list ... shows them: patterns, or IDs behind a
# digit. Nothing is ever evaluated: a pattern may be anybody's text.
_smtpblock_rules() {
    local program=$1 typed=$2 quote=$3 id pattern
    shift 3
    while IFS=$'\t' read -r id _ _ _ _ pattern _; do
        pattern=${pattern//\\\\/\\}
        [[ $id == "$typed"* && -n $typed ]] && COMPREPLY+=("$id")
        [[ $pattern == "$typed"* ]] || continue
        [[ $quote ]] || printf -v pattern %q "$pattern"
        COMPREPLY+=("$pattern")
    done < <("$program" list "$@" 2>/dev/null </dev/null)
}

_smtpblock_words() {
    local typed=$1 word
    shift
    for word; do
        [[ $word == "$typed"* ]] && COMPREPLY+=("$word")
    done
}

_smtpblock() {
    local program=${1:-smtpblock} line word command='' option='' quote='' i
    local everywhere='--store --config --json --quiet --color --help'
    local -a words=() ask=()
    COMPREPLY=()

    # COMP_WORDS is split at @, : and = as well: words are taken from the line.
    line=${COMP_LINE:+${COMP_LINE:0:COMP_POINT}}
    line=${line:-${COMP_WORDS[*]:0:COMP_CWORD+1}}
    read -ra words <<<"${line//=/ = }x"
    word=${words[-1]%x}
    unset 'words[-1]'

    for ((i = 1; i < ${#words[@]}; i++)); do
        case ${words[i]} in
        --store | --config | --type)
            option=${words[i]}
            [[ ${words[i + 1]-} == '=' ]] && ((i++))
            if ((i + 1 < ${#words[@]})); then
                ask+=("$option" "${words[++i]}")
                option=
            fi
            ;;
        --color | --group | --admin-group | --limit | --dir | --action | --for | --until | \
            --description | --pattern | --match | --sort | --expiring | --ehlo | --from | --user | \
            --format | --to)
            option=${words[i]}
            [[ ${words[i + 1]-} == '=' ]] && ((i++))
            ((i + 1 < ${#words[@]})) && ((++i)) && option=
            ;;
        -*) ;;
        *) command=${command:-${words[i]}} ;;
        esac
    done

    case $word in
    [\'\"]*) quote=${word:0:1} word=${word:1} ;;
    *) word=${word//\\/} ;;
    esac

    case $option in
    --store) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    --config) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    --group | --admin-group) mapfile -t COMPREPLY < <(compgen -g -- "$word") ;;
    --color) _smtpblock_words "$word" auto always never ;;
    --type) _smtpblock_words "$word" email ehlo ;;
    --dir) _smtpblock_words "$word" in out both ;;
    --action) _smtpblock_words "$word" reject defer allow log ;;
    --for | --expiring) _smtpblock_words "$word" 15m 2h 1d 1w ;;
    --format) _smtpblock_words "$word" json csv text postfix ;;
    --sort) _smtpblock_words "$word" id type dir action expires pattern created updated ;;
    '') _smtpblock_command ;;
    esac

    # What bash takes for typed already, up to the last @ or :, must not be given again.
    local before=${word%"${word##*[@:]}"}
    if [[ $before && ! $quote && $COMP_WORDBREAKS == *"${before: -1}"* ]]; then
        printf -v before %q "$before"
        for i in "${!COMPREPLY[@]}"; do
            COMPREPLY[i]=${COMPREPLY[i]#"$before"}
        done
    fi
}

# What may stand where no option waits for its value. Uses the variables of _smtpblock.
_smtpblock_command() {
    local options
    case $command in
    init) options='--group --admin-group' ;;
    add) options='--type --dir --action --for --until --description --replace --if-absent --dry-run --yes' ;;
    edit) options='--type --pattern --dir --action --for --until --forever --description' ;;
    delete | rm) options='--type --expired' ;;
    list | ls) options='--type --dir --action --match --sort --expiring --expired --all' ;;
    show) options='--type' ;;
    check) options='--dir --ehlo --from --user' ;;
    import)
        options='--format --dry-run --skip-bad --replace --if-absent --type --dir --action --for'
        options+=' --until --description'
        ;;
    export) options='--format --type' ;;
    apply) options='--prune --dry-run' ;;
    probe) options='--ehlo --from --user --to' ;;
    history) options='--limit --type' ;;
    pause) options='--for' ;;
    status) options='--verify' ;;
    undo | resume | backup | restore | help) options='' ;;
    '')
        options='--version'
        [[ $word == -* ]] ||
            _smtpblock_words "$word" init add edit delete rm list ls show check probe import export \
                apply history undo pause resume status backup restore help
        ;;
    *) return ;;
    esac
    # shellcheck disable=SC2086
    [[ $word == -* ]] && _smtpblock_words "$word" $options $everywhere
    [[ $command != help ]] ||
        _smtpblock_words "$word" init add edit delete list show check probe import export apply \
            history undo pause resume status backup restore
    case $command in
    import | apply | backup | restore)
        [[ $word == -* ]] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
        ;;
    edit | delete | rm | show | history)
        [[ $word == -* ]] || _smtpblock_rules "$program" "$word" "$quote" --all "${ask[@]}"
        ;;
    esac
}

complete -F _smtpblock smtpblock
