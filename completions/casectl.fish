# Completion of casectl for fish, made by: casectl completion fish

# Sets what options and arguments a command has.
function __casectl_describe
    set -g __casectl_options
    set -g __casectl_arguments
    set -g __casectl_rest ''
    switch "$argv[1]"
        case ''
            set -g __casectl_options '-o,--output|words:table json jsonl csv tsv id|table, json, jsonl, csv, tsv or id' '--json||the same as -o json' '--fields|fields,|only these fields; \'help\' lists them' '--select|text|JMESPath over the JSON' '--jq|text|jq over the JSON; needs the extra casectl[jq]' '--template|text|a line for each result: \'{number} {title}\'' '--quiet||only results and errors, no messages' '-y,--yes||answer yes to what would be asked' '--no-input||never ask; what is missing is an error' '--dry-run||check and show everything, change nothing' '--if-match|text|refuse if the case has another version' '--idempotency-key|text|repeated with this key, answer as the first' '--profile|profile|the place to work at, from the configuration' '--tenant|text|the tenant to work in' '--as|user|the login to act as on this machine\'s desk' '--config|file|the user\'s configuration file' '--stop-after|text|stop the embedded Postgres after that long unused' '--db-user|text|the user that runs the embedded Postgres for root' '--color|words:auto always never|auto, always or never' '--no-pager||never page what is longer than the screen' '--debug||show the traceback of a failure' '--version||show the version' '-h,--help||show the help'
        case 'create'
            set -g __casectl_arguments 'text'
            set -g __casectl_options '-d,--description|text|all the rest' '-t,--type|type|case type (default: incident)' '--status|status|status it begins in (default: the initial one of its type)' '-p,--priority|words:low medium high critical|low, medium, high or critical (default: the tenant\'s)' '-c,--contact|contact|whom it is about: mail address or "Name <address>"' '--reporter|person|user who reported it (default: who has the contact\'s mail address)' '-a,--assignee|person|who works on it: login, mail address or @me' '--team|team|team it goes to' '--tag|tag,|tag; may be repeated' '--due|text|when it must be done: 2h, fri, 2026-11-23 17:00' '--field|form|form field as KEY=VALUE; may be repeated' '--parent|parent|case it is a part of' '--restricted||only for those who may read restricted cases' '--channel|channel|how it came in' '--external-id|text|its id elsewhere, unique per channel' '-e,--edit||write it in $VISUAL or $EDITOR, from a template' '-F,--file|file|read the text from FILE; - is standard input'
            __casectl_common 0
        case 'note'
            set -g __casectl_arguments 'case' 'text'
            set -g __casectl_options '-i,--internal||hide it from reporters' '--channel|channel|how it came in' '-e,--edit||write it in $VISUAL or $EDITOR, from a template' '-F,--file|file|read the text from FILE; - is standard input'
            __casectl_common 1
        case 'status'
            set -g __casectl_arguments 'case' 'status'
            set -g __casectl_options '--field|form|form field as KEY=VALUE; may be repeated'
            __casectl_common 1
        case 'assign'
            set -g __casectl_arguments 'case' 'person'
            set -g __casectl_options '--team|team|team, or none'
            __casectl_common 1
        case 'take'
            set -g __casectl_arguments 'case'
            __casectl_common 1
        case 'update'
            set -g __casectl_arguments 'case'
            set -g __casectl_options '--title|text|one line that says what is the matter' '-d,--description|text|all the rest' '-t,--type|type|case type' '--status|status|status it goes to' '-p,--priority|words:low medium high critical|low, medium, high or critical' '-a,--assignee|person|login, mail address, @me or none' '--team|team|team, or none' '--reporter|person|user who reported it, or none' '-c,--contact|contact|mail address, "Name <address>" or none' '--parent|parent|case it is a part of, or none' '--due|text|2h, fri, 2026-11-23 17:00 or none' '--tag|tag,|tag that replaces all tags; may be repeated' '--add-tag|tag,|tag to add; may be repeated' '--remove-tag|tag,|tag to take away; may be repeated' '--field|form|form field as KEY=VALUE, none clears; may be repeated' '--restricted,--unrestricted||only for those who may read restricted cases' '-F,--file|file|read the text from FILE; - is standard input'
            __casectl_common 1
        case 'escalate'
            set -g __casectl_arguments 'case' 'text'
            set -g __casectl_options '-F,--file|file|read the text from FILE; - is standard input'
            __casectl_common 1
        case 'close'
            set -g __casectl_arguments 'case'
            set -g __casectl_options '--field|form|form field as KEY=VALUE; may be repeated'
            __casectl_common 1
        case 'reopen'
            set -g __casectl_arguments 'closed'
            __casectl_common 1
        case 'delete'
            set -g __casectl_arguments 'case'
            __casectl_common 1
        case 'restore'
            set -g __casectl_arguments 'trash'
            __casectl_common 1
        case 'purge'
            set -g __casectl_arguments 'trash'
            set -g __casectl_rest 1
            set -g __casectl_options '--older-than|text|instead: what was deleted longer ago than this: 30d, 12h' '--confirm|text|the number of the case; the count of several; the age'
            __casectl_common 0
        case 'bulk-update'
            set -g __casectl_arguments 'case'
            set -g __casectl_rest 1
            set -g __casectl_options '-q,--query|query|instead: all cases a query finds' '--status|status|status they go to' '-p,--priority|words:low medium high critical|low, medium, high or critical' '-a,--assignee|person|login, mail address, @me or none' '--team|team|team, or none' '--add-tag|tag,|tag to add; may be repeated' '--remove-tag|tag,|tag to take away; may be repeated' '--field|form|form field as KEY=VALUE, none clears; may be repeated'
            __casectl_common 0
        case 'list'
            set -g __casectl_arguments 'query'
            set -g __casectl_rest 1
            set -g __casectl_options '-n,--limit|text|how many cases; a page has at most 500' '--cursor|text|cursor of the page, as the one before gave it' '-s,--sort|words:priority -priority created -created updated -updated due -due resolved -resolved closed -closed id -id|order: -priority,due' '--explain||tell how the database finds them, instead' '--all||all of them, as they come'
            __casectl_common 2
        case 'search'
            set -g __casectl_arguments 'query'
            set -g __casectl_rest 1
            set -g __casectl_options '-n,--limit|text|how many cases; a page has at most 500' '--cursor|text|cursor of the page, as the one before gave it' '-s,--sort|words:priority -priority created -created updated -updated due -due resolved -resolved closed -closed id -id|order: -priority,due' '--explain||tell how the database finds them, instead' '--all||all of them, as they come'
            __casectl_common 2
        case 'show'
            set -g __casectl_arguments 'case'
            set -g __casectl_options '-n,--notes|text|how many of the newest notes' '--at|text|as it was: 2h (ago), 14:30, yesterday 14:30, in the tenant\'s zone'
            __casectl_common 2
        case 'history'
            set -g __casectl_arguments 'case'
            set -g __casectl_options '-n,--limit|text|entries at most' '-r,--newest-first||begin with the newest'
            __casectl_common 2
        case 'diff'
            set -g __casectl_arguments 'case' 'text' 'text'
            set -g __casectl_options '-n,--notes|text|how many of the newest notes'
            __casectl_common 2
        case 'trash list'
            set -g __casectl_options '--older-than|text|deleted longer ago than this: 30d, 12h' '-n,--limit|text|how many cases; a page has at most 500' '--cursor|text|cursor of the page, as the one before gave it' '--all||all of them, as they come'
            __casectl_common 2
        case 'events'
            set -g __casectl_arguments 'query'
            set -g __casectl_rest 1
            set -g __casectl_options '--after|text|go on behind this event or page' '--since|text|begin at a time: 2h (ago), today, now; or at a cursor' '-n,--limit|text|events at most' '-f,--follow||go on and tell what comes, until Ctrl-C'
            __casectl_common 2
        case 'actions'
            set -g __casectl_arguments 'case'
            __casectl_common 2
        case 'whoami'
            __casectl_common 2
        case 'user list'
            set -g __casectl_arguments 'user'
            set -g __casectl_options '--role|role|only who has this role' '--team|team|only who works in this team' '--all||also those who were deactivated'
            __casectl_common 2
        case 'user show'
            set -g __casectl_arguments 'user'
            __casectl_common 2
        case 'user add'
            set -g __casectl_arguments 'text'
            set -g __casectl_options '--name|text|name as people read it (default: the login)' '--email|text|mail address' '--os-user|text|operating-system user who acts as this user' '--role|role,|role; may be repeated (default: Reporter)'
            __casectl_common 0
        case 'user change'
            set -g __casectl_arguments 'user'
            set -g __casectl_options '--login|text|new login' '--name|text|name as people read it' '--email|text|mail address, or none' '--os-user|text|operating-system user who acts as this user, or none' '--add-role|role,|role to give; may be repeated' '--remove-role|role,|role to take; may be repeated'
            __casectl_common 0
        case 'user deactivate'
            set -g __casectl_arguments 'user'
            set -g __casectl_options '--reassign-to|person|who gets his open cases, or none (default: they stay his)' '--lead-to|person|who leads his teams, or none (default: they stay his)'
            __casectl_common 0
        case 'user activate'
            set -g __casectl_arguments 'user'
            __casectl_common 0
        case 'user password'
            set -g __casectl_arguments 'user'
            __casectl_common 0
        case 'team list'
            set -g __casectl_options '--member|user|only teams that this user leads or works in' '--all||also those that were deactivated'
            __casectl_common 2
        case 'team show'
            set -g __casectl_arguments 'team'
            __casectl_common 2
        case 'team add'
            set -g __casectl_arguments 'text'
            set -g __casectl_options '--lead|user|user who leads it' '--member|user,|user who works in it; may be repeated'
            __casectl_common 0
        case 'team change'
            set -g __casectl_arguments 'team'
            set -g __casectl_options '--name|text|new name' '--lead|user|user who leads it, or none' '--add-member|user,|user to take in; may be repeated' '--remove-member|user,|user to take out; may be repeated'
            __casectl_common 0
        case 'team deactivate'
            set -g __casectl_arguments 'team'
            set -g __casectl_options '--reassign-to|team|team that gets its open cases, or none (default: they stay)'
            __casectl_common 0
        case 'team activate'
            set -g __casectl_arguments 'team'
            __casectl_common 0
        case 'role list'
            set -g __casectl_options '--having|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|only roles with this right' '--all||also those that were deactivated'
            __casectl_common 2
        case 'role show'
            set -g __casectl_arguments 'role'
            __casectl_common 2
        case 'role add'
            set -g __casectl_arguments 'text'
            set -g __casectl_options '--right|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|right it gives; may be repeated'
            __casectl_common 0
        case 'role change'
            set -g __casectl_arguments 'role'
            set -g __casectl_options '--name|text|new name' '--add-right|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|right it gives from now on; may be repeated' '--remove-right|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|right it gives no more; may be repeated'
            __casectl_common 0
        case 'role deactivate'
            set -g __casectl_arguments 'role'
            __casectl_common 0
        case 'role activate'
            set -g __casectl_arguments 'role'
            __casectl_common 0
        case 'contact list'
            set -g __casectl_arguments 'contact'
            set -g __casectl_options '-n,--limit|text|contacts at most' '--all||also those that were deactivated'
            __casectl_common 2
        case 'contact show'
            set -g __casectl_arguments 'contact'
            __casectl_common 2
        case 'contact add'
            set -g __casectl_arguments 'text'
            __casectl_common 0
        case 'contact change'
            set -g __casectl_arguments 'contact'
            set -g __casectl_options '--name|text|name as people read it' '--email|text|mail address, or none' '--phone|text|telephone number, or none'
            __casectl_common 0
        case 'contact deactivate'
            set -g __casectl_arguments 'contact'
            __casectl_common 0
        case 'contact activate'
            set -g __casectl_arguments 'contact'
            __casectl_common 0
        case 'type list'
            set -g __casectl_options '--all||also those that take no new cases'
            __casectl_common 2
        case 'type show'
            set -g __casectl_arguments 'type'
            set -g __casectl_options '--revision|text|an earlier revision'
            __casectl_common 2
        case 'type add'
            set -g __casectl_arguments 'text'
            set -g __casectl_options '--title|text|name as people read it' '--number-pattern|text|how numbers look: INC-{year}-{seq:05}' '--lifecycle|file|statuses and transitions, as JSON or TOML' '--form-schema|file|form: JSON Schema, as JSON or TOML'
            __casectl_common 0
        case 'type change'
            set -g __casectl_arguments 'type'
            set -g __casectl_options '--title|text|name as people read it' '--number-pattern|text|how numbers look: INC-{year}-{seq:05}' '--form-schema|file|form: JSON Schema, as JSON or TOML' '--lifecycle|file|statuses and transitions, as JSON or TOML'
            __casectl_common 0
        case 'type revisions'
            set -g __casectl_arguments 'type'
            __casectl_common 2
        case 'type diff'
            set -g __casectl_arguments 'type' 'text' 'text'
            __casectl_common 2
        case 'type migrate'
            set -g __casectl_arguments 'type'
            set -g __casectl_options '--revision|text|where they go (default: the current revision)' '-q,--query|query|only cases a query finds' '--map-status|text|where cases of a status that is gone go; may be repeated' '--fill|text|value of a field where a case has none; may be repeated' '--drop-field|text|field whose values are given up; may be repeated'
            __casectl_common 0
        case 'type deactivate'
            set -g __casectl_arguments 'type'
            __casectl_common 0
        case 'type activate'
            set -g __casectl_arguments 'type'
            __casectl_common 0
        case 'access explain'
            set -g __casectl_arguments 'text' 'text' 'case'
            set -g __casectl_options '--to|text|with status: the status it would lead to' '--internal||a note that reporters do not see' '--user|user|with user password and key create: whose'
            __casectl_common 2
        case 'lifecycle list'
            set -g __casectl_options '--all||also those of types that take no new cases'
            __casectl_common 2
        case 'lifecycle show'
            set -g __casectl_arguments 'type'
            set -g __casectl_options '--revision|text|an earlier revision'
            __casectl_common 2
        case 'lifecycle check'
            set -g __casectl_arguments 'file'
            __casectl_common 2
        case 'tenant show'
            __casectl_common 2
        case 'tenant change'
            set -g __casectl_options '--title|text|what people call it' '--timezone|text|IANA name, such as Europe/Berlin' '--default-priority|text|priority of a case that names none' '--auto-assign-initial-status,--no-auto-assign-initial-status||give a new case the initial status of its type by itself' '--workflow-engine|words:queue sync|where workflow rules will run; there are none yet'
            __casectl_common 0
        case 'tenant list'
            __casectl_common 3
        case 'tenant add'
            set -g __casectl_arguments 'text'
            set -g __casectl_options '--title|text|what people call it' '--admin|text|login of its first admin' '--name|text|the admin\'s full name' '--email|text|the admin\'s mail address' '--os-user|text|who the admin is on this machine' '--timezone|text|IANA name, such as Europe/Berlin'
            __casectl_common 3
        case 'tenant deactivate'
            set -g __casectl_arguments 'text'
            set -g __casectl_options '--confirm|text|the name once more'
            __casectl_common 3
        case 'tenant activate'
            set -g __casectl_arguments 'text'
            __casectl_common 3
        case 'config show'
            __casectl_common 3
        case 'config get'
            set -g __casectl_arguments 'words:profile tenant user data_dir color pager log_file database.url database.migrate_url database.read_url database.stop_after database.db_user database.connect_timeout database.statement_timeout database.lock_timeout database.prepare_threshold remote.url remote.ca_file remote.proxy remote.connect_timeout remote.read_timeout remote.insecure_http remote.client_id cases.default_priority cases.auto_assign_initial_status cases.workflow_engine server.listen server.workers server.public_url server.tls_cert server.tls_key server.behind_proxy server.trusted_proxies server.metrics_listen server.max_body server.max_header server.request_timeout server.pool_size server.shutdown_grace server.client_rate server.client_burst server.address_rate server.address_burst server.log_format oauth.access_ttl oauth.refresh_idle oauth.refresh_most oauth.refresh_grace oauth.code_ttl oauth.device_ttl oauth.device_poll oauth.browser_session oauth.password_rounds oauth.password_memory oauth.password_lanes oidc.issuer oidc.audience oidc.tenant oidc.tenant_claim oidc.user_claim oidc.role_claim oidc.role_map oidc.create_users oidc.default_role oidc.authorized_parties oidc.algorithms oidc.clock_skew'
            __casectl_common 3
        case 'config set'
            set -g __casectl_arguments 'words:profile tenant user data_dir color pager log_file database.url database.migrate_url database.read_url database.stop_after database.db_user database.connect_timeout database.statement_timeout database.lock_timeout database.prepare_threshold remote.url remote.ca_file remote.proxy remote.connect_timeout remote.read_timeout remote.insecure_http remote.client_id cases.default_priority cases.auto_assign_initial_status cases.workflow_engine server.listen server.workers server.public_url server.tls_cert server.tls_key server.behind_proxy server.trusted_proxies server.metrics_listen server.max_body server.max_header server.request_timeout server.pool_size server.shutdown_grace server.client_rate server.client_burst server.address_rate server.address_burst server.log_format oauth.access_ttl oauth.refresh_idle oauth.refresh_most oauth.refresh_grace oauth.code_ttl oauth.device_ttl oauth.device_poll oauth.browser_session oauth.password_rounds oauth.password_memory oauth.password_lanes oidc.issuer oidc.audience oidc.tenant oidc.tenant_claim oidc.user_claim oidc.role_claim oidc.role_map oidc.create_users oidc.default_role oidc.authorized_parties oidc.algorithms oidc.clock_skew' 'text'
            __casectl_common 3
        case 'config unset'
            set -g __casectl_arguments 'words:profile tenant user data_dir color pager log_file database.url database.migrate_url database.read_url database.stop_after database.db_user database.connect_timeout database.statement_timeout database.lock_timeout database.prepare_threshold remote.url remote.ca_file remote.proxy remote.connect_timeout remote.read_timeout remote.insecure_http remote.client_id cases.default_priority cases.auto_assign_initial_status cases.workflow_engine server.listen server.workers server.public_url server.tls_cert server.tls_key server.behind_proxy server.trusted_proxies server.metrics_listen server.max_body server.max_header server.request_timeout server.pool_size server.shutdown_grace server.client_rate server.client_burst server.address_rate server.address_burst server.log_format oauth.access_ttl oauth.refresh_idle oauth.refresh_most oauth.refresh_grace oauth.code_ttl oauth.device_ttl oauth.device_poll oauth.browser_session oauth.password_rounds oauth.password_memory oauth.password_lanes oidc.issuer oidc.audience oidc.tenant oidc.tenant_claim oidc.user_claim oidc.role_claim oidc.role_map oidc.create_users oidc.default_role oidc.authorized_parties oidc.algorithms oidc.clock_skew'
            __casectl_common 3
        case 'config edit'
            __casectl_common 3
        case 'config path'
            __casectl_common 3
        case 'serve'
            set -g __casectl_options '--listen|text|where to listen (127.0.0.1:8420)' '--workers|text|how many processes serve (1)' '--tls-cert|file|certificate, PEM' '--tls-key|file|its private key, PEM' '--behind-proxy||a proxy before the server ends TLS' '--trusted-proxies|text|whose X-Forwarded-For is believed' '--public-url|text|the address others reach it by' '--metrics-listen|text|where /metrics is; off for nowhere' '--log-format|words:auto text json|json or text, on stderr; auto is text on a terminal'
            __casectl_common 3
        case 'profile list'
            __casectl_common 3
        case 'profile show'
            set -g __casectl_arguments 'profile'
            __casectl_common 3
        case 'profile add'
            set -g __casectl_arguments 'text'
            set -g __casectl_options '--url|text|https://… of a server, or postgresql://…' '--ca-file|file|certificates to trust instead of the system\'s' '--proxy|text|reach the server through this' '--insecure-http||allow http:// beyond this machine: anybody on the way can read it all' '--no-check||do not ask the server who it is' '--use||work there from now on unless told otherwise'
            __casectl_common 3
        case 'profile use'
            set -g __casectl_arguments 'profile'
            __casectl_common 3
        case 'profile remove'
            set -g __casectl_arguments 'profile'
            __casectl_common 3
        case 'auth login'
            set -g __casectl_options '--device||approve a code in a browser elsewhere' '--with-token||read a token or an API key from standard input' '--client-id|text|log in as this OAuth client' '--client-secret-file|file|log a program in; its secret is in FILE or -' '--scope|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|only these rights; else all the user has' '--insecure-storage||keep the login in a file of mode 0600, not in the keyring' '--no-browser||open no browser, only show the address' '--timeout|text|how long to wait for you (5m)'
            __casectl_common 3
        case 'auth logout'
            __casectl_common 3
        case 'auth status'
            __casectl_common 3
        case 'auth token'
            __casectl_common 3
        case 'auth refresh'
            __casectl_common 3
        case 'session list'
            set -g __casectl_options '--user|user|user whose sessions (default: you)' '--all-users||the sessions of everybody'
            __casectl_common 2
        case 'session revoke'
            set -g __casectl_arguments 'words:all'
            set -g __casectl_options '--user|user|user whose session (default: you)'
            __casectl_common 0
        case 'key list'
            set -g __casectl_options '--user|user|user whose keys (default: you)' '--all-users||the keys of all users and clients'
            __casectl_common 2
        case 'key create'
            set -g __casectl_arguments 'text'
            set -g __casectl_options '--right|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|right it has; may be repeated (default: yours)' '--expires|text|when it ends: 90d, a date (default: never)' '--client|text|client that it acts as' '--user|user|user that it acts as (default: you)'
            __casectl_common 0
        case 'key rotate'
            set -g __casectl_arguments 'text'
            set -g __casectl_options '--grace|text|how long the old one goes on (default: 1h; 0s ends it)'
            __casectl_common 0
        case 'key revoke'
            set -g __casectl_arguments 'text'
            __casectl_common 0
        case 'client add'
            set -g __casectl_arguments 'text'
            set -g __casectl_options '--right|words:case:create case:read case:read_any case:read_restricted case:update case:update_any case:take case:assign case:status case:escalate case:close case:reopen case:delete case:restore case:purge case:bulk_update note:create note:create_internal note:read_internal history:read audit:read contact:read contact:write user:read user:manage team:read team:manage role:read role:manage type:read type:manage tenant:read tenant:manage account:manage key:create client:manage token:introspect import:run export:run|right it may use; may be repeated' '--redirect|text|where a login in the browser comes back to' '--grant|words:authorization_code client_credentials device_code refresh_token|how it gets tokens: authorization_code, client_credentials, device_code, refresh_token' '--public||it cannot keep a secret, as on a phone or in a browser' '--expires|text|when it ends: 90d, a date (default: never)'
            __casectl_common 0
        case 'client list'
            __casectl_common 2
        case 'client show'
            set -g __casectl_arguments 'text'
            __casectl_common 2
        case 'client rotate'
            set -g __casectl_arguments 'text'
            __casectl_common 0
        case 'client revoke'
            set -g __casectl_arguments 'text'
            __casectl_common 0
        case 'job list'
            set -g __casectl_options '-n,--limit|text|jobs at most'
            __casectl_common 2
        case 'job show'
            set -g __casectl_arguments 'text'
            __casectl_common 2
        case 'job cancel'
            set -g __casectl_arguments 'text'
            __casectl_common 0
        case 'init'
            set -g __casectl_options '--title|text|what people call the tenant' '--admin|text|login of its first admin' '--name|text|the admin\'s full name' '--email|text|the admin\'s mail address' '--os-user|text|who the admin is on this machine' '--timezone|text|IANA name, such as Europe/Berlin'
            __casectl_common 3
        case 'demo'
            set -g __casectl_options '--cases|case|how many cases to make up' '--seed|text|another seed tells other stories'
            __casectl_common 3
        case 'db start'
            __casectl_common 3
        case 'db stop'
            set -g __casectl_options '--mode|words:fast smart immediate|fast, smart (waits for others) or immediate (recovers at the next start)'
            __casectl_common 3
        case 'db status'
            __casectl_common 3
        case 'db upgrade'
            __casectl_common 3
        case 'db check'
            __casectl_common 3
        case 'db shell'
            __casectl_common 3
        case 'db url'
            set -g __casectl_options '--show-password||do not replace it by ***'
            __casectl_common 3
        case 'export'
            set -g __casectl_arguments 'query'
            set -g __casectl_rest 1
            set -g __casectl_options '--file|file|where to, not standard output' '--overwrite||replace the file if it is there' '--notes||with the notes of each case' '--history||with the history of each case' '--trash||deleted cases, too'
            __casectl_common 3
        case 'import'
            set -g __casectl_arguments 'file'
            set -g __casectl_options '--map|file|what the columns mean' '--create-people||without a map: make missing users and teams' '-n,--dry-run||tell what would happen, change nothing' '--resume||go on after an interruption, without a remark on it' '--rejects|file|where refused lines go'
            __casectl_common 3
        case 'completion'
            set -g __casectl_arguments 'words:bash zsh fish powershell'
            __casectl_common 3
        case 'help'
            set -g __casectl_arguments 'words:concepts verbs query shell history safety output exit-codes events rest client import export people roles access oauth configuration types tenants postgres server remote'
            set -g __casectl_rest 1
            set -g __casectl_options '--search|text|where all these words stand' '--man|text|write the man pages into DIR'
            __casectl_common 3
    end
