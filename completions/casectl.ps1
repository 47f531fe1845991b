# Completion of casectl for PowerShell, made by: casectl completion powershell

# What options and arguments a command has.
function Get-CasectlCommand([string] $Name) {
    $options = @(); $arguments = @(); $rest = $false; $common = -1
    switch -CaseSensitive ($Name) {
        '' { $options = @('-o,--output|words:table json jsonl csv tsv id|table, json, jsonl, csv, tsv or id', '--json||the same as -o json', '--fields|fields,|only these fields; ''help'' lists them', '--select|text|JMESPath over the JSON', '--jq|text|jq over the JSON; needs the extra casectl[jq]', '--template|text|a line for each result: ''{number} {title}''', '--quiet||only results and errors, no messages', '-y,--yes||answer yes to what would be asked', '--no-input||never ask; what is missing is an error', '--dry-run||check and show everything, change nothing', '--if-match|text|refuse if the case has another version', '--idempotency-key|text|repeated with this key, answer as the first', '--profile|profile|the place to work at, from the configuration', '--tenant|text|the tenant to work in', '--as|user|the login to act as on this machine''s desk', '--config|file|the user''s configuration file', '--stop-after|text|stop the embedded Postgres after that long unused', '--db-user|text|the user that runs the embedded Postgres for root', '--color|words:auto always never|auto, always or never', '--no-pager||never page what is longer than the screen', '--debug||show the traceback of a failure', '--version||show the version', '-h,--help||show the help') }
        'create' { $common = 0; $arguments = @('text'); $options = @('-d,--description|text|all the rest', '-t,--type|type|case type (default: incident)', '--status|status|status it begins in (default: the initial one of its type)', '-p,--priority|words:low medium high critical|low, medium, high or critical (default: the tenant''s)', '-c,--contact|contact|whom it is about: mail address or "Name <address>"', '--reporter|person|user who reported it (default: who has the contact''s mail address)', '-a,--assignee|person|who works on it: login, mail address or @me', '--team|team|team it goes to', '--tag|tag,|tag; may be repeated', '--due|text|when it must be done: 2h, fri, 2026-11-23 17:00', '--field|form|form field as KEY=VALUE; may be repeated', '--parent|parent|case it is a part of', '--restricted||only for those who may read restricted cases', '--channel|channel|how it came in', '--external-id|text|its id elsewhere, unique per channel', '-e,--edit||write it in $VISUAL or $EDITOR, from a template', '-F,--file|file|read the text from FILE; - is standard input') }
        'note' { $common = 1; $arguments = @('case', 'text'); $options = @('-i,--internal||hide it from reporters', '--channel|channel|how it came in', '-e,--edit||write it in $VISUAL or $EDITOR, from a template', '-F,--file|file|read the text from FILE; - is standard input') }
        'status' { $common = 1; $arguments = @('case', 'status'); $options = @('--field|form|form field as KEY=VALUE; may be repeated') }
        'assign' { $common = 1; $arguments = @('case', 'person'); $options = @('--team|team|team, or none') }
        'take' { $common = 1; $arguments = @('case') }
        'update' { $common = 1; $arguments = @('case'); $options = @('--title|text|one line that says what is the matter', '-d,--description|text|all the rest', '-t,--type|type|case type', '--status|status|status it goes to', '-p,--priority|words:low medium high critical|low, medium, high or critical', '-a,--assignee|person|login, mail address, @me or none', '--team|team|team, or none', '--reporter|person|user who reported it, or none', '-c,--contact|contact|mail address, "Name <address>" or none', '--parent|parent|case it is a part of, or none', '--due|text|2h, fri, 2026-11-23 17:00 or none', '--tag|tag,|tag that replaces all tags; may be repeated', '--add-tag|tag,|tag to add; may be repeated', '--remove-tag|tag,|tag to take away; may be repeated', '--field|form|form field as KEY=VALUE, none clears; may be repeated', '--restricted,--unrestricted||only for those who may read restricted cases', '-F,--file|file|read the text from FILE; - is standard input') }
        'escalate' { $common = 1; $arguments = @('case', 'text'); $options = @('-F,--file|file|read the text from FILE; - is standard input') }
        'close' { $common = 1; $arguments = @('case'); $options = @('--field|form|form field as KEY=VALUE; may be repeated') }
        'reopen' { $common = 1; $arguments = @('closed') }
        'delete' { $common = 1; $arguments = @('case') }
        'restore' { $common = 1; $arguments = @('trash') }
        'purge' { $common = 0; $arguments = @('trash'); $rest = $true; $options = @('--older-than|text|instead: what was deleted longer ago than this: 30d, 12h', '--confirm|text|the number of the case; the count of several; the age') }
        'bulk-update' { $common = 0; $arguments = @('case'); $rest = $true; $options = @('-q,--query|query|instead: all cases a query finds', '--status|status|status they go to', '-p,--priority|words:low medium high critical|low, medium, high or critical', '-a,--assignee|person|login, mail address, @me or none', '--team|team|team, or none', '--add-tag|tag,|tag to add; may be repeated', '--remove-tag|tag,|tag to take away; may be repeated', '--field|form|form field as KEY=VALUE, none clears; may be repeated') }
        'list' { $common = 2; $arguments = @('query'); $rest = $true; $options = @('-n,--limit|text|how many cases; a page has at most 500', '--cursor|text|cursor of the page, as the one before gave it', '-s,--sort|words:priority -priority created -created updated -updated due -due resolved -resolved closed -closed id -id|order: -priority,due', '--explain||tell how the database finds them, instead', '--all||all of them, as they come') }
        'search' { $common = 2; $arguments = @('query'); $rest = $true; $options = @('-n,--limit|text|how many cases; a page has at most 500', '--cursor|text|cursor of the page, as the one before gave it', '-s,--sort|words:priority -priority created -created updated -updated due -due resolved -resolved closed -closed id -id|order: -priority,due', '--explain||tell how the database finds them, instead', '--all||all of them, as they come') }
        'show' { $common = 2; $arguments = @('case'); $options = @('-n,--notes|text|how many of the newest notes', '--at|text|as it was: 2h (ago), 14:30, yesterday 14:30, in the tenant''s zone') }
        'history' { $common = 2; $arguments = @('case'); $options = @('-n,--limit|text|entries at most', '-r,--newest-first||begin with the newest') }
        'diff' { $common = 2; $arguments = @('case', 'text', 'text'); $options = @('-n,--notes|text|how many of the newest notes') }
        'trash list' { $common = 2; $options = @('--older-than|text|deleted longer ago than this: 30d, 12h', '-n,--limit|text|how many cases; a page has at most 500', '--cursor|text|cursor of the page, as the one before gave it', '--all||all of them, as they come') }
        'events' { $common = 2; $arguments = @('query'); $rest = $true; $options = @('--after|text|go on behind this event or page', '--since|text|begin at a time: 2h (ago), today, now; or at a cursor', '-n,--limit|text|events at most', '-f,--follow||go on and tell what comes, until Ctrl-C') }
        'actions' { $common = 2; $arguments = @('case') }
        'whoami' { $common = 2 }
        'user list' { $common = 2; $arguments = @('user'); $options = @('--role|role|only who has this role', '--team|team|only who works in this team', '--all||also those who were deactivated') }
        'user show' { $common = 2; $arguments = @('user') }
        'user add' { $common = 0; $arguments = @('text'); $options = @('--name|text|name as people read it (default: the login)', '--email|text|mail address', '--os-user|text|operating-system user who acts as this user', '--role|role,|role; may be repeated (default: Reporter)') }
        'user change' { $common = 0; $arguments = @('user'); $options = @('--login|text|new login', '--name|text|name as people read it', '--email|text|mail address, or none', '--os-user|text|operating-system user who acts as this user, or none', '--add-role|role,|role to give; may be repeated', '--remove-role|role,|role to take; may be repeated') }
        'user deactivate' { $common = 0; $arguments = @('user'); $options = @('--reassign-to|person|who gets his open cases, or none (default: they stay his)', '--lead-to|person|who leads his teams, or none (default: they stay his)') }
        'user activate' { $common = 0; $arguments = @('user') }
        'user password' { $common = 0; $arguments = @('user') }
        'team list' { $common = 2; $options = @('--member|user|only teams that this user leads or works in', '--all||also those that were deactivated') }
        'team show' { $common = 2; $arguments = @('team') }
        'team add' { $common = 0; $arguments = @('text'); $options = @('--lead|user|user who leads it', '--member|user,|user who works in it; may be repeated') }
        'team change' { $common = 0; $arguments = @('team'); $options = @('--name|text|new name', '--lead|user|user who leads it, or none', '--add-member|user,|user to take in; may be repeated', '--remove-member|user,|user to take out; may be repeated') }
        'team deactivate' { $common = 0; $arguments = @('team'); $options = @('--reassign-to|team|team that gets its open cases, or none (default: they stay)') }
        'team activate' { $common = 0; $arguments = @('team') }
        'role list' { $common = 2; $options = @('--having|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|only roles with this right', '--all||also those that were deactivated') }
        'role show' { $common = 2; $arguments = @('role') }
        'role add' { $common = 0; $arguments = @('text'); $options = @('--right|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|right it gives; may be repeated') }
        'role change' { $common = 0; $arguments = @('role'); $options = @('--name|text|new name', '--add-right|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|right it gives from now on; may be repeated', '--remove-right|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|right it gives no more; may be repeated') }
        'role deactivate' { $common = 0; $arguments = @('role') }
        'role activate' { $common = 0; $arguments = @('role') }
        'contact list' { $common = 2; $arguments = @('contact'); $options = @('-n,--limit|text|contacts at most', '--all||also those that were deactivated') }
        'contact show' { $common = 2; $arguments = @('contact') }
        'contact add' { $common = 0; $arguments = @('text') }
        'contact change' { $common = 0; $arguments = @('contact'); $options = @('--name|text|name as people read it', '--email|text|mail address, or none', '--phone|text|telephone number, or none') }
        'contact deactivate' { $common = 0; $arguments = @('contact') }
        'contact activate' { $common = 0; $arguments = @('contact') }
        'type list' { $common = 2; $options = @('--all||also those that take no new cases') }
        'type show' { $common = 2; $arguments = @('type'); $options = @('--revision|text|an earlier revision') }
        'type add' { $common = 0; $arguments = @('text'); $options = @('--title|text|name as people read it', '--number-pattern|text|how numbers look: INC-{year}-{seq:05}', '--lifecycle|file|statuses and transitions, as JSON or TOML', '--form-schema|file|form: JSON Schema, as JSON or TOML') }
        'type change' { $common = 0; $arguments = @('type'); $options = @('--title|text|name as people read it', '--number-pattern|text|how numbers look: INC-{year}-{seq:05}', '--form-schema|file|form: JSON Schema, as JSON or TOML', '--lifecycle|file|statuses and transitions, as JSON or TOML') }
        'type revisions' { $common = 2; $arguments = @('type') }
        'type diff' { $common = 2; $arguments = @('type', 'text', 'text') }
        'type migrate' { $common = 0; $arguments = @('type'); $options = @('--revision|text|where they go (default: the current revision)', '-q,--query|query|only cases a query finds', '--map-status|text|where cases of a status that is gone go; may be repeated', '--fill|text|value of a field where a case has none; may be repeated', '--drop-field|text|field whose values are given up; may be repeated') }
        'type deactivate' { $common = 0; $arguments = @('type') }
        'type activate' { $common = 0; $arguments = @('type') }
        'access explain' { $common = 2; $arguments = @('text', 'text', 'case'); $options = @('--to|text|with status: the status it would lead to', '--internal||a note that reporters do not see', '--user|user|with user password and key create: whose') }
        'lifecycle list' { $common = 2; $options = @('--all||also those of types that take no new cases') }
        'lifecycle show' { $common = 2; $arguments = @('type'); $options = @('--revision|text|an earlier revision') }
        'lifecycle check' { $common = 2; $arguments = @('file') }
        'tenant show' { $common = 2 }
        'tenant change' { $common = 0; $options = @('--title|text|what people call it', '--timezone|text|IANA name, such as Europe/Berlin', '--default-priority|text|priority of a case that names none', '--auto-assign-initial-status,--no-auto-assign-initial-status||give a new case the initial status of its type by itself', '--workflow-engine|words:queue sync|where workflow rules will run; there are none yet') }
        'tenant list' { $common = 3 }
        'tenant add' { $common = 3; $arguments = @('text'); $options = @('--title|text|what people call it', '--admin|text|login of its first admin', '--name|text|the admin''s full name', '--email|text|the admin''s mail address', '--os-user|text|who the admin is on this machine', '--timezone|text|IANA name, such as Europe/Berlin') }
        'tenant deactivate' { $common = 3; $arguments = @('text'); $options = @('--confirm|text|the name once more') }
        'tenant activate' { $common = 3; $arguments = @('text') }
        'config show' { $common = 3 }
        'config get' { $common = 3; $arguments = @('words:profile tenant user data_dir color pager log_file database.url database.migrate_url database.read_url database.stop_after database.db_user database.connect_timeout database.statement_timeout database.lock_timeout database.prepare_threshold remote.url remote.ca_file remote.proxy remote.connect_timeout remote.read_timeout remote.insecure_http remote.client_id cases.default_priority cases.auto_assign_initial_status cases.workflow_engine server.listen server.workers server.public_url server.tls_cert server.tls_key server.behind_proxy server.trusted_proxies server.metrics_listen server.max_body server.max_header server.request_timeout server.pool_size server.shutdown_grace server.client_rate server.client_burst server.address_rate server.address_burst server.log_format oauth.access_ttl oauth.refresh_idle oauth.refresh_most oauth.refresh_grace oauth.code_ttl oauth.device_ttl oauth.device_poll oauth.browser_session oauth.password_rounds oauth.password_memory oauth.password_lanes oidc.issuer oidc.audience oidc.tenant oidc.tenant_claim oidc.user_claim oidc.role_claim oidc.role_map oidc.create_users oidc.default_role oidc.authorized_parties oidc.algorithms oidc.clock_skew') }
        'config set' { $common = 3; $arguments = @('words:profile tenant user data_dir color pager log_file database.url database.migrate_url database.read_url database.stop_after database.db_user database.connect_timeout database.statement_timeout database.lock_timeout database.prepare_threshold remote.url remote.ca_file remote.proxy remote.connect_timeout remote.read_timeout remote.insecure_http remote.client_id cases.default_priority cases.auto_assign_initial_status cases.workflow_engine server.listen server.workers server.public_url server.tls_cert server.tls_key server.behind_proxy server.trusted_proxies server.metrics_listen server.max_body server.max_header server.request_timeout server.pool_size server.shutdown_grace server.client_rate server.client_burst server.address_rate server.address_burst server.log_format oauth.access_ttl oauth.refresh_idle oauth.refresh_most oauth.refresh_grace oauth.code_ttl oauth.device_ttl oauth.device_poll oauth.browser_session oauth.password_rounds oauth.password_memory oauth.password_lanes oidc.issuer oidc.audience oidc.tenant oidc.tenant_claim oidc.user_claim oidc.role_claim oidc.role_map oidc.create_users oidc.default_role oidc.authorized_parties oidc.algorithms oidc.clock_skew', 'text') }
        'config unset' { $common = 3; $arguments = @('words:profile tenant user data_dir color pager log_file database.url database.migrate_url database.read_url database.stop_after database.db_user database.connect_timeout database.statement_timeout database.lock_timeout database.prepare_threshold remote.url remote.ca_file remote.proxy remote.connect_timeout remote.read_timeout remote.insecure_http remote.client_id cases.default_priority cases.auto_assign_initial_status cases.workflow_engine server.listen server.workers server.public_url server.tls_cert server.tls_key server.behind_proxy server.trusted_proxies server.metrics_listen server.max_body server.max_header server.request_timeout server.pool_size server.shutdown_grace server.client_rate server.client_burst server.address_rate server.address_burst server.log_format oauth.access_ttl oauth.refresh_idle oauth.refresh_most oauth.refresh_grace oauth.code_ttl oauth.device_ttl oauth.device_poll oauth.browser_session oauth.password_rounds oauth.password_memory oauth.password_lanes oidc.issuer oidc.audience oidc.tenant oidc.tenant_claim oidc.user_claim oidc.role_claim oidc.role_map oidc.create_users oidc.default_role oidc.authorized_parties oidc.algorithms oidc.clock_skew') }
        'config edit' { $common = 3 }
        'config path' { $common = 3 }
        'serve' { $common = 3; $options = @('--listen|text|where to listen (127.0.0.1:8420)', '--workers|text|how many processes serve (1)', '--tls-cert|file|certificate, PEM', '--tls-key|file|its private key, PEM', '--behind-proxy||a proxy before the server ends TLS', '--trusted-proxies|text|whose X-Forwarded-For is believed', '--public-url|text|the address others reach it by', '--metrics-listen|text|where /metrics is; off for nowhere', '--log-format|words:auto text json|json or text, on stderr; auto is text on a terminal') }
        'profile list' { $common = 3 }
        'profile show' { $common = 3; $arguments = @('profile') }
        'profile add' { $common = 3; $arguments = @('text'); $options = @('--url|text|https://… of a server, or postgresql://…', '--ca-file|file|certificates to trust instead of the system''s', '--proxy|text|reach the server through this', '--insecure-http||allow http:// beyond this machine: anybody on the way can read it all', '--no-check||do not ask the server who it is', '--use||work there from now on unless told otherwise') }
        'profile use' { $common = 3; $arguments = @('profile') }
        'profile remove' { $common = 3; $arguments = @('profile') }
        'auth login' { $common = 3; $options = @('--device||approve a code in a browser elsewhere', '--with-token||read a token or an API key from standard input', '--client-id|text|log in as this OAuth client', '--client-secret-file|file|log a program in; its secret is in FILE or -', '--scope|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|only these rights; else all the user has', '--insecure-storage||keep the login in a file of mode 0600, not in the keyring', '--no-browser||open no browser, only show the address', '--timeout|text|how long to wait for you (5m)') }
        'auth logout' { $common = 3 }
        'auth status' { $common = 3 }
        'auth token' { $common = 3 }
        'auth refresh' { $common = 3 }
        'session list' { $common = 2; $options = @('--user|user|user whose sessions (default: you)', '--all-users||the sessions of everybody') }
        'session revoke' { $common = 0; $arguments = @('words:all'); $options = @('--user|user|user whose session (default: you)') }
        'key list' { $common = 2; $options = @('--user|user|user whose keys (default: you)', '--all-users||the keys of all users and clients') }
        'key create' { $common = 0; $arguments = @('text'); $options = @('--right|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|right it has; may be repeated (default: yours)', '--expires|text|when it ends: 90d, a date (default: never)', '--client|text|client that it acts as', '--user|user|user that it acts as (default: you)') }
        'key rotate' { $common = 0; $arguments = @('text'); $options = @('--grace|text|how long the old one goes on (default: 1h; 0s ends it)') }
        'key revoke' { $common = 0; $arguments = @('text') }
        'client add' { $common = 0; $arguments = @('text'); $options = @('--right|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|right it may use; may be repeated', '--redirect|text|where a login in the browser comes back to', '--grant|words:authorization_code client_credentials device_code refresh_token|how it gets tokens: authorization_code, client_credentials, device_code, refresh_token', '--public||it cannot keep a secret, as on a phone or in a browser', '--expires|text|when it ends: 90d, a date (default: never)') }
        'client list' { $common = 2 }
        'client show' { $common = 2; $arguments = @('text') }
        'client rotate' { $common = 0; $arguments = @('text') }
        'client revoke' { $common = 0; $arguments = @('text') }
        'job list' { $common = 2; $options = @('-n,--limit|text|jobs at most') }
        'job show' { $common = 2; $arguments = @('text') }
        'job cancel' { $common = 0; $arguments = @('text') }
        'init' { $common = 3; $options = @('--title|text|what people call the tenant', '--admin|text|login of its first admin', '--name|text|the admin''s full name', '--email|text|the admin''s mail address', '--os-user|text|who the admin is on this machine', '--timezone|text|IANA name, such as Europe/Berlin') }
        'demo' { $common = 3; $options = @('--cases|case|how many cases to make up', '--seed|text|another seed tells other stories') }
        'db start' { $common = 3 }
        'db stop' { $common = 3; $options = @('--mode|words:fast smart immediate|fast, smart (waits for others) or immediate (recovers at the next start)') }
        'db status' { $common = 3 }
        'db upgrade' { $common = 3 }
        'db check' { $common = 3 }
        'db shell' { $common = 3 }
        'db url' { $common = 3; $options = @('--show-password||do not replace it by ***') }
        'export' { $common = 3; $arguments = @('query'); $rest = $true; $options = @('--file|file|where to, not standard output', '--overwrite||replace the file if it is there', '--notes||with the notes of each case', '--history||with the history of each case', '--trash||deleted cases, too') }
        'import' { $common = 3; $arguments = @('file'); $options = @('--map|file|what the columns mean', '--create-people||without a map: make missing users and teams', '-n,--dry-run||tell what would happen, change nothing', '--resume||go on after an interruption, without a remark on it', '--rejects|file|where refused lines go') }
        'completion' { $common = 3; $arguments = @('words:bash zsh fish powershell') }
        'help' { $common = 3; $arguments = @('words:concepts verbs query shell history safety output exit-codes events rest client import export people roles access oauth configuration types tenants postgres server remote'); $rest = $true; $options = @('--search|text|where all these words stand', '--man|text|write the man pages into DIR') }
    }
    switch ($common) {
        0 { $options += @('-o,--output|words:table json jsonl csv tsv id|table, json, jsonl, csv, tsv or id', '--json||the same as -o json', '--fields|fields,|only these fields; ''help'' lists them', '--select|text|JMESPath over the JSON', '--jq|text|jq over the JSON; needs the extra casectl[jq]', '--template|text|a line for each result: ''{number} {title}''', '--quiet||only results and errors, no messages', '-y,--yes||answer yes to what would be asked', '--no-input||never ask; what is missing is an error', '--dry-run||check and show everything, change nothing', '--idempotency-key|text|repeated with this key, answer as the first', '--profile|profile|the place to work at, from the configuration', '--tenant|text|the tenant to work in', '--as|user|the login to act as on this machine''s desk', '--config|file|the user''s configuration file', '--stop-after|text|stop the embedded Postgres after that long unused', '--db-user|text|the user that runs the embedded Postgres for root', '--color|words:auto always never|auto, always or never', '--no-pager||never page what is longer than the screen', '--debug||show the traceback of a failure') }
        1 { $options += @('-o,--output|words:table json jsonl csv tsv id|table, json, jsonl, csv, tsv or id', '--json||the same as -o json', '--fields|fields,|only these fields; ''help'' lists them', '--select|text|JMESPath over the JSON', '--jq|text|jq over the JSON; needs the extra casectl[jq]', '--template|text|a line for each result: ''{number} {title}''', '--quiet||only results and errors, no messages', '-y,--yes||answer yes to what would be asked', '--no-input||never ask; what is missing is an error', '--dry-run||check and show everything, change nothing', '--if-match|text|refuse if the case has another version', '--idempotency-key|text|repeated with this key, answer as the first', '--profile|profile|the place to work at, from the configuration', '--tenant|text|the tenant to work in', '--as|user|the login to act as on this machine''s desk', '--config|file|the user''s configuration file', '--stop-after|text|stop the embedded Postgres after that long unused', '--db-user|text|the user that runs the embedded Postgres for root', '--color|words:auto always never|auto, always or never', '--no-pager||never page what is longer than the screen', '--debug||show the traceback of a failure') }
        2 { $options += @('-o,--output|words:table json jsonl csv tsv id|table, json, jsonl, csv, tsv or id', '--json||the same as -o json', '--fields|fields,|only these fields; ''help'' lists them', '--select|text|JMESPath over the JSON', '--jq|text|jq over the JSON; needs the extra casectl[jq]', '--template|text|a line for each result: ''{number} {title}''', '--quiet||only results and errors, no messages', '--profile|profile|the place to work at, from the configuration', '--tenant|text|the tenant to work in', '--as|user|the login to act as on this machine''s desk', '--config|file|the user''s configuration file', '--stop-after|text|stop the embedded Postgres after that long unused', '--db-user|text|the user that runs the embedded Postgres for root', '--color|words:auto always never|auto, always or never', '--no-pager||never page what is longer than the screen', '--debug||show the traceback of a failure') }
        3 { $options += @('-o,--output|words:table json jsonl csv tsv id|table, json, jsonl, csv, tsv or id', '--json||the same as -o json', '--fields|fields,|only these fields; ''help'' lists them', '--select|text|JMESPath over the JSON', '--jq|text|jq over the JSON; needs the extra casectl[jq]', '--template|text|a line for each result: ''{number} {title}''', '--quiet||only results and errors, no messages', '-y,--yes||answer yes to what would be asked', '--no-input||never ask; what is missing is an error', '--profile|profile|the place to work at, from the configuration', '--tenant|text|the tenant to work in', '--as|user|the login to act as on this machine''s desk', '--config|file|the user''s configuration file', '--stop-after|text|stop the embedded Postgres after that long unused', '--db-user|text|the user that runs the embedded Postgres for root', '--color|words:auto always never|auto, always or never', '--no-pager||never page what is longer than the screen', '--debug||show the traceback of a failure') }
    }
    return @{ Options = $options; Arguments = $arguments; Rest = $rest }
}

