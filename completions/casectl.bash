# Completion of casectl for bash, made by: casectl completion bash

# Sets _options, _arguments and _rest of command $1.
_casectl_command() {
    _options='' _rest=''
    _arguments=()
    case $1 in
    '')
        _options='-o,--output|words:table json jsonl csv tsv id|table, json, jsonl, csv, tsv or id
--json||the same as -o json
--fields|fields,|only these fields; '\''help'\'' lists them
--select|text|JMESPath over the JSON
--jq|text|jq over the JSON; needs the extra casectl[jq]
--template|text|a line for each result: '\''{number} {title}'\''
--quiet||only results and errors, no messages
-y,--yes||answer yes to what would be asked
--no-input||never ask; what is missing is an error
--dry-run||check and show everything, change nothing
--if-match|text|refuse if the case has another version
--idempotency-key|text|repeated with this key, answer as the first
--profile|profile|the place to work at, from the configuration
--tenant|text|the tenant to work in
--as|user|the login to act as on this machine'\''s desk
--config|file|the user'\''s configuration file
--stop-after|text|stop the embedded Postgres after that long unused
--db-user|text|the user that runs the embedded Postgres for root
--color|words:auto always never|auto, always or never
--no-pager||never page what is longer than the screen
--debug||show the traceback of a failure
--version||show the version
-h,--help||show the help
'
        ;;
    'create')
        _arguments=('text')
        _options='-d,--description|text|all the rest
-t,--type|type|case type (default: incident)
--status|status|status it begins in (default: the initial one of its type)
-p,--priority|words:low medium high critical|low, medium, high or critical (default: the tenant'\''s)
-c,--contact|contact|whom it is about: mail address or "Name <address>"
--reporter|person|user who reported it (default: who has the contact'\''s mail address)
-a,--assignee|person|who works on it: login, mail address or @me
--team|team|team it goes to
--tag|tag,|tag; may be repeated
--due|text|when it must be done: 2h, fri, 2026-11-23 17:00
--field|form|form field as KEY=VALUE; may be repeated
--parent|parent|case it is a part of
--restricted||only for those who may read restricted cases
--channel|channel|how it came in
--external-id|text|its id elsewhere, unique per channel
-e,--edit||write it in $VISUAL or $EDITOR, from a template
-F,--file|file|read the text from FILE; - is standard input
'
        _casectl_common 0
        ;;
    'note')
        _arguments=('case' 'text')
        _options='-i,--internal||hide it from reporters
--channel|channel|how it came in
-e,--edit||write it in $VISUAL or $EDITOR, from a template
-F,--file|file|read the text from FILE; - is standard input
'
        _casectl_common 1
        ;;
    'status')
        _arguments=('case' 'status')
        _options='--field|form|form field as KEY=VALUE; may be repeated
'
        _casectl_common 1
        ;;
    'assign')
        _arguments=('case' 'person')
        _options='--team|team|team, or none
'
        _casectl_common 1
        ;;
    'take')
        _arguments=('case')
        _casectl_common 1
        ;;
    'update')
        _arguments=('case')
        _options='--title|text|one line that says what is the matter
-d,--description|text|all the rest
-t,--type|type|case type
--status|status|status it goes to
-p,--priority|words:low medium high critical|low, medium, high or critical
-a,--assignee|person|login, mail address, @me or none
--team|team|team, or none
--reporter|person|user who reported it, or none
-c,--contact|contact|mail address, "Name <address>" or none
--parent|parent|case it is a part of, or none
--due|text|2h, fri, 2026-11-23 17:00 or none
--tag|tag,|tag that replaces all tags; may be repeated
--add-tag|tag,|tag to add; may be repeated
--remove-tag|tag,|tag to take away; may be repeated
--field|form|form field as KEY=VALUE, none clears; may be repeated
--restricted,--unrestricted||only for those who may read restricted cases
-F,--file|file|read the text from FILE; - is standard input
'
        _casectl_common 1
        ;;
    'escalate')
        _arguments=('case' 'text')
        _options='-F,--file|file|read the text from FILE; - is standard input
'
        _casectl_common 1
        ;;
    'close')
        _arguments=('case')
        _options='--field|form|form field as KEY=VALUE; may be repeated
'
        _casectl_common 1
        ;;
    'reopen')
        _arguments=('closed')
        _casectl_common 1
        ;;
    'delete')
        _arguments=('case')
        _casectl_common 1
        ;;
    'restore')
        _arguments=('trash')
        _casectl_common 1
        ;;
    'purge')
        _arguments=('trash')
        _rest=1
        _options='--older-than|text|instead: what was deleted longer ago than this: 30d, 12h
--confirm|text|the number of the case; the count of several; the age
'
        _casectl_common 0
        ;;
    'bulk-update')
        _arguments=('case')
        _rest=1
        _options='-q,--query|query|instead: all cases a query finds
