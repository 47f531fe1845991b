
# Sets _command, _positionals, _pending (the kind of value an option waits for) and _ended (behind --) from _words.
_casectl_read() {
    local word
    _command='' _pending='' _ended=''
    _positionals=()
    _casectl_command ''
    for word in "${_words[@]}"; do
        if [[ -n $_pending ]]; then
            _pending=''
        elif [[ -z $_ended && $word == -- ]]; then
            _ended=1
        elif [[ -z $_ended && $word == -?* ]] && ! _casectl_negated "$word"; then
            [[ $word == --*=* ]] || _pending=$(_casectl_kind "$word")
        elif [[ ${#_positionals[@]} -eq 0 ]] && _casectl_subcommand "$_command" "$word"; then
            _command=$_reply
            _casectl_command "$_command"
        else
            _positionals+=("$word")
        fi
    done
}

# Whether $1 is a negated term of a query, in a command that takes one.
_casectl_negated() {
    [[ " ${_arguments[*]} " == *' query '* && $1 == -[[:alpha:]]*[\<:=\>]* && $1 != --* ]]
}

# The kind of the value of option $1; nothing for a flag.
_casectl_kind() {
    local names kind help
    while IFS='|' read -r names kind help; do
        if [[ ,$names, == *,$1,* ]]; then
            printf '%s' "$kind"
            return
        fi
    done <<<"$_options"
}

# Prints the case that the command is about, where it is given.
_casectl_about() {
    [[ ${_arguments[0]-} == case ]] && printf '%s' "${_positionals[0]-}"
}

_casectl_offer() {
    _texts+=("$1")
    _helps+=("$2")
}

# Offers what may stand where $_typed is.
_casectl_find() {
    local kind count=${#_positionals[@]} last=$((${#_arguments[@]} - 1))
    _texts=() _helps=()
    if [[ -n $_pending ]]; then
        _casectl_value "$_pending" "$_typed" ''
    elif [[ -z $_ended && $_typed == --*=* ]]; then
        kind=$(_casectl_kind "${_typed%%=*}")
        _casectl_value "$kind" "${_typed#*=}" "${_typed%%=*}="
    elif [[ -z $_ended && $_typed == -* ]]; then
        _casectl_flags
        if [[ " ${_arguments[*]} " == *' query '* && $_typed == -[[:alpha:]]* ]]; then
            _casectl_value query "$_typed" ''
        fi
    elif [[ $last -lt 0 ]]; then
        [[ $count -gt 0 ]] || _casectl_subcommands "$_command"
    elif [[ $count -le $last ]]; then
        _casectl_value "${_arguments[count]}" "$_typed" ''
    elif [[ -n $_rest ]]; then
        _casectl_value "${_arguments[last]}" "$_typed" ''
    fi
}

_casectl_flags() {
    local names name kind help
    while IFS='|' read -r names kind help; do
        names=${names//,/ }
        while [[ -n $names ]]; do
            name=${names%% *}
            [[ $names == *' '* ]] && names=${names#* } || names=''
            [[ $name == "$_typed"* && ($name == --* || ${#_typed} -eq 2) ]] && _casectl_offer "$name" "$help"
        done
    done <<<"$_options"
}

# Offers words of kind $1 that begin with $2, each behind $3. What is not known here is asked of casectl, which answers
# within a second or not at all.
_casectl_value() {
    local text help words
    case $1 in
    '' | text) ;;
    file) _files=1 ;;
    words:*)
        words=${1#words:}
        while [[ -n $words ]]; do
            text=${words%% *}
            [[ $words == *' '* ]] && words=${words#* } || words=''
            [[ $text == "$2"* ]] && _casectl_offer "$3$text" ''
        done
        ;;
    *)
        while IFS=$'\t' read -r text help; do
            [[ -n $text ]] && _casectl_offer "$3$text" "$help"
        done < <("$_program" __complete "$1" "$2" "$(_casectl_about)" "$_command" "${_words[@]}" 2>/dev/null </dev/null)
        ;;
    esac
}
