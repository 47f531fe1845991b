
# Splits the line up to the cursor as the shell would: sets _words, _typed, and _head and _quote as they were where the
# part begins that readline will replace, which is $1 long.
_casectl_split() {
    local line=${COMP_LINE:0:COMP_POINT} quote='' word='' begun='' character index
    local at=$((COMP_POINT - $1))
    _words=() _head='' _quote=''
    for ((index = 0; index < ${#line}; index++)); do
        character=${line:index:1}
        if [[ $quote == \' ]]; then
            if [[ $character == \' ]]; then quote=''; else word+=$character; fi
        elif [[ $character == \\ ]]; then
            index=$((index + 1)) word+=${line:index:1} begun=1
        elif [[ $quote == \" ]]; then
            if [[ $character == \" ]]; then quote=''; else word+=$character; fi
        elif [[ $character == [\'\"] ]]; then
            quote=$character begun=1
        elif [[ $character == [[:space:]] ]]; then
            [[ -n $begun ]] && _words+=("$word")
            word='' begun=''
        else
            word+=$character begun=1
        fi
        [[ $index -eq $((at - 1)) ]] && _head=$word _quote=$quote
    done
    _typed=$word
}

# Sets _reply to $1 as it must be typed behind _head, where _quote is open; nothing where that cannot be done.
_casectl_quoted() {
    _reply=$1
    case $_quote in
    \')
        _reply=${_reply//\'/\'\\\'\'}
        ;;
    \")
        [[ $_reply == *\!* ]] && return 1
        _reply=${_reply//\\/\\\\} _reply=${_reply//\"/\\\"} _reply=${_reply//\$/\\\$} _reply=${_reply//\`/\\\`}
        # Behind an escaped quote at the end of the word readline would not close the one that is open.
        if [[ $_reply == *\" ]]; then _reply+=\"; fi
        ;;
    *)
        [[ -z $_reply ]] || printf -v _reply %q "$_reply"
        _reply=${_reply//\\,/,}
        ;;
    esac
}

_casectl() {
    local _command _pending _ended _options _rest _typed _head _quote _files='' _reply _program=casectl index shown
    local -a _words _positionals _arguments _texts _helps
    COMPREPLY=()
    _casectl_split "${#2}"
    [[ ${_words[0]-} == */casectl && -x ${_words[0]} ]] && _program=${_words[0]}
    _words=("${_words[@]:1}")
    _casectl_read
    _casectl_find
    if [[ -n $_files ]]; then
        compopt -o default 2>/dev/null
        return
    fi
    for ((index = 0; index < ${#_texts[@]}; index++)); do
        [[ ${_texts[index]} == "$_head"* ]] || continue
        _casectl_quoted "${_texts[index]:${#_head}}" || continue
        # What a word means is shown where words are only listed; elsewhere it would be typed as well.
        shown=''
        [[ ${COMP_TYPE-} -eq 63 && ${#_texts[@]} -gt 1 && -n ${_helps[index]} ]] && shown="  (${_helps[index]})"
        COMPREPLY+=("$_reply$shown")
    done
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:=,] ]] && compopt -o nospace 2>/dev/null
    return 0
}

complete -o nosort -F _casectl casectl 2>/dev/null || complete -F _casectl casectl