--status|status|status they go to
-p,--priority|words:low medium high critical|low, medium, high or critical
-a,--assignee|person|login, mail address, @me or none
--team|team|team, or none
--add-tag|tag,|tag to add; may be repeated
--remove-tag|tag,|tag to take away; may be repeated
--field|form|form field as KEY=VALUE, none clears; may be repeated
'
        _casectl_common 0
        ;;
    'list')
        _arguments=('query')
        _rest=1
        _options='-n,--limit|text|how many cases; a page has at most 500
--cursor|text|cursor of the page, as the one before gave it
-s,--sort|words:priority -priority created -created updated -updated due -due resolved -resolved closed -closed id -id|order: -priority,due
--explain||tell how the database finds them, instead
--all||all of them, as they come
'
        _casectl_common 2
        ;;
    'search')
        _arguments=('query')
        _rest=1
        _options='-n,--limit|text|how many cases; a page has at most 500
--cursor|text|cursor of the page, as the one before gave it
-s,--sort|words:priority -priority created -created updated -updated due -due resolved -resolved closed -closed id -id|order: -priority,due
--explain||tell how the database finds them, instead
--all||all of them, as they come
'
        _casectl_common 2
        ;;
    'show')
        _arguments=('case')
        _options='-n,--notes|text|how many of the newest notes
--at|text|as it was: 2h (ago), 14:30, yesterday 14:30, in the tenant'\''s zone
'
        _casectl_common 2
        ;;
    'history')
        _arguments=('case')
        _options='-n,--limit|text|entries at most
-r,--newest-first||begin with the newest
'
        _casectl_common 2
        ;;
    'diff')
        _arguments=('case' 'text' 'text')
        _options='-n,--notes|text|how many of the newest notes
'
        _casectl_common 2
        ;;
    'trash list')
        _options='--older-than|text|deleted longer ago than this: 30d, 12h
-n,--limit|text|how many cases; a page has at most 500
--cursor|text|cursor of the page, as the one before gave it
--all||all of them, as they come
'
        _casectl_common 2
        ;;
    'events')
        _arguments=('query')
        _rest=1
        _options='--after|text|go on behind this event or page
--since|text|begin at a time: 2h (ago), today, now; or at a cursor
-n,--limit|text|events at most
-f,--follow||go on and tell what comes, until Ctrl-C
'
        _casectl_common 2
        ;;
    'actions')
        _arguments=('case')
        _casectl_common 2
        ;;
    'whoami')
        _casectl_common 2
        ;;
    'user list')
        _arguments=('user')
        _options='--role|role|only who has this role
--team|team|only who works in this team
--all||also those who were deactivated
'
        _casectl_common 2
        ;;
    'user show')
        _arguments=('user')
        _casectl_common 2
        ;;
    'user add')
        _arguments=('text')
        _options='--name|text|name as people read it (default: the login)
--email|text|mail address
--os-user|text|operating-system user who acts as this user
--role|role,|role; may be repeated (default: Reporter)
'
        _casectl_common 0
        ;;
    'user change')
        _arguments=('user')
        _options='--login|text|new login
--name|text|name as people read it
--email|text|mail address, or none
--os-user|text|operating-system user who acts as this user, or none
--add-role|role,|role to give; may be repeated
--remove-role|role,|role to take; may be repeated
'
        _casectl_common 0
        ;;
    'user deactivate')
        _arguments=('user')
        _options='--reassign-to|person|who gets his open cases, or none (default: they stay his)
--lead-to|person|who leads his teams, or none (default: they stay his)
'
        _casectl_common 0
        ;;
    'user activate')
        _arguments=('user')
        _casectl_common 0
        ;;
    'user password')
        _arguments=('user')
        _casectl_common 0
        ;;
    'team list')
        _options='--member|user|only teams that this user leads or works in
--all||also those that were deactivated
'
        _casectl_common 2
        ;;
    'team show')
        _arguments=('team')
        _casectl_common 2
        ;;
    'team add')
        _arguments=('text')
        _options='--lead|user|user who leads it
--member|user,|user who works in it; may be repeated
'
        _casectl_common 0
        ;;
    'team change')
        _arguments=('team')
        _options='--name|text|new name
--lead|user|user who leads it, or none
--add-member|user,|user to take in; may be repeated
--remove-member|user,|user to take out; may be repeated
'
        _casectl_common 0
        ;;
    'team deactivate')
        _arguments=('team')
        _options='--reassign-to|team|team that gets its open cases, or none (default: they stay)
'
        _casectl_common 0
        ;;
    'team activate')
        _arguments=('team')
        _casectl_common 0
        ;;
    'role list')
        _options='--having|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|only roles with this right
--all||also those that were deactivated
'
        _casectl_common 2
        ;;
    'role show')
        _arguments=('role')
        _casectl_common 2
        ;;
    'role add')
        _arguments=('text')
        _options='--right|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|right it gives; may be repeated
'
        _casectl_common 0
        ;;
    'role change')
        _arguments=('role')
        _options='--name|text|new name