end

# Adds the options that many commands share.
function __casectl_common
    switch "$argv[1]"
        case 0
            set -a __casectl_options '-o,--output|words:table json jsonl csv tsv id|table, json, jsonl, csv, tsv or id' '--json||the same as -o json' '--fields|fields,|only these fields; \'help\' lists them' '--select|text|JMESPath over the JSON' '--jq|text|jq over the JSON; needs the extra casectl[jq]' '--template|text|a line for each result: \'{number} {title}\'' '--quiet||only results and errors, no messages' '-y,--yes||answer yes to what would be asked' '--no-input||never ask; what is missing is an error' '--dry-run||check and show everything, change nothing' '--idempotency-key|text|repeated with this key, answer as the first' '--profile|profile|the place to work at, from the configuration' '--tenant|text|the tenant to work in' '--as|user|the login to act as on this machine\'s desk' '--config|file|the user\'s configuration file' '--stop-after|text|stop the embedded Postgres after that long unused' '--db-user|text|the user that runs the embedded Postgres for root' '--color|words:auto always never|auto, always or never' '--no-pager||never page what is longer than the screen' '--debug||show the traceback of a failure'
        case 1
            set -a __casectl_options '-o,--output|words:table json jsonl csv tsv id|table, json, jsonl, csv, tsv or id' '--json||the same as -o json' '--fields|fields,|only these fields; \'help\' lists them' '--select|text|JMESPath over the JSON' '--jq|text|jq over the JSON; needs the extra casectl[jq]' '--template|text|a line for each result: \'{number} {title}\'' '--quiet||only results and errors, no messages' '-y,--yes||answer yes to what would be asked' '--no-input||never ask; what is missing is an error' '--dry-run||check and show everything, change nothing' '--if-match|text|refuse if the case has another version' '--idempotency-key|text|repeated with this key, answer as the first' '--profile|profile|the place to work at, from the configuration' '--tenant|text|the tenant to work in' '--as|user|the login to act as on this machine\'s desk' '--config|file|the user\'s configuration file' '--stop-after|text|stop the embedded Postgres after that long unused' '--db-user|text|the user that runs the embedded Postgres for root' '--color|words:auto always never|auto, always or never' '--no-pager||never page what is longer than the screen' '--debug||show the traceback of a failure'
        case 2
            set -a __casectl_options '-o,--output|words:table json jsonl csv tsv id|table, json, jsonl, csv, tsv or id' '--json||the same as -o json' '--fields|fields,|only these fields; \'help\' lists them' '--select|text|JMESPath over the JSON' '--jq|text|jq over the JSON; needs the extra casectl[jq]' '--template|text|a line for each result: \'{number} {title}\'' '--quiet||only results and errors, no messages' '--profile|profile|the place to work at, from the configuration' '--tenant|text|the tenant to work in' '--as|user|the login to act as on this machine\'s desk' '--config|file|the user\'s configuration file' '--stop-after|text|stop the embedded Postgres after that long unused' '--db-user|text|the user that runs the embedded Postgres for root' '--color|words:auto always never|auto, always or never' '--no-pager||never page what is longer than the screen' '--debug||show the traceback of a failure'
        case 3
            set -a __casectl_options '-o,--output|words:table json jsonl csv tsv id|table, json, jsonl, csv, tsv or id' '--json||the same as -o json' '--fields|fields,|only these fields; \'help\' lists them' '--select|text|JMESPath over the JSON' '--jq|text|jq over the JSON; needs the extra casectl[jq]' '--template|text|a line for each result: \'{number} {title}\'' '--quiet||only results and errors, no messages' '-y,--yes||answer yes to what would be asked' '--no-input||never ask; what is missing is an error' '--profile|profile|the place to work at, from the configuration' '--tenant|text|the tenant to work in' '--as|user|the login to act as on this machine\'s desk' '--config|file|the user\'s configuration file' '--stop-after|text|stop the embedded Postgres after that long unused' '--db-user|text|the user that runs the embedded Postgres for root' '--color|words:auto always never|auto, always or never' '--no-pager||never page what is longer than the screen' '--debug||show the traceback of a failure'
    end
