
_casectl() {
    emulate -L ksh
    local _command _pending _ended _options _rest _typed _files='' _reply _program=casectl index shown
    local -a _words _positionals _arguments _texts _helps whole whole_shown open open_shown
    _words=("${(@Q)words[@]:0:$((CURRENT - 1))}")
    _typed=${(Q)PREFIX}
    [[ ${_words[0]} == */casectl && -x ${_words[0]} ]] && _program=${_words[0]}
    _words=("${_words[@]:1}")
    _casectl_read
    _casectl_find
    if [[ -n $_files ]]; then
        [[ $_typed == --*=* ]] && compset -P '*='
        emulate zsh -c _files
        return
    fi
    for ((index = 0; index < ${#_texts[@]}; index++)); do
        shown=${_texts[index]}
        [[ -n ${_helps[index]} ]] && shown="$shown  -- ${_helps[index]}"
        if [[ ${_texts[index]} == *[:=,] ]]; then
            open+=("${_texts[index]}") open_shown+=("$shown")
        else
            whole+=("${_texts[index]}") whole_shown+=("$shown")
        fi
    done
    # -U: they are chosen already, whatever the case of what was typed; zsh quotes what must be quoted.
    [[ ${#whole[@]} -gt 0 ]] && compadd -U -V casectl -l -d whole_shown -- "${whole[@]}"
    [[ ${#open[@]} -gt 0 ]] && compadd -U -V casectl -S '' -l -d open_shown -- "${open[@]}"
}

if [[ ${funcstack[1]-} == _casectl ]]; then
    _casectl "$@"
else
    compdef _casectl casectl
fi