--add-right|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|right it gives from now on; may be repeated
--remove-right|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|right it gives no more; may be repeated
'
        _casectl_common 0
        ;;
    'role deactivate')
        _arguments=('role')
        _casectl_common 0
        ;;
    'role activate')
        _arguments=('role')
        _casectl_common 0
        ;;
    'contact list')
        _arguments=('contact')
        _options='-n,--limit|text|contacts at most
--all||also those that were deactivated
'
        _casectl_common 2
        ;;
    'contact show')
        _arguments=('contact')
        _casectl_common 2
        ;;
    'contact add')
        _arguments=('text')
        _casectl_common 0
        ;;
    'contact change')
        _arguments=('contact')
        _options='--name|text|name as people read it
--email|text|mail address, or none
--phone|text|telephone number, or none
'
        _casectl_common 0
        ;;
    'contact deactivate')
        _arguments=('contact')
        _casectl_common 0
        ;;
    'contact activate')
        _arguments=('contact')
        _casectl_common 0
        ;;
    'type list')
        _options='--all||also those that take no new cases
'
        _casectl_common 2
        ;;
    'type show')
        _arguments=('type')
        _options='--revision|text|an earlier revision
'
        _casectl_common 2
        ;;
    'type add')
        _arguments=('text')
        _options='--title|text|name as people read it
--number-pattern|text|how numbers look: INC-{year}-{seq:05}
--lifecycle|file|statuses and transitions, as JSON or TOML
--form-schema|file|form: JSON Schema, as JSON or TOML
'
        _casectl_common 0
        ;;
    'type change')
        _arguments=('type')
        _options='--title|text|name as people read it
--number-pattern|text|how numbers look: INC-{year}-{seq:05}
--form-schema|file|form: JSON Schema, as JSON or TOML
--lifecycle|file|statuses and transitions, as JSON or TOML
'
        _casectl_common 0
        ;;
    'type revisions')
        _arguments=('type')
        _casectl_common 2
        ;;
    'type diff')
        _arguments=('type' 'text' 'text')
        _casectl_common 2
        ;;
    'type migrate')
        _arguments=('type')
        _options='--revision|text|where they go (default: the current revision)
-q,--query|query|only cases a query finds
--map-status|text|where cases of a status that is gone go; may be repeated
--fill|text|value of a field where a case has none; may be repeated
--drop-field|text|field whose values are given up; may be repeated
'
        _casectl_common 0
        ;;
    'type deactivate')
        _arguments=('type')
        _casectl_common 0
        ;;
    'type activate')
        _arguments=('type')
        _casectl_common 0
        ;;
    'access explain')
        _arguments=('text' 'text' 'case')
        _options='--to|text|with status: the status it would lead to
--internal||a note that reporters do not see
--user|user|with user password and key create: whose
'
        _casectl_common 2
        ;;
    'lifecycle list')
        _options='--all||also those of types that take no new cases
'
        _casectl_common 2
        ;;
    'lifecycle show')
        _arguments=('type')
        _options='--revision|text|an earlier revision
'
        _casectl_common 2
        ;;
    'lifecycle check')
        _arguments=('file')
        _casectl_common 2
        ;;
    'tenant show')
        _casectl_common 2
        ;;
    'tenant change')
        _options='--title|text|what people call it
--timezone|text|IANA name, such as Europe/Berlin
--default-priority|text|priority of a case that names none
--auto-assign-initial-status,--no-auto-assign-initial-status||give a new case the initial status of its type by itself
--workflow-engine|words:queue sync|where workflow rules will run; there are none yet
'
        _casectl_common 0
        ;;
    'tenant list')
        _casectl_common 3
        ;;
    'tenant add')
        _arguments=('text')
        _options='--title|text|what people call it
--admin|text|login of its first admin
--name|text|the admin'\''s full name
--email|text|the admin'\''s mail address
--os-user|text|who the admin is on this machine
--timezone|text|IANA name, such as Europe/Berlin
'
        _casectl_common 3
        ;;
    'tenant deactivate')
        _arguments=('text')
        _options='--confirm|text|the name once more
