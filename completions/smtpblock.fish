# fish completion for smtpblock(1): smtpblock itself knows what may stand where, and which rules
# there are.

function __smtpblock_complete
    set -l words (commandline -opc)
    # The word at the cursor without its quotes, the last of which may still be missing.
    set -l token (commandline -ct)
    set -l typed (string unescape -- $token; or string trim --left --chars '\'"' -- $token)
    set -l lines ($words[1] __complete words $words[2..-1] "$typed" 2>/dev/null </dev/null)
    set -l head (string split \t -- $lines[1])
    switch "$head[1]"
        case words
            printf '%s\n' $lines[2..-1]
        case files
            printf "$head[2]%s\n" (__fish_complete_path "$head[3]")
        case directories
            printf "$head[2]%s\n" (__fish_complete_directories "$head[3]")
        case groups
            printf "$head[2]%s\n" (__fish_complete_groups)
    end
end

complete -c smtpblock -f -a '(__smtpblock_complete)'
