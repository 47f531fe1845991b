
# Whether a word is a negated term of a query, in a command that takes one.
function Test-CasectlNegated([hashtable] $Known, [string] $Word) {
    return (@($Known.Arguments) -contains 'query') -and ($Word -match '^-\p{L}[^:=<>]*[:=<>]')
}

# The kind of the value of an option; nothing for a flag.
function Get-CasectlKind([hashtable] $Known, [string] $Name) {
    foreach ($row in $Known.Options) {
        $names, $kind, $help = $row.Split('|', 3)
        if ($names.Split(',') -ccontains $Name) { return $kind }
    }
    return ''
}

# Words of a kind that begin with what was typed, each as text, a tab and what it means. What is not known here is
# asked of casectl, which answers within a second or not at all.
function Get-CasectlValue([string] $Kind, [string] $Typed, [string] $About, [string] $Command, [string[]] $Words) {
    if ($Kind -eq '' -or $Kind -eq 'text') { return }
    if ($Kind -eq 'file') {
        Get-ChildItem -Path "$Typed*" -ErrorAction SilentlyContinue | ForEach-Object {
            $folder = Split-Path -Path $Typed -Parent -ErrorAction SilentlyContinue
            $(if ($folder) { Join-Path -Path $folder -ChildPath $_.Name } else { $_.Name })
        }
        return
    }
    if ($Kind.StartsWith('words:')) {
        $Kind.Substring(6).Split(' ') | Where-Object { $_.StartsWith($Typed) }
        return
    }
    $before = [Console]::OutputEncoding
    try {
        [Console]::OutputEncoding = [System.Text.Encoding]::UTF8
        # An empty argument is lost on the way in older versions, so each is sent behind a sign of its own.
        $sent = @($Kind, $Typed, $About, $Command) + @($Words) | ForEach-Object { "=$_" }
        & casectl __complete --marked @sent 2>$null
    } catch {
        return
    } finally {
        [Console]::OutputEncoding = $before
    }
}

# A word as PowerShell takes it for text alone: in single quotes where it holds anything but plain characters.
function Get-CasectlQuoted([string] $Text) {
    if ($Text -match '^[A-Za-z0-9_./:=+-]+$') { return $Text }
    return "'" + ($Text -replace "(['\u2018\u2019\u201a\u201b])", '$1$1') + "'"
}

# The words before the cursor as text, without the program and without the one that is being typed.
function Get-CasectlWords($Ast, [int] $Cursor, [string] $Typed) {
    $said = @($Ast.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.StartOffset -lt $Cursor })
    if ($Typed -ne '' -and $said.Count -gt 0) { $said = @($said | Select-Object -SkipLast 1) }
    foreach ($element in $said) {
        if ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $element.Value }
        else { $element.Extent.Text }
    }
}

Register-ArgumentCompleter -Native -CommandName casectl -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $typed = ([string] $wordToComplete).Trim("'", '"')
    $words = @(Get-CasectlWords $commandAst $cursorPosition $wordToComplete)
    $command = ''; $positionals = @(); $pending = ''; $ended = $false
    $known = Get-CasectlCommand ''
    foreach ($word in $words) {
        if ($pending -ne '') { $pending = '' }
        elseif (-not $ended -and $word -ceq '--') { $ended = $true }
        elseif (-not $ended -and $word -match '^-.' -and -not (Test-CasectlNegated $known $word)) {
            if ($word -notmatch '^--.*=') { $pending = Get-CasectlKind $known $word }
        } elseif ($positionals.Count -eq 0 -and ($next = Get-CasectlSubcommand $command $word)) {
            $command = $next
            $known = Get-CasectlCommand $command
        } else { $positionals += $word }
    }
    $before = ''
    $arguments = @($known.Arguments)
    $about = if ($arguments.Count -gt 0 -and $arguments[0] -eq 'case' -and $positionals.Count -gt 0) { $positionals[0] } else { '' }
    $rows = @(
        if ($pending -ne '') { Get-CasectlValue $pending $typed $about $command $words }
        elseif (-not $ended -and $typed -match '^--[^=]*=') {
            $name, $value = $typed.Split('=', 2)
            $before = "$name="
            Get-CasectlValue (Get-CasectlKind $known $name) $value $about $command $words
        } elseif (-not $ended -and $typed.StartsWith('-')) {
            foreach ($row in $known.Options) {
                $names, $kind, $help = $row.Split('|', 3)
                $names.Split(',') | Where-Object { $_.StartsWith($typed) } | ForEach-Object { "$_`t$help" }
            }
            if ($arguments -contains 'query' -and $typed -match '^-\p{L}') {
                Get-CasectlValue 'query' $typed $about $command $words
            }
        } elseif ($arguments.Count -eq 0) {
            if ($positionals.Count -eq 0) {
                Get-CasectlSubcommands $command | Where-Object { $_.StartsWith($typed) }
            }
        } elseif ($positionals.Count -lt $arguments.Count) {
            Get-CasectlValue $arguments[$positionals.Count] $typed $about $command $words
        } elseif ($known.Rest) {
            Get-CasectlValue $arguments[-1] $typed $about $command $words
        }
    )
    foreach ($row in $rows) {
        $text, $help = ([string] $row).Split("`t", 2)
        if ($text -eq '') { continue }
        $whole = "$before$text"
        $told = if ($help) { $help } else { $whole }
        $kind = [System.Management.Automation.CompletionResultType]::ParameterValue
        [System.Management.Automation.CompletionResult]::new((Get-CasectlQuoted $whole), $whole, $kind, $told)
    }
}