'
        _casectl_common 3
        ;;
    'tenant activate')
        _arguments=('text')
        _casectl_common 3
        ;;
    'config show')
        _casectl_common 3
        ;;
    'config get')
        _arguments=('words:profile tenant user data_dir color pager log_file database.url database.migrate_url database.read_url database.stop_after database.db_user database.connect_timeout database.statement_timeout database.lock_timeout database.prepare_threshold remote.url remote.ca_file remote.proxy remote.connect_timeout remote.read_timeout remote.insecure_http remote.client_id cases.default_priority cases.auto_assign_initial_status cases.workflow_engine server.listen server.workers server.public_url server.tls_cert server.tls_key server.behind_proxy server.trusted_proxies server.metrics_listen server.max_body server.max_header server.request_timeout server.pool_size server.shutdown_grace server.client_rate server.client_burst server.address_rate server.address_burst server.log_format oauth.access_ttl oauth.refresh_idle oauth.refresh_most oauth.refresh_grace oauth.code_ttl oauth.device_ttl oauth.device_poll oauth.browser_session oauth.password_rounds oauth.password_memory oauth.password_lanes oidc.issuer oidc.audience oidc.tenant oidc.tenant_claim oidc.user_claim oidc.role_claim oidc.role_map oidc.create_users oidc.default_role oidc.authorized_parties oidc.algorithms oidc.clock_skew')
        _casectl_common 3
        ;;
    'config set')
        _arguments=('words:profile tenant user data_dir color pager log_file database.url database.migrate_url database.read_url database.stop_after database.db_user database.connect_timeout database.statement_timeout database.lock_timeout database.prepare_threshold remote.url remote.ca_file remote.proxy remote.connect_timeout remote.read_timeout remote.insecure_http remote.client_id cases.default_priority cases.auto_assign_initial_status cases.workflow_engine server.listen server.workers server.public_url server.tls_cert server.tls_key server.behind_proxy server.trusted_proxies server.metrics_listen server.max_body server.max_header server.request_timeout server.pool_size server.shutdown_grace server.client_rate server.client_burst server.address_rate server.address_burst server.log_format oauth.access_ttl oauth.refresh_idle oauth.refresh_most oauth.refresh_grace oauth.code_ttl oauth.device_ttl oauth.device_poll oauth.browser_session oauth.password_rounds oauth.password_memory oauth.password_lanes oidc.issuer oidc.audience oidc.tenant oidc.tenant_claim oidc.user_claim oidc.role_claim oidc.role_map oidc.create_users oidc.default_role oidc.authorized_parties oidc.algorithms oidc.clock_skew' 'text')
        _casectl_common 3
        ;;
    'config unset')
        _arguments=('words:profile tenant user data_dir color pager log_file database.url database.migrate_url database.read_url database.stop_after database.db_user database.connect_timeout database.statement_timeout database.lock_timeout database.prepare_threshold remote.url remote.ca_file remote.proxy remote.connect_timeout remote.read_timeout remote.insecure_http remote.client_id cases.default_priority cases.auto_assign_initial_status cases.workflow_engine server.listen server.workers server.public_url server.tls_cert server.tls_key server.behind_proxy server.trusted_proxies server.metrics_listen server.max_body server.max_header server.request_timeout server.pool_size server.shutdown_grace server.client_rate server.client_burst server.address_rate server.address_burst server.log_format oauth.access_ttl oauth.refresh_idle oauth.refresh_most oauth.refresh_grace oauth.code_ttl oauth.device_ttl oauth.device_poll oauth.browser_session oauth.password_rounds oauth.password_memory oauth.password_lanes oidc.issuer oidc.audience oidc.tenant oidc.tenant_claim oidc.user_claim oidc.role_claim oidc.role_map oidc.create_users oidc.default_role oidc.authorized_parties oidc.algorithms oidc.clock_skew')
        _casectl_common 3
        ;;
    'config edit')
        _casectl_common 3
        ;;
    'config path')
        _casectl_common 3
        ;;
    'serve')
        _options='--listen|text|where to listen (127.0.0.1:8420)
--workers|text|how many processes serve (1)
--tls-cert|file|certificate, PEM
--tls-key|file|its private key, PEM
--behind-proxy||a proxy before the server ends TLS
--trusted-proxies|text|whose X-Forwarded-For is believed
--public-url|text|the address others reach it by
--metrics-listen|text|where /metrics is; off for nowhere
--log-format|words:auto text json|json or text, on stderr; auto is text on a terminal
'
        _casectl_common 3
        ;;
    'profile list')
        _casectl_common 3
        ;;
    'profile show')
        _arguments=('profile')
        _casectl_common 3
        ;;
    'profile add')
        _arguments=('text')
        _options='--url|text|https://… of a server, or postgresql://…
--ca-file|file|certificates to trust instead of the system'\''s
--proxy|text|reach the server through this
--insecure-http||allow http:// beyond this machine: anybody on the way can read it all
--no-check||do not ask the server who it is
--use||work there from now on unless told otherwise
'
        _casectl_common 3
        ;;
    'profile use')
        _arguments=('profile')
        _casectl_common 3
        ;;
    'profile remove')
        _arguments=('profile')
        _casectl_common 3
        ;;
    'auth login')
        _options='--device||approve a code in a browser elsewhere
--with-token||read a token or an API key from standard input
--client-id|text|log in as this OAuth client
--client-secret-file|file|log a program in; its secret is in FILE or -
--scope|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|only these rights; else all the user has
--insecure-storage||keep the login in a file of mode 0600, not in the keyring
--no-browser||open no browser, only show the address
--timeout|text|how long to wait for you (5m)
'
        _casectl_common 3
        ;;
    'auth logout')
        _casectl_common 3
        ;;
    'auth status')
        _casectl_common 3
        ;;
    'auth token')
        _casectl_common 3
        ;;
    'auth refresh')
        _casectl_common 3
        ;;
    'session list')
        _options='--user|user|user whose sessions (default: you)