# The command that a word makes of the one so far; nothing when there is none.
function Get-CasectlSubcommand([string] $Command, [string] $Word) {
    switch -CaseSensitive ("$Command|$Word") {
        '|create' { return 'create' }
        '|new' { return 'create' }
        '|note' { return 'note' }
        '|comment' { return 'note' }
        '|status' { return 'status' }
        '|assign' { return 'assign' }
        '|take' { return 'take' }
        '|update' { return 'update' }
        '|edit' { return 'update' }
        '|escalate' { return 'escalate' }
        '|close' { return 'close' }
        '|reopen' { return 'reopen' }
        '|delete' { return 'delete' }
        '|rm' { return 'delete' }
        '|restore' { return 'restore' }
        '|purge' { return 'purge' }
        '|bulk-update' { return 'bulk-update' }
        '|list' { return 'list' }
        '|ls' { return 'list' }
        '|search' { return 'search' }
        '|find' { return 'search' }
        '|show' { return 'show' }
        '|view' { return 'show' }
        '|history' { return 'history' }
        '|diff' { return 'diff' }
        '|trash' { return 'trash' }
        '|events' { return 'events' }
        '|actions' { return 'actions' }
        '|whoami' { return 'whoami' }
        '|user' { return 'user' }
        '|team' { return 'team' }
        '|role' { return 'role' }
        '|contact' { return 'contact' }
        '|type' { return 'type' }
        '|access' { return 'access' }
        '|lifecycle' { return 'lifecycle' }
        '|tenant' { return 'tenant' }
        '|config' { return 'config' }
        '|serve' { return 'serve' }
        '|profile' { return 'profile' }
        '|auth' { return 'auth' }
        '|session' { return 'session' }
        '|key' { return 'key' }
        '|client' { return 'client' }
        '|job' { return 'job' }
        '|init' { return 'init' }
        '|demo' { return 'demo' }
        '|db' { return 'db' }
        '|export' { return 'export' }
        '|import' { return 'import' }
        '|completion' { return 'completion' }
        '|help' { return 'help' }
        'access|explain' { return 'access explain' }
        'client|add' { return 'client add' }
        'client|list' { return 'client list' }
        'client|show' { return 'client show' }
        'client|rotate' { return 'client rotate' }
        'client|revoke' { return 'client revoke' }
        'auth|login' { return 'auth login' }
        'auth|logout' { return 'auth logout' }
        'auth|status' { return 'auth status' }
        'auth|token' { return 'auth token' }
        'auth|refresh' { return 'auth refresh' }
        'config|show' { return 'config show' }
        'config|get' { return 'config get' }
        'config|set' { return 'config set' }
        'config|unset' { return 'config unset' }
        'config|edit' { return 'config edit' }
        'config|path' { return 'config path' }
        'contact|list' { return 'contact list' }
        'contact|show' { return 'contact show' }
        'contact|add' { return 'contact add' }
        'contact|change' { return 'contact change' }
        'contact|deactivate' { return 'contact deactivate' }
        'contact|activate' { return 'contact activate' }
        'db|start' { return 'db start' }
        'db|stop' { return 'db stop' }
        'db|status' { return 'db status' }
        'db|upgrade' { return 'db upgrade' }
        'db|check' { return 'db check' }
        'db|shell' { return 'db shell' }
        'db|url' { return 'db url' }
        'job|list' { return 'job list' }
        'job|show' { return 'job show' }
        'job|cancel' { return 'job cancel' }
        'key|list' { return 'key list' }
        'key|create' { return 'key create' }
        'key|rotate' { return 'key rotate' }
        'key|revoke' { return 'key revoke' }
        'session|list' { return 'session list' }
        'session|revoke' { return 'session revoke' }
        'profile|list' { return 'profile list' }
        'profile|show' { return 'profile show' }
        'profile|add' { return 'profile add' }
        'profile|use' { return 'profile use' }
        'profile|remove' { return 'profile remove' }
        'role|list' { return 'role list' }
        'role|show' { return 'role show' }
        'role|add' { return 'role add' }
        'role|change' { return 'role change' }
        'role|deactivate' { return 'role deactivate' }
        'role|activate' { return 'role activate' }
        'team|list' { return 'team list' }
        'team|show' { return 'team show' }
        'team|add' { return 'team add' }
        'team|change' { return 'team change' }
        'team|deactivate' { return 'team deactivate' }
        'team|activate' { return 'team activate' }
        'lifecycle|list' { return 'lifecycle list' }
        'lifecycle|show' { return 'lifecycle show' }
        'lifecycle|check' { return 'lifecycle check' }
        'tenant|show' { return 'tenant show' }
        'tenant|change' { return 'tenant change' }
        'tenant|list' { return 'tenant list' }
        'tenant|add' { return 'tenant add' }
        'tenant|deactivate' { return 'tenant deactivate' }
        'tenant|activate' { return 'tenant activate' }
        'trash|list' { return 'trash list' }
        'type|list' { return 'type list' }
        'type|show' { return 'type show' }
        'type|add' { return 'type add' }
        'type|lifecycle add' { return 'type lifecycle add' }
        'type|change' { return 'type change' }
        'type|lifecycle change' { return 'type lifecycle change' }
        'type|revisions' { return 'type revisions' }
        'type|diff' { return 'type diff' }
        'type|migrate' { return 'type migrate' }
        'type|deactivate' { return 'type deactivate' }
        'type|lifecycle deactivate' { return 'type lifecycle deactivate' }
        'type|activate' { return 'type activate' }
        'type|lifecycle activate' { return 'type lifecycle activate' }
        'user|list' { return 'user list' }
        'user|show' { return 'user show' }
        'user|add' { return 'user add' }
        'user|change' { return 'user change' }
        'user|deactivate' { return 'user deactivate' }
        'user|activate' { return 'user activate' }
        'user|password' { return 'user password' }
    }
}

