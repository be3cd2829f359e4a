# Completion for unseen(1). Subcommands, options and what they take come from the program's own --help, so that this file
# never falls behind it. Only the words that a few options take stand here; tests/completion.sh tries each.

# Prints the line of --help about option $2 of the help $1, and what it takes: "--count N  take N images".
_unseen_option()
{
    grep -E -m 1 -e "^ +(-[a-zA-Z], )?$2( |\$)" -e "^ +$2, --" <<<"$1" | sed -E 's/^ +(-[a-zA-Z], )?//'
}

# Files of these endings, plain or .gz, and folders; all files when there is no ending.
_unseen_files()
{
    local current=$1 file ending
    shift
    compopt -o filenames 2>/dev/null
    while IFS= read -r file; do
        [[ $# -eq 0 || -d $file ]] && { COMPREPLY+=("$file"); continue; }
        for ending in "$@"; do
            # shellcheck disable=SC2053
            [[ ${file##*/} == $ending || ${file##*/} == $ending.gz ]] && { COMPREPLY+=("$file"); break; }
        done
    done < <(compgen -f -- "$current")
}

# What the argument of an option or of the usage may be, by its name there.
_unseen_argument()
{
    local current=$1 argument=$2
    case $argument in
        DIR) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
        MODEL.onnx | OUT.onnx) _unseen_files "$current" '*.onnx' ;;
        PAGE.html) _unseen_files "$current" '*.html' ;;
        IMAGE) _unseen_files "$current" '*.pgm' '*-ubyte' '*.bin' '*.idx' '*images*' ;;
        N | I | L | T | S | P | M | R | E | B | BITS | BYTES | I/N | PORT) ;;
        *) _unseen_files "$current" ;;
    esac
}

_unseen()
{
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} program=${COMP_WORDS[0]}
    local subcommand="" word help option usage place=0 i words=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        [[ $word == -* || -n $subcommand ]] || subcommand=$word
    done
    COMPREPLY=()
    if [[ -z $subcommand || $subcommand == help ]]; then
        # Subcommands stand two blanks in, followed by two blanks or more and what they do.
        help=$("$program" --help 2>/dev/null)
        word=$(sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' <<<"$help")
        [[ $current == -* ]] && word='--help --version'
        [[ -z $subcommand && $current != -* ]] && word+=$'\nhelp'
        mapfile -t COMPREPLY < <(compgen -W "$word" -- "$current")
        return
    fi
    help=$("$program" "$subcommand" --help 2>/dev/null)
    # "--option=value" comes as three words.
    if [[ $current == = ]]; then
        current=""
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD-2]}
    fi
    if [[ $before == -?* ]]; then
        option=$(_unseen_option "$help" "$before")
        case $option in
            *--color\ * | *--progress\ * | *--method\ * | *--relu\ *)
                # The words themselves stand in the help.
                word=$(case $option in
                    *--color\ *) echo auto always never ;;
                    *--progress\ *) echo auto always never json ;;
                    *--method\ *) echo auto ls chebyshev minimax ;;
                    *) echo poly sign ;;
                esac)
                mapfile -t COMPREPLY < <(compgen -W "$word" -- "$current")
                return ;;
            *--security\ *) mapfile -t COMPREPLY < <(compgen -W '128 192 256' -- "$current"); return ;;
            --*\ [A-Z]*)
                word=${option#--* }
                _unseen_argument "$current" "${word%% *}"
                return ;;
        esac
    fi
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W \
            "$(grep -E '^ *-' <<<"$help" | grep -oE -- '--[a-z][a-z0-9-]*' | sort -u)" -- "$current")
        return
    fi
    # Which of the usage's arguments this is: words before it that are neither options nor what options take.
    for ((i = 2; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == -* ]]; then
            option=$(_unseen_option "$help" "$word")
            [[ $option == --*\ [A-Z]* && $word != *=* ]] && ((i++))
        elif [[ $word != = ]]; then
            ((place++))
        fi
    done
    usage=$(sed -n '1s/^Usage: unseen [a-z-]*//p' <<<"$help" | tr -d '{}[]' | sed 's/ -.*//;s/ |.*//;s/ OPTION.*//')
    read -r -a words <<<"$usage"
    [[ ${#words[@]} -gt 0 ]] || return 0
    if [[ $place -lt ${#words[@]} ]]; then
        _unseen_argument "$current" "${words[place]%...}"
    elif [[ ${words[${#words[@]} - 1]} == *... ]]; then
        word=${words[${#words[@]} - 1]}
        _unseen_argument "$current" "${word%...}"
    fi
}

complete -F _unseen unseen