--all-users||the sessions of everybody
'
        _casectl_common 2
        ;;
    'session revoke')
        _arguments=('words:all')
        _options='--user|user|user whose session (default: you)
'
        _casectl_common 0
        ;;
    'key list')
        _options='--user|user|user whose keys (default: you)
--all-users||the keys of all users and clients
'
        _casectl_common 2
        ;;
    'key create')
        _arguments=('text')
        _options='--right|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|right it has; may be repeated (default: yours)
--expires|text|when it ends: 90d, a date (default: never)
--client|text|client that it acts as
--user|user|user that it acts as (default: you)
'
        _casectl_common 0
        ;;
    'key rotate')
        _arguments=('text')
        _options='--grace|text|how long the old one goes on (default: 1h; 0s ends it)
'
        _casectl_common 0
        ;;
    'key revoke')
        _arguments=('text')
        _casectl_common 0
        ;;
    'client add')
        _arguments=('text')
        _options='--right|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|right it may use; may be repeated
--redirect|text|where a login in the browser comes back to
--grant|words:authorization_code client_credentials device_code refresh_token|how it gets tokens: authorization_code, client_credentials, device_code, refresh_token
--public||it cannot keep a secret, as on a phone or in a browser
--expires|text|when it ends: 90d, a date (default: never)
'
        _casectl_common 0
        ;;
    'client list')
        _casectl_common 2
        ;;
    'client show')
        _arguments=('text')
        _casectl_common 2
        ;;
    'client rotate')
        _arguments=('text')
        _casectl_common 0
        ;;
    'client revoke')
        _arguments=('text')
        _casectl_common 0
        ;;
    'job list')
        _options='-n,--limit|text|jobs at most
'
        _casectl_common 2
        ;;
    'job show')
        _arguments=('text')
        _casectl_common 2
        ;;
    'job cancel')
        _arguments=('text')
        _casectl_common 0
        ;;
    'init')
        _options='--title|text|what people call the tenant
--admin|text|login of its first admin
--name|text|the admin'\''s full name
--email|text|the admin'\''s mail address
--os-user|text|who the admin is on this machine
--timezone|text|IANA name, such as Europe/Berlin
'
        _casectl_common 3
        ;;
    'demo')
        _options='--cases|case|how many cases to make up
--seed|text|another seed tells other stories
'
        _casectl_common 3
        ;;
    'db start')
        _casectl_common 3
        ;;
    'db stop')
        _options='--mode|words:fast smart immediate|fast, smart (waits for others) or immediate (recovers at the next start)
'
        _casectl_common 3
        ;;
    'db status')
        _casectl_common 3
        ;;
    'db upgrade')
        _casectl_common 3
        ;;
    'db check')
        _casectl_common 3
        ;;
    'db shell')
        _casectl_common 3
        ;;
    'db url')
        _options='--show-password||do not replace it by ***
'
        _casectl_common 3
        ;;
    'export')
        _arguments=('query')
        _rest=1
        _options='--file|file|where to, not standard output
--overwrite||replace the file if it is there
--notes||with the notes of each case
--history||with the history of each case
--trash||deleted cases, too
'
        _casectl_common 3
        ;;
    'import')
        _arguments=('file')
        _options='--map|file|what the columns mean
--create-people||without a map: make missing users and teams
-n,--dry-run||tell what would happen, change nothing
--resume||go on after an interruption, without a remark on it
--rejects|file|where refused lines go
'
        _casectl_common 3
        ;;
    'completion')
        _arguments=('words:bash zsh fish powershell')
        _casectl_common 3
        ;;
    'help')
        _arguments=('words:concepts verbs query shell history safety output exit-codes events rest client import export people roles access oauth configuration types tenants postgres server remote')
        _rest=1
        _options='--search|text|where all these words stand
--man|text|write the man pages into DIR
'
        _casectl_common 3
        ;;
    esac
}

# Adds the options that many commands share.
_casectl_common() {
    case $1 in
    0) _options+='-o,--output|words:table json jsonl csv tsv id|table, json, jsonl, csv, tsv or id
--json||the same as -o json
--fields|fields,|only these fields; '\''help'\'' lists them
--select|text|JMESPath over the JSON
--jq|text|jq over the JSON; needs the extra casectl[jq]
--template|text|a line for each result: '\''{number} {title}'\''
--quiet||only results and errors, no messages
-y,--yes||answer yes to what would be asked
--no-input||never ask; what is missing is an error
--dry-run||check and show everything, change nothing
--idempotency-key|text|repeated with this key, answer as the first
--profile|profile|the place to work at, from the configuration
--tenant|text|the tenant to work in
--as|user|the login to act as on this machine'\''s desk
--config|file|the user'\''s configuration file
--stop-after|text|stop the embedded Postgres after that long unused
--db-user|text|the user that runs the embedded Postgres for root
--color|words:auto always never|auto, always or never
--no-pager||never page what is longer than the screen
--debug||show the traceback of a failure
' ;;
    1) _options+='-o,--output|words:table json jsonl csv tsv id|table, json, jsonl, csv, tsv or id