end

# Sets the command that a word makes of the one so far; fails when there is none.
function __casectl_subcommand
    switch "$argv[1]|$argv[2]"
        case '|create'
            set -g __casectl_command 'create'
        case '|new'
            set -g __casectl_command 'create'
        case '|note'
            set -g __casectl_command 'note'
        case '|comment'
            set -g __casectl_command 'note'
        case '|status'
            set -g __casectl_command 'status'
        case '|assign'
            set -g __casectl_command 'assign'
        case '|take'
            set -g __casectl_command 'take'
        case '|update'
            set -g __casectl_command 'update'
        case '|edit'
            set -g __casectl_command 'update'
        case '|escalate'
            set -g __casectl_command 'escalate'
        case '|close'
            set -g __casectl_command 'close'
        case '|reopen'
            set -g __casectl_command 'reopen'
        case '|delete'
            set -g __casectl_command 'delete'
        case '|rm'
            set -g __casectl_command 'delete'
        case '|restore'
            set -g __casectl_command 'restore'
        case '|purge'
            set -g __casectl_command 'purge'
        case '|bulk-update'
            set -g __casectl_command 'bulk-update'
        case '|list'
            set -g __casectl_command 'list'
        case '|ls'
            set -g __casectl_command 'list'
        case '|search'
            set -g __casectl_command 'search'
        case '|find'
            set -g __casectl_command 'search'
        case '|show'
            set -g __casectl_command 'show'
        case '|view'
            set -g __casectl_command 'show'
        case '|history'
            set -g __casectl_command 'history'
        case '|diff'
            set -g __casectl_command 'diff'
        case '|trash'
            set -g __casectl_command 'trash'
        case '|events'
            set -g __casectl_command 'events'
        case '|actions'
            set -g __casectl_command 'actions'
        case '|whoami'
            set -g __casectl_command 'whoami'
        case '|user'
            set -g __casectl_command 'user'
        case '|team'
            set -g __casectl_command 'team'
        case '|role'
            set -g __casectl_command 'role'
        case '|contact'
            set -g __casectl_command 'contact'
        case '|type'
            set -g __casectl_command 'type'
        case '|access'
            set -g __casectl_command 'access'
        case '|lifecycle'
            set -g __casectl_command 'lifecycle'
        case '|tenant'
            set -g __casectl_command 'tenant'
        case '|config'
            set -g __casectl_command 'config'
        case '|serve'
            set -g __casectl_command 'serve'
        case '|profile'
            set -g __casectl_command 'profile'
        case '|auth'
            set -g __casectl_command 'auth'
        case '|session'
            set -g __casectl_command 'session'
        case '|key'
            set -g __casectl_command 'key'
        case '|client'
            set -g __casectl_command 'client'
        case '|job'
            set -g __casectl_command 'job'
        case '|init'
            set -g __casectl_command 'init'
        case '|demo'
            set -g __casectl_command 'demo'
        case '|db'
            set -g __casectl_command 'db'
        case '|export'
            set -g __casectl_command 'export'
        case '|import'
            set -g __casectl_command 'import'
        case '|completion'
            set -g __casectl_command 'completion'
        case '|help'
            set -g __casectl_command 'help'
        case 'access|explain'
            set -g __casectl_command 'access explain'
        case 'client|add'
            set -g __casectl_command 'client add'
        case 'client|list'
            set -g __casectl_command 'client list'
        case 'client|show'
            set -g __casectl_command 'client show'
        case 'client|rotate'
            set -g __casectl_command 'client rotate'
        case 'client|revoke'
            set -g __casectl_command 'client revoke'
        case 'auth|login'
            set -g __casectl_command 'auth login'
        case 'auth|logout'
            set -g __casectl_command 'auth logout'
        case 'auth|status'
            set -g __casectl_command 'auth status'
        case 'auth|token'
            set -g __casectl_command 'auth token'
        case 'auth|refresh'
            set -g __casectl_command 'auth refresh'
        case 'config|show'
            set -g __casectl_command 'config show'
        case 'config|get'
            set -g __casectl_command 'config get'
        case 'config|set'
            set -g __casectl_command 'config set'
        case 'config|unset'
            set -g __casectl_command 'config unset'
        case 'config|edit'
            set -g __casectl_command 'config edit'
        case 'config|path'
            set -g __casectl_command 'config path'
        case 'contact|list'
            set -g __casectl_command 'contact list'
        case 'contact|show'
            set -g __casectl_command 'contact show'
        case 'contact|add'
            set -g __casectl_command 'contact add'
        case 'contact|change'
            set -g __casectl_command 'contact change'
        case 'contact|deactivate'
            set -g __casectl_command 'contact deactivate'
        case 'contact|activate'
            set -g __casectl_command 'contact activate'
        case 'db|start'
            set -g __casectl_command 'db start'
        case 'db|stop'
            set -g __casectl_command 'db stop'
        case 'db|status'
            set -g __casectl_command 'db status'
        case 'db|upgrade'
            set -g __casectl_command 'db upgrade'
        case 'db|check'
            set -g __casectl_command 'db check'
        case 'db|shell'
            set -g __casectl_command 'db shell'
        case 'db|url'
            set -g __casectl_command 'db url'
        case 'job|list'
            set -g __casectl_command 'job list'
        case 'job|show'
            set -g __casectl_command 'job show'
        case 'job|cancel'
            set -g __casectl_command 'job cancel'
        case 'key|list'
            set -g __casectl_command 'key list'
        case 'key|create'
            set -g __casectl_command 'key create'
        case 'key|rotate'
            set -g __casectl_command 'key rotate'
        case 'key|revoke'
            set -g __casectl_command 'key revoke'
        case 'session|list'
            set -g __casectl_command 'session list'
        case 'session|revoke'
            set -g __casectl_command 'session revoke'
        case 'profile|list'
            set -g __casectl_command 'profile list'
        case 'profile|show'
            set -g __casectl_command 'profile show'
        case 'profile|add'
            set -g __casectl_command 'profile add'
        case 'profile|use'
            set -g __casectl_command 'profile use'
        case 'profile|remove'
            set -g __casectl_command 'profile remove'
        case 'role|list'
            set -g __casectl_command 'role list'
        case 'role|show'
            set -g __casectl_command 'role show'
        case 'role|add'
            set -g __casectl_command 'role add'
        case 'role|change'
            set -g __casectl_command 'role change'
        case 'role|deactivate'
            set -g __casectl_command 'role deactivate'
        case 'role|activate'
            set -g __casectl_command 'role activate'
        case 'team|list'
            set -g __casectl_command 'team list'
        case 'team|show'
            set -g __casectl_command 'team show'
        case 'team|add'
            set -g __casectl_command 'team add'
        case 'team|change'
            set -g __casectl_command 'team change'
        case 'team|deactivate'
            set -g __casectl_command 'team deactivate'
        case 'team|activate'
            set -g __casectl_command 'team activate'
        case 'lifecycle|list'
            set -g __casectl_command 'lifecycle list'
        case 'lifecycle|show'
            set -g __casectl_command 'lifecycle show'
        case 'lifecycle|check'
            set -g __casectl_command 'lifecycle check'
        case 'tenant|show'
            set -g __casectl_command 'tenant show'
        case 'tenant|change'
            set -g __casectl_command 'tenant change'
        case 'tenant|list'
            set -g __casectl_command 'tenant list'
        case 'tenant|add'
            set -g __casectl_command 'tenant add'
        case 'tenant|deactivate'
            set -g __casectl_command 'tenant deactivate'
        case 'tenant|activate'
            set -g __casectl_command 'tenant activate'
        case 'trash|list'
            set -g __casectl_command 'trash list'
        case 'type|list'
            set -g __casectl_command 'type list'
        case 'type|show'
            set -g __casectl_command 'type show'
        case 'type|add'
            set -g __casectl_command 'type add'
        case 'type|lifecycle add'
            set -g __casectl_command 'type lifecycle add'
        case 'type|change'
            set -g __casectl_command 'type change'
        case 'type|lifecycle change'
            set -g __casectl_command 'type lifecycle change'
        case 'type|revisions'
            set -g __casectl_command 'type revisions'
        case 'type|diff'
            set -g __casectl_command 'type diff'
        case 'type|migrate'
            set -g __casectl_command 'type migrate'
        case 'type|deactivate'
            set -g __casectl_command 'type deactivate'
        case 'type|lifecycle deactivate'
            set -g __casectl_command 'type lifecycle deactivate'
        case 'type|activate'
            set -g __casectl_command 'type activate'
        case 'type|lifecycle activate'
            set -g __casectl_command 'type lifecycle activate'
        case 'user|list'
            set -g __casectl_command 'user list'
        case 'user|show'
            set -g __casectl_command 'user show'
        case 'user|add'
            set -g __casectl_command 'user add'
        case 'user|change'
            set -g __casectl_command 'user change'
        case 'user|deactivate'
            set -g __casectl_command 'user deactivate'
        case 'user|activate'
            set -g __casectl_command 'user activate'
        case 'user|password'
            set -g __casectl_command 'user password'
        case '*'
            return 1
    end
