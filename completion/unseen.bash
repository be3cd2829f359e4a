# Completion for unseen(1). Subcommands and options come from the program's own --help, so that this
# file never falls behind it.

_unseen()
{
    local current=${COMP_WORDS[COMP_CWORD]} program=${COMP_WORDS[0]} subcommand="" word help
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in
            -*) ;;
            *) subcommand=$word; break ;;
        esac
    done
    COMPREPLY=()
    if [[ $current == -* ]]; then
        # shellcheck disable=SC2086
        help=$("$program" $subcommand --help 2>/dev/null)
        mapfile -t COMPREPLY < <(compgen -W "$(grep -oE -- '--[a-z][a-z0-9-]*' <<<"$help" | sort -u)" \
            -- "$current")
    elif [[ -z $subcommand ]]; then
        # Subcommands stand two blanks in, followed by two blanks or more and what they do.
        help=$("$program" --help 2>/dev/null)
        mapfile -t COMPREPLY < <(compgen -W "$(sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' <<<"$help")" \
            -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        compopt -o filenames 2>/dev/null
    fi
}

complete -F _unseen unseen