--json||the same as -o json
--fields|fields,|only these fields; '\''help'\'' lists them
--select|text|JMESPath over the JSON
--jq|text|jq over the JSON; needs the extra casectl[jq]
--template|text|a line for each result: '\''{number} {title}'\''
--quiet||only results and errors, no messages
-y,--yes||answer yes to what would be asked
--no-input||never ask; what is missing is an error
--dry-run||check and show everything, change nothing
--if-match|text|refuse if the case has another version
--idempotency-key|text|repeated with this key, answer as the first
--profile|profile|the place to work at, from the configuration
--tenant|text|the tenant to work in
--as|user|the login to act as on this machine'\''s desk
--config|file|the user'\''s configuration file
--stop-after|text|stop the embedded Postgres after that long unused
--db-user|text|the user that runs the embedded Postgres for root
--color|words:auto always never|auto, always or never
--no-pager||never page what is longer than the screen
--debug||show the traceback of a failure
' ;;
    2) _options+='-o,--output|words:table json jsonl csv tsv id|table, json, jsonl, csv, tsv or id
--json||the same as -o json
--fields|fields,|only these fields; '\''help'\'' lists them
--select|text|JMESPath over the JSON
--jq|text|jq over the JSON; needs the extra casectl[jq]
--template|text|a line for each result: '\''{number} {title}'\''
--quiet||only results and errors, no messages
--profile|profile|the place to work at, from the configuration
--tenant|text|the tenant to work in
--as|user|the login to act as on this machine'\''s desk
--config|file|the user'\''s configuration file
--stop-after|text|stop the embedded Postgres after that long unused
--db-user|text|the user that runs the embedded Postgres for root
--color|words:auto always never|auto, always or never
--no-pager||never page what is longer than the screen
--debug||show the traceback of a failure
' ;;
    3) _options+='-o,--output|words:table json jsonl csv tsv id|table, json, jsonl, csv, tsv or id
--json||the same as -o json
--fields|fields,|only these fields; '\''help'\'' lists them
--select|text|JMESPath over the JSON
--jq|text|jq over the JSON; needs the extra casectl[jq]
--template|text|a line for each result: '\''{number} {title}'\''
--quiet||only results and errors, no messages
-y,--yes||answer yes to what would be asked
--no-input||never ask; what is missing is an error
--profile|profile|the place to work at, from the configuration
--tenant|text|the tenant to work in
--as|user|the login to act as on this machine'\''s desk
--config|file|the user'\''s configuration file
--stop-after|text|stop the embedded Postgres after that long unused
--db-user|text|the user that runs the embedded Postgres for root
--color|words:auto always never|auto, always or never
--no-pager||never page what is longer than the screen
--debug||show the traceback of a failure
' ;;
    esac
}