end

# Prints the words that may follow a command.
function __casectl_subcommands
    switch "$argv[1]"
        case ''
            printf '%s\t%s\n' 'create' 'Open a case' 'new' 'Open a case' 'note' 'Write a note on a case' 'comment' 'Write a note on a case' 'status' 'Move a case to another status' 'assign' 'Hand a case to somebody or to a team' 'take' 'Take a case yourself' 'update' 'Change a case' 'edit' 'Change a case' 'escalate' 'Escalate a case, with a reason' 'close' 'Close a case' 'reopen' 'Open a closed case again' 'delete' 'Move a case to the trash' 'rm' 'Move a case to the trash' 'restore' 'Bring a case back from the trash' 'purge' 'Erase cases of the trash for good' 'bulk-update' 'Change many cases at once' 'list' 'List cases, the most urgent first' 'ls' 'List cases, the most urgent first' 'search' 'Search cases by words in their text' 'find' 'Search cases by words in their text' 'show' 'Show a case with its notes' 'view' 'Show a case with its notes' 'history' 'Tell who changed what in a case, and when' 'diff' 'Tell what differs in a case between two instants' 'trash' 'What was deleted and can come back' 'events' 'Tell what happens to cases, as it happens' 'actions' 'Tell what you may do with a case now, and why not the rest' 'whoami' 'Tell who you are here' 'user' 'The people who work here' 'team' 'Teams and who is in them' 'role' 'Roles: the rights that users have' 'contact' 'The people cases are about' 'type' 'Case types: form, lifecycle and numbers' 'access' 'Who may do what, and why' 'lifecycle' 'Lifecycles: statuses and the ways between them' 'tenant' 'Organisations on this desk, and yours' 'config' 'Settings and where they come from' 'serve' 'Serve the desk to other machines and programs' 'profile' 'Servers and databases to work at' 'auth' 'Your login at a server' 'session' 'Where you are logged in' 'key' 'API keys for scripts' 'client' 'Programs with tokens of their own' 'job' 'Large changes that a server works on' 'init' 'Set up a desk for real use' 'demo' 'Make a desk to try things on' 'db' 'The database behind the desk' 'export' 'Export whole cases as CSV, JSON or JSON Lines' 'import' 'Import cases and their history from a file' 'completion' 'Print the script that completes words in your shell' 'help' 'Read a page of the manual'
        case 'access'
            printf '%s\t%s\n' 'explain' 'Tell whether somebody may perform a verb, and by which rule'
        case 'client'
            printf '%s\t%s\n' 'add' 'Register a program that gets tokens of its own' 'list' 'List the programs that get tokens of their own' 'show' 'Show a client with its rights and addresses' 'rotate' 'Give a client a new secret' 'revoke' 'End a client for good'
        case 'auth'
            printf '%s\t%s\n' 'login' 'Log in at the server of the profile' 'logout' 'Log out at the server of the profile' 'status' 'Tell who you are at the server' 'token' 'Print the access token, for curl and the like' 'refresh' 'Renew the access token now'
        case 'config'
            printf '%s\t%s\n' 'show' 'Show every setting with its origin' 'get' 'Print the value of a setting that counts now' 'set' 'Set a setting in your configuration file' 'unset' 'Take a setting out of your configuration file' 'edit' 'Open your configuration file in your editor' 'path' 'Tell which files are read'
        case 'contact'
            printf '%s\t%s\n' 'list' 'List contacts by name' 'show' 'Show a contact' 'add' 'Add a contact' 'change' 'Change a contact' 'deactivate' 'Let no new case be about a contact' 'activate' 'Let new cases be about a contact again'
        case 'db'
            printf '%s\t%s\n' 'start' 'Start the embedded Postgres' 'stop' 'Stop the embedded Postgres' 'status' 'Tell where the database is and how it is doing' 'upgrade' 'Bring the schema to this program\'s version' 'check' 'Check cases, audit, counters and indexes against each other' 'shell' 'Open psql on the desk\'s database' 'url' 'Print the address of the database'
        case 'job'
            printf '%s\t%s\n' 'list' 'List your jobs, the newest first' 'show' 'Show how far a job is, and which cases were refused' 'cancel' 'Cancel a job between two of its steps'
        case 'key'
            printf '%s\t%s\n' 'list' 'List API keys and their last use' 'create' 'Make an API key for a script' 'rotate' 'Make a new API key in the place of one' 'revoke' 'End an API key at once'
        case 'session'
            printf '%s\t%s\n' 'list' 'List the places you are logged in at' 'revoke' 'End a login, with every token that came of it'
        case 'profile'
            printf '%s\t%s\n' 'list' 'List the places you have named' 'show' 'Show a place: its address, and whether you are logged in' 'add' 'Name a server or a database as a place to work at' 'use' 'Work at a place unless told otherwise' 'remove' 'Forget a place, and the login there'
        case 'role'
            printf '%s\t%s\n' 'list' 'List the roles' 'show' 'Show a role with its rights and who has it' 'add' 'Add a role' 'change' 'Change a role: its name or its rights' 'deactivate' 'Let a role give no rights any more' 'activate' 'Let a role give its rights again'
        case 'team'
            printf '%s\t%s\n' 'list' 'List the teams' 'show' 'Show a team with its lead and members' 'add' 'Add a team' 'change' 'Change a team: its name, its lead or its members' 'deactivate' 'Give a team no more cases, and hand over those it has' 'activate' 'Let a team have new cases again'
        case 'lifecycle'
            printf '%s\t%s\n' 'list' 'List the lifecycles, one for each case type' 'show' 'Show the lifecycle of a case type: its statuses and where each leads' 'check' 'Check a lifecycle in a file, and show how it would read'
        case 'tenant'
            printf '%s\t%s\n' 'show' 'Show the tenant you work in' 'change' 'Change the tenant you work in: its title, its time zone, its settings' 'list' 'List the tenants of this desk' 'add' 'Add a tenant to this desk' 'deactivate' 'Let nobody into a tenant' 'activate' 'Let people into a tenant again'
        case 'trash'
            printf '%s\t%s\n' 'list' 'List what is in the trash, who put it there and when'
        case 'type'
            printf '%s\t%s\n' 'list' 'List the case types' 'show' 'Show a case type: its form, its lifecycle and its numbers' 'add' 'Add a case type with its lifecycle' 'lifecycle add' 'Add a case type with its lifecycle' 'change' 'Change a case type, and tell what that means to its open cases' 'lifecycle change' 'Change a case type, and tell what that means to its open cases' 'revisions' 'List the revisions of a case type' 'diff' 'Tell what differs between two revisions of a case type' 'migrate' 'Bring open cases to another revision of their type' 'deactivate' 'Let a case type take no new cases' 'lifecycle deactivate' 'Let a case type take no new cases' 'activate' 'Let a case type take new cases again' 'lifecycle activate' 'Let a case type take new cases again'
        case 'user'
            printf '%s\t%s\n' 'list' 'List the users' 'show' 'Show a user with roles and teams' 'add' 'Add a user' 'change' 'Change a user, or the roles of one' 'deactivate' 'Let a user in no more, and hand over what he has' 'activate' 'Let a user in again' 'password' 'Set the password of a user'
    end
end

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