# The words that may follow a command, each with a tab and what it means.
function Get-CasectlSubcommands([string] $Command) {
    switch -CaseSensitive ($Command) {
        '' { ('create' + "`t" + 'Open a case'), ('new' + "`t" + 'Open a case'), ('note' + "`t" + 'Write a note on a case'), ('comment' + "`t" + 'Write a note on a case'), ('status' + "`t" + 'Move a case to another status'), ('assign' + "`t" + 'Hand a case to somebody or to a team'), ('take' + "`t" + 'Take a case yourself'), ('update' + "`t" + 'Change a case'), ('edit' + "`t" + 'Change a case'), ('escalate' + "`t" + 'Escalate a case, with a reason'), ('close' + "`t" + 'Close a case'), ('reopen' + "`t" + 'Open a closed case again'), ('delete' + "`t" + 'Move a case to the trash'), ('rm' + "`t" + 'Move a case to the trash'), ('restore' + "`t" + 'Bring a case back from the trash'), ('purge' + "`t" + 'Erase cases of the trash for good'), ('bulk-update' + "`t" + 'Change many cases at once'), ('list' + "`t" + 'List cases, the most urgent first'), ('ls' + "`t" + 'List cases, the most urgent first'), ('search' + "`t" + 'Search cases by words in their text'), ('find' + "`t" + 'Search cases by words in their text'), ('show' + "`t" + 'Show a case with its notes'), ('view' + "`t" + 'Show a case with its notes'), ('history' + "`t" + 'Tell who changed what in a case, and when'), ('diff' + "`t" + 'Tell what differs in a case between two instants'), ('trash' + "`t" + 'What was deleted and can come back'), ('events' + "`t" + 'Tell what happens to cases, as it happens'), ('actions' + "`t" + 'Tell what you may do with a case now, and why not the rest'), ('whoami' + "`t" + 'Tell who you are here'), ('user' + "`t" + 'The people who work here'), ('team' + "`t" + 'Teams and who is in them'), ('role' + "`t" + 'Roles: the rights that users have'), ('contact' + "`t" + 'The people cases are about'), ('type' + "`t" + 'Case types: form, lifecycle and numbers'), ('access' + "`t" + 'Who may do what, and why'), ('lifecycle' + "`t" + 'Lifecycles: statuses and the ways between them'), ('tenant' + "`t" + 'Organisations on this desk, and yours'), ('config' + "`t" + 'Settings and where they come from'), ('serve' + "`t" + 'Serve the desk to other machines and programs'), ('profile' + "`t" + 'Servers and databases to work at'), ('auth' + "`t" + 'Your login at a server'), ('session' + "`t" + 'Where you are logged in'), ('key' + "`t" + 'API keys for scripts'), ('client' + "`t" + 'Programs with tokens of their own'), ('job' + "`t" + 'Large changes that a server works on'), ('init' + "`t" + 'Set up a desk for real use'), ('demo' + "`t" + 'Make a desk to try things on'), ('db' + "`t" + 'The database behind the desk'), ('export' + "`t" + 'Export whole cases as CSV, JSON or JSON Lines'), ('import' + "`t" + 'Import cases and their history from a file'), ('completion' + "`t" + 'Print the script that completes words in your shell'), ('help' + "`t" + 'Read a page of the manual') }
        'access' { ('explain' + "`t" + 'Tell whether somebody may perform a verb, and by which rule') }
        'client' { ('add' + "`t" + 'Register a program that gets tokens of its own'), ('list' + "`t" + 'List the programs that get tokens of their own'), ('show' + "`t" + 'Show a client with its rights and addresses'), ('rotate' + "`t" + 'Give a client a new secret'), ('revoke' + "`t" + 'End a client for good') }
        'auth' { ('login' + "`t" + 'Log in at the server of the profile'), ('logout' + "`t" + 'Log out at the server of the profile'), ('status' + "`t" + 'Tell who you are at the server'), ('token' + "`t" + 'Print the access token, for curl and the like'), ('refresh' + "`t" + 'Renew the access token now') }
        'config' { ('show' + "`t" + 'Show every setting with its origin'), ('get' + "`t" + 'Print the value of a setting that counts now'), ('set' + "`t" + 'Set a setting in your configuration file'), ('unset' + "`t" + 'Take a setting out of your configuration file'), ('edit' + "`t" + 'Open your configuration file in your editor'), ('path' + "`t" + 'Tell which files are read') }
        'contact' { ('list' + "`t" + 'List contacts by name'), ('show' + "`t" + 'Show a contact'), ('add' + "`t" + 'Add a contact'), ('change' + "`t" + 'Change a contact'), ('deactivate' + "`t" + 'Let no new case be about a contact'), ('activate' + "`t" + 'Let new cases be about a contact again') }
        'db' { ('start' + "`t" + 'Start the embedded Postgres'), ('stop' + "`t" + 'Stop the embedded Postgres'), ('status' + "`t" + 'Tell where the database is and how it is doing'), ('upgrade' + "`t" + 'Bring the schema to this program''s version'), ('check' + "`t" + 'Check cases, audit, counters and indexes against each other'), ('shell' + "`t" + 'Open psql on the desk''s database'), ('url' + "`t" + 'Print the address of the database') }
        'job' { ('list' + "`t" + 'List your jobs, the newest first'), ('show' + "`t" + 'Show how far a job is, and which cases were refused'), ('cancel' + "`t" + 'Cancel a job between two of its steps') }
        'key' { ('list' + "`t" + 'List API keys and their last use'), ('create' + "`t" + 'Make an API key for a script'), ('rotate' + "`t" + 'Make a new API key in the place of one'), ('revoke' + "`t" + 'End an API key at once') }
        'session' { ('list' + "`t" + 'List the places you are logged in at'), ('revoke' + "`t" + 'End a login, with every token that came of it') }
        'profile' { ('list' + "`t" + 'List the places you have named'), ('show' + "`t" + 'Show a place: its address, and whether you are logged in'), ('add' + "`t" + 'Name a server or a database as a place to work at'), ('use' + "`t" + 'Work at a place unless told otherwise'), ('remove' + "`t" + 'Forget a place, and the login there') }
        'role' { ('list' + "`t" + 'List the roles'), ('show' + "`t" + 'Show a role with its rights and who has it'), ('add' + "`t" + 'Add a role'), ('change' + "`t" + 'Change a role: its name or its rights'), ('deactivate' + "`t" + 'Let a role give no rights any more'), ('activate' + "`t" + 'Let a role give its rights again') }
        'team' { ('list' + "`t" + 'List the teams'), ('show' + "`t" + 'Show a team with its lead and members'), ('add' + "`t" + 'Add a team'), ('change' + "`t" + 'Change a team: its name, its lead or its members'), ('deactivate' + "`t" + 'Give a team no more cases, and hand over those it has'), ('activate' + "`t" + 'Let a team have new cases again') }
        'lifecycle' { ('list' + "`t" + 'List the lifecycles, one for each case type'), ('show' + "`t" + 'Show the lifecycle of a case type: its statuses and where each leads'), ('check' + "`t" + 'Check a lifecycle in a file, and show how it would read') }
        'tenant' { ('show' + "`t" + 'Show the tenant you work in'), ('change' + "`t" + 'Change the tenant you work in: its title, its time zone, its settings'), ('list' + "`t" + 'List the tenants of this desk'), ('add' + "`t" + 'Add a tenant to this desk'), ('deactivate' + "`t" + 'Let nobody into a tenant'), ('activate' + "`t" + 'Let people into a tenant again') }
        'trash' { ('list' + "`t" + 'List what is in the trash, who put it there and when') }
        'type' { ('list' + "`t" + 'List the case types'), ('show' + "`t" + 'Show a case type: its form, its lifecycle and its numbers'), ('add' + "`t" + 'Add a case type with its lifecycle'), ('lifecycle add' + "`t" + 'Add a case type with its lifecycle'), ('change' + "`t" + 'Change a case type, and tell what that means to its open cases'), ('lifecycle change' + "`t" + 'Change a case type, and tell what that means to its open cases'), ('revisions' + "`t" + 'List the revisions of a case type'), ('diff' + "`t" + 'Tell what differs between two revisions of a case type'), ('migrate' + "`t" + 'Bring open cases to another revision of their type'), ('deactivate' + "`t" + 'Let a case type take no new cases'), ('lifecycle deactivate' + "`t" + 'Let a case type take no new cases'), ('activate' + "`t" + 'Let a case type take new cases again'), ('lifecycle activate' + "`t" + 'Let a case type take new cases again') }
        'user' { ('list' + "`t" + 'List the users'), ('show' + "`t" + 'Show a user with roles and teams'), ('add' + "`t" + 'Add a user'), ('change' + "`t" + 'Change a user, or the roles of one'), ('deactivate' + "`t" + 'Let a user in no more, and hand over what he has'), ('activate' + "`t" + 'Let a user in again'), ('password' + "`t" + 'Set the password of a user') }
    }
}

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