# Sets _reply to the command that $2 makes of $1; fails when there is none.
_casectl_subcommand() {
    case "$1|$2" in
    '|create') _reply='create' ;;
    '|new') _reply='create' ;;
    '|note') _reply='note' ;;
    '|comment') _reply='note' ;;
    '|status') _reply='status' ;;
    '|assign') _reply='assign' ;;
    '|take') _reply='take' ;;
    '|update') _reply='update' ;;
    '|edit') _reply='update' ;;
    '|escalate') _reply='escalate' ;;
    '|close') _reply='close' ;;
    '|reopen') _reply='reopen' ;;
    '|delete') _reply='delete' ;;
    '|rm') _reply='delete' ;;
    '|restore') _reply='restore' ;;
    '|purge') _reply='purge' ;;
    '|bulk-update') _reply='bulk-update' ;;
    '|list') _reply='list' ;;
    '|ls') _reply='list' ;;
    '|search') _reply='search' ;;
    '|find') _reply='search' ;;
    '|show') _reply='show' ;;
    '|view') _reply='show' ;;
    '|history') _reply='history' ;;
    '|diff') _reply='diff' ;;
    '|trash') _reply='trash' ;;
    '|events') _reply='events' ;;
    '|actions') _reply='actions' ;;
    '|whoami') _reply='whoami' ;;
    '|user') _reply='user' ;;
    '|team') _reply='team' ;;
    '|role') _reply='role' ;;
    '|contact') _reply='contact' ;;
    '|type') _reply='type' ;;
    '|access') _reply='access' ;;
    '|lifecycle') _reply='lifecycle' ;;
    '|tenant') _reply='tenant' ;;
    '|config') _reply='config' ;;
    '|serve') _reply='serve' ;;
    '|profile') _reply='profile' ;;
    '|auth') _reply='auth' ;;
    '|session') _reply='session' ;;
    '|key') _reply='key' ;;
    '|client') _reply='client' ;;
    '|job') _reply='job' ;;
    '|init') _reply='init' ;;
    '|demo') _reply='demo' ;;
    '|db') _reply='db' ;;
    '|export') _reply='export' ;;
    '|import') _reply='import' ;;
    '|completion') _reply='completion' ;;
    '|help') _reply='help' ;;
    'access|explain') _reply='access explain' ;;
    'client|add') _reply='client add' ;;
    'client|list') _reply='client list' ;;
    'client|show') _reply='client show' ;;
    'client|rotate') _reply='client rotate' ;;
    'client|revoke') _reply='client revoke' ;;
    'auth|login') _reply='auth login' ;;
    'auth|logout') _reply='auth logout' ;;
    'auth|status') _reply='auth status' ;;
    'auth|token') _reply='auth token' ;;
    'auth|refresh') _reply='auth refresh' ;;
    'config|show') _reply='config show' ;;
    'config|get') _reply='config get' ;;
    'config|set') _reply='config set' ;;
    'config|unset') _reply='config unset' ;;
    'config|edit') _reply='config edit' ;;
    'config|path') _reply='config path' ;;
    'contact|list') _reply='contact list' ;;
    'contact|show') _reply='contact show' ;;
    'contact|add') _reply='contact add' ;;
    'contact|change') _reply='contact change' ;;
    'contact|deactivate') _reply='contact deactivate' ;;
    'contact|activate') _reply='contact activate' ;;
    'db|start') _reply='db start' ;;
    'db|stop') _reply='db stop' ;;
    'db|status') _reply='db status' ;;
    'db|upgrade') _reply='db upgrade' ;;
    'db|check') _reply='db check' ;;
    'db|shell') _reply='db shell' ;;
    'db|url') _reply='db url' ;;
    'job|list') _reply='job list' ;;
    'job|show') _reply='job show' ;;
    'job|cancel') _reply='job cancel' ;;
    'key|list') _reply='key list' ;;
    'key|create') _reply='key create' ;;
    'key|rotate') _reply='key rotate' ;;
    'key|revoke') _reply='key revoke' ;;
    'session|list') _reply='session list' ;;
    'session|revoke') _reply='session revoke' ;;
    'profile|list') _reply='profile list' ;;
    'profile|show') _reply='profile show' ;;
    'profile|add') _reply='profile add' ;;
    'profile|use') _reply='profile use' ;;
    'profile|remove') _reply='profile remove' ;;
    'role|list') _reply='role list' ;;
    'role|show') _reply='role show' ;;
    'role|add') _reply='role add' ;;
    'role|change') _reply='role change' ;;
    'role|deactivate') _reply='role deactivate' ;;
    'role|activate') _reply='role activate' ;;
    'team|list') _reply='team list' ;;
    'team|show') _reply='team show' ;;
    'team|add') _reply='team add' ;;
    'team|change') _reply='team change' ;;
    'team|deactivate') _reply='team deactivate' ;;
    'team|activate') _reply='team activate' ;;
    'lifecycle|list') _reply='lifecycle list' ;;
    'lifecycle|show') _reply='lifecycle show' ;;
    'lifecycle|check') _reply='lifecycle check' ;;
    'tenant|show') _reply='tenant show' ;;
    'tenant|change') _reply='tenant change' ;;
    'tenant|list') _reply='tenant list' ;;
    'tenant|add') _reply='tenant add' ;;
    'tenant|deactivate') _reply='tenant deactivate' ;;
    'tenant|activate') _reply='tenant activate' ;;
    'trash|list') _reply='trash list' ;;
    'type|list') _reply='type list' ;;
    'type|show') _reply='type show' ;;
    'type|add') _reply='type add' ;;
    'type|lifecycle add') _reply='type lifecycle add' ;;
    'type|change') _reply='type change' ;;
    'type|lifecycle change') _reply='type lifecycle change' ;;
    'type|revisions') _reply='type revisions' ;;
    'type|diff') _reply='type diff' ;;
    'type|migrate') _reply='type migrate' ;;
    'type|deactivate') _reply='type deactivate' ;;
    'type|lifecycle deactivate') _reply='type lifecycle deactivate' ;;
    'type|activate') _reply='type activate' ;;
    'type|lifecycle activate') _reply='type lifecycle activate' ;;
    'user|list') _reply='user list' ;;
    'user|show') _reply='user show' ;;
    'user|add') _reply='user add' ;;
    'user|change') _reply='user change' ;;
    'user|deactivate') _reply='user deactivate' ;;
    'user|activate') _reply='user activate' ;;
    'user|password') _reply='user password' ;;
    *) return 1 ;;
    esac
}

# Offers the words that may follow command $1.
_casectl_subcommands() {
    local word help rows=''
    case $1 in
    '') rows='create|Open a case
