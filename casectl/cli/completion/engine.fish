
# Whether $argv[1] is a negated term of a query, in a command that takes one.
function __casectl_negated
    contains query $__casectl_arguments; and string match -qr '^-[[:alpha:]][^=<>:]*[:=<>]' -- $argv[1]
end

# The kind of the value of option $argv[1]; nothing for a flag.
function __casectl_kind
    for row in $__casectl_options
        set -l parts (string split -m 2 '|' -- $row)
        if contains -- $argv[1] (string split ',' -- $parts[1])
            echo $parts[2]
            return
        end
    end
end

# Prints words of kind $argv[1] that begin with $argv[2], each behind $argv[3]. What is not known here is asked of
# casectl, which answers within a second or not at all.
function __casectl_value
    switch "$argv[1]"
        case '' text
        case file
            for path in (__fish_complete_path "$argv[2]")
                echo "$argv[3]$path"
            end
        case 'words:*'
            for word in (string split ' ' -- (string replace 'words:' '' -- $argv[1]))
                echo "$argv[3]$word"
            end
        case '*'
            set -l about ''
            test "$__casectl_arguments[1]" = case; and set about "$__casectl_positionals[1]"
            for row in ($__casectl_program __complete "$argv[1]" "$argv[2]" "$about" "$__casectl_command" $__casectl_words 2>/dev/null </dev/null)
                echo "$argv[3]$row"
            end
    end
end

function __casectl_flags
    for row in $__casectl_options
        set -l parts (string split -m 2 '|' -- $row)
        for name in (string split ',' -- $parts[1])
            printf '%s\t%s\n' $name $parts[3]
        end
    end
end

# Reads the words before the cursor: sets the command, its arguments so far, and the kind of value an option waits for.
function __casectl_read
    set -g __casectl_command ''
    set -g __casectl_positionals
    set -g __casectl_pending ''
    set -g __casectl_ended ''
    __casectl_describe ''
    for word in $__casectl_words
        if test -n "$__casectl_pending"
            set -g __casectl_pending ''
        else if test -z "$__casectl_ended" -a "x$word" = x--
            set -g __casectl_ended 1
        else if test -z "$__casectl_ended"; and string match -qr '^-.' -- $word; and not __casectl_negated $word
            string match -q -- '--*=*' $word; or set -g __casectl_pending (__casectl_kind $word)
        else if test (count $__casectl_positionals) -eq 0; and __casectl_subcommand "$__casectl_command" $word
            __casectl_describe "$__casectl_command"
        else
            set -a __casectl_positionals $word
        end
    end
end

function __casectl_complete
    set -l said (commandline -opc)
    set -l typed (commandline -ct)
    set typed (string unescape -- $typed 2>/dev/null; or string trim -l -c '\'"' -- $typed)
    set -g __casectl_program casectl
    string match -q '*/casectl' -- $said[1]; and test -x $said[1]; and set -g __casectl_program $said[1]
    set -g __casectl_words $said[2..-1]
    __casectl_read
    set -l count (count $__casectl_positionals)
    set -l known (count $__casectl_arguments)
    if test -n "$__casectl_pending"
        __casectl_value $__casectl_pending "$typed" ''
    else if test -z "$__casectl_ended"; and string match -q -- '--*=*' "$typed"
        set -l parts (string split -m 1 '=' -- $typed)
        __casectl_value (__casectl_kind $parts[1]; or echo '') "$parts[2]" "$parts[1]="
    else if test -z "$__casectl_ended"; and string match -q -- '-*' "$typed"
        __casectl_flags
        contains query $__casectl_arguments; and string match -qr '^-[[:alpha:]]' -- "$typed"; and __casectl_value query "$typed" ''
    else if test $known -eq 0
        test $count -eq 0; and __casectl_subcommands "$__casectl_command"
    else if test $count -lt $known
        __casectl_value $__casectl_arguments[(math $count + 1)] "$typed" ''
    else if test -n "$__casectl_rest"
        __casectl_value $__casectl_arguments[-1] "$typed" ''
    end
end

complete -c casectl -e
complete -c casectl -f -k -a '(__casectl_complete)'