new|Open a case
note|Write a note on a case
comment|Write a note on a case
status|Move a case to another status
assign|Hand a case to somebody or to a team
take|Take a case yourself
update|Change a case
edit|Change a case
escalate|Escalate a case, with a reason
close|Close a case
reopen|Open a closed case again
delete|Move a case to the trash
rm|Move a case to the trash
restore|Bring a case back from the trash
purge|Erase cases of the trash for good
bulk-update|Change many cases at once
list|List cases, the most urgent first
ls|List cases, the most urgent first
search|Search cases by words in their text
find|Search cases by words in their text
show|Show a case with its notes
view|Show a case with its notes
history|Tell who changed what in a case, and when
diff|Tell what differs in a case between two instants
trash|What was deleted and can come back
events|Tell what happens to cases, as it happens
actions|Tell what you may do with a case now, and why not the rest
whoami|Tell who you are here
user|The people who work here
team|Teams and who is in them
role|Roles: the rights that users have
contact|The people cases are about
type|Case types: form, lifecycle and numbers
access|Who may do what, and why
lifecycle|Lifecycles: statuses and the ways between them
tenant|Organisations on this desk, and yours
config|Settings and where they come from
serve|Serve the desk to other machines and programs
profile|Servers and databases to work at
auth|Your login at a server
session|Where you are logged in
key|API keys for scripts
client|Programs with tokens of their own
job|Large changes that a server works on
init|Set up a desk for real use
demo|Make a desk to try things on
db|The database behind the desk
export|Export whole cases as CSV, JSON or JSON Lines
import|Import cases and their history from a file
completion|Print the script that completes words in your shell
help|Read a page of the manual
' ;;
    'access') rows='explain|Tell whether somebody may perform a verb, and by which rule
' ;;
    'client') rows='add|Register a program that gets tokens of its own
list|List the programs that get tokens of their own
show|Show a client with its rights and addresses
rotate|Give a client a new secret
revoke|End a client for good
' ;;
    'auth') rows='login|Log in at the server of the profile
logout|Log out at the server of the profile
status|Tell who you are at the server
token|Print the access token, for curl and the like
refresh|Renew the access token now
' ;;
    'config') rows='show|Show every setting with its origin
get|Print the value of a setting that counts now
set|Set a setting in your configuration file
unset|Take a setting out of your configuration file
edit|Open your configuration file in your editor
path|Tell which files are read
' ;;
    'contact') rows='list|List contacts by name
show|Show a contact
add|Add a contact
change|Change a contact
deactivate|Let no new case be about a contact
activate|Let new cases be about a contact again
' ;;
    'db') rows='start|Start the embedded Postgres
stop|Stop the embedded Postgres
status|Tell where the database is and how it is doing
upgrade|Bring the schema to this program'\''s version
check|Check cases, audit, counters and indexes against each other
shell|Open psql on the desk'\''s database
url|Print the address of the database
' ;;
    'job') rows='list|List your jobs, the newest first
show|Show how far a job is, and which cases were refused
cancel|Cancel a job between two of its steps
' ;;
    'key') rows='list|List API keys and their last use
create|Make an API key for a script
rotate|Make a new API key in the place of one
revoke|End an API key at once
' ;;
    'session') rows='list|List the places you are logged in at
revoke|End a login, with every token that came of it
' ;;
    'profile') rows='list|List the places you have named
show|Show a place: its address, and whether you are logged in
add|Name a server or a database as a place to work at
use|Work at a place unless told otherwise
remove|Forget a place, and the login there
' ;;
    'role') rows='list|List the roles
show|Show a role with its rights and who has it
add|Add a role
change|Change a role: its name or its rights
deactivate|Let a role give no rights any more
activate|Let a role give its rights again
' ;;
    'team') rows='list|List the teams
show|Show a team with its lead and members
add|Add a team
change|Change a team: its name, its lead or its members
deactivate|Give a team no more cases, and hand over those it has
activate|Let a team have new cases again
' ;;
    'lifecycle') rows='list|List the lifecycles, one for each case type
show|Show the lifecycle of a case type: its statuses and where each leads
check|Check a lifecycle in a file, and show how it would read
' ;;
    'tenant') rows='show|Show the tenant you work in
change|Change the tenant you work in: its title, its time zone, its settings
list|List the tenants of this desk
add|Add a tenant to this desk
deactivate|Let nobody into a tenant
activate|Let people into a tenant again
' ;;
    'trash') rows='list|List what is in the trash, who put it there and when
' ;;
    'type') rows='list|List the case types
show|Show a case type: its form, its lifecycle and its numbers
add|Add a case type with its lifecycle
lifecycle add|Add a case type with its lifecycle
change|Change a case type, and tell what that means to its open cases
lifecycle change|Change a case type, and tell what that means to its open cases
revisions|List the revisions of a case type
diff|Tell what differs between two revisions of a case type
migrate|Bring open cases to another revision of their type
deactivate|Let a case type take no new cases
lifecycle deactivate|Let a case type take no new cases
activate|Let a case type take new cases again
lifecycle activate|Let a case type take new cases again
' ;;
    'user') rows='list|List the users
show|Show a user with roles and teams
add|Add a user
change|Change a user, or the roles of one
deactivate|Let a user in no more, and hand over what he has
activate|Let a user in again
password|Set the password of a user
' ;;
    esac
    while IFS='|' read -r word help; do
        [[ -n $word && $word == "$_typed"* ]] && _casectl_offer "$word" "$help"
    done <<<"$rows"
}

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
