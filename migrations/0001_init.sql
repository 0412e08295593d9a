-- Neutral SQL for SQLite and PostgreSQL: BIGINT epoch milliseconds, TEXT ids, JSON and ciphertext, no now(), no AUTOINCREMENT, no BOOLEAN.
-- Append-only: a change is a new file.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- One Bitrix24 portal. `member_id` is the key of every tenant-owned row (column `portal`).
CREATE TABLE portal (
    member_id TEXT PRIMARY KEY,
    domain TEXT NOT NULL,
    client_endpoint TEXT NOT NULL,
    server_endpoint TEXT NOT NULL,
    status TEXT NOT NULL,                 -- active auth_lost paused uninstalled
    status_reason TEXT,
    application_token TEXT NOT NULL,      -- sealed
    access_token TEXT NOT NULL,           -- sealed
    refresh_token TEXT NOT NULL,          -- sealed
    access_expires_at BIGINT NOT NULL,
    token_version BIGINT NOT NULL,
    token_changed_at BIGINT NOT NULL,
    seed_hash TEXT,                       -- keyed hashes of the refresh tokens of the last proven installs
    refresh_owner TEXT,
    refresh_until BIGINT,
    installer_user_id TEXT NOT NULL,
    lang TEXT NOT NULL,
    scope TEXT NOT NULL,
    license TEXT,
    app_version TEXT,
    settings TEXT NOT NULL,               -- JSON: default_channel, filler, …
    registration_hash TEXT,               -- what the portal's robots were last registered from
    registered_at BIGINT,
    installed_at BIGINT NOT NULL,
    uninstalled_at BIGINT,
    purge_at BIGINT,
    updated_at BIGINT NOT NULL
);

CREATE TABLE channel (
    id TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    sender TEXT NOT NULL,                 -- the provider's name of our number: Gupshup app name, Meta phone_number_id
    settings TEXT NOT NULL,               -- JSON, nothing secret
    secrets TEXT NOT NULL,                -- sealed JSON
    hook_secret TEXT NOT NULL,            -- sealed
    state TEXT NOT NULL,                  -- new pairing connected paused limited blocked auth_failed disconnected
    state_reason TEXT,
    held_until BIGINT,                    -- provider asked everybody to wait
    templates_synced_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE INDEX channel_portal ON channel (portal, created_at);

CREATE TABLE template (
    portal TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    category TEXT NOT NULL,
    status TEXT NOT NULL,
    header_kind TEXT,                     -- text image video document location, NULL = none
    header_text TEXT,
    body TEXT NOT NULL,
    footer TEXT,
    buttons TEXT NOT NULL,                -- JSON
    param_keys TEXT NOT NULL,             -- JSON: placeholder keys of the body in order
    quality TEXT,
    reason TEXT,
    raw TEXT NOT NULL,                    -- JSON row of the provider
    synced_at BIGINT NOT NULL,
    vanished_at BIGINT,
    PRIMARY KEY (channel_id, provider_id)
);
CREATE INDEX template_name ON template (portal, channel_id, name, language);

-- One firing of a robot or activity.
CREATE TABLE robot_call (
    id TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    event_token TEXT NOT NULL,
    code TEXT NOT NULL,
    workflow_id TEXT NOT NULL,
    document_module TEXT NOT NULL,
    document_entity TEXT NOT NULL,
    document_id TEXT NOT NULL,
    user_id TEXT,
    use_subscription TEXT NOT NULL,       -- Y N
    timeout_seconds BIGINT NOT NULL,
    portal_ts BIGINT,                     -- the portal's clock
    input TEXT NOT NULL,                  -- JSON: properties as received
    request_id TEXT,
    state TEXT NOT NULL,                  -- accepted waiting answered done refused dead
    operation TEXT,                       -- JSON: the typed operation
    facts TEXT,                           -- JSON: CRM facts read
    rendered TEXT,                        -- JSON: parameters as rendered
    decision TEXT,                        -- JSON: {verdict, rule, code, text, at}
    wait_for TEXT,
    deadline_at BIGINT,
    accepted_at BIGINT NOT NULL,
    decided_at BIGINT,
    finished_at BIGINT,
    UNIQUE (portal, event_token)
);
CREATE INDEX robot_call_recent ON robot_call (portal, accepted_at);
CREATE INDEX robot_call_document ON robot_call (portal, document_id, accepted_at);

-- The answer a call owes to its process.
CREATE TABLE answer (
    call_id TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    return_values TEXT NOT NULL,          -- JSON
    answer_end TEXT NOT NULL,             -- none delivered too_late unknown refused
    attempts BIGINT NOT NULL,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    last_attempt_at BIGINT,
    ended_at BIGINT
);

CREATE TABLE conversation (
    id TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    phone TEXT,
    bsuid TEXT,
    lid TEXT,
    username TEXT,
    display_name TEXT,
    group_id TEXT,
    window_until BIGINT,
    free_entry_until BIGINT,
    referral_at BIGINT,
    last_inbound_at BIGINT,
    last_outbound_at BIGINT,
    document_entity TEXT,
    document_id TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX conversation_portal ON conversation (portal, channel_id, updated_at);
CREATE INDEX conversation_phone ON conversation (portal, phone);

-- Who a conversation is with: any of the user's ids leads to it.
CREATE TABLE conversation_key (
    channel_id TEXT NOT NULL,
    kind TEXT NOT NULL,                   -- group bsuid phone lid
    value TEXT NOT NULL,
    portal TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    PRIMARY KEY (channel_id, kind, value)
);
CREATE INDEX conversation_key_of ON conversation_key (conversation_id);

CREATE TABLE message (
    id TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    call_id TEXT,
    direction TEXT NOT NULL,              -- out in
    kind TEXT NOT NULL,
    content TEXT NOT NULL,                -- JSON
    rendered_text TEXT NOT NULL,
    identity TEXT NOT NULL,               -- JSON
    recipient TEXT NOT NULL,              -- phone digits, else bsuid, lid or group: pace key
    provider_id TEXT,
    wa_id TEXT,
    status TEXT NOT NULL,
    error TEXT,                           -- JSON {code, class, provider_code, text, retryable}
    attempts BIGINT NOT NULL,
    cost_amount TEXT,
    cost_currency TEXT,
    cost_source TEXT,
    document_entity TEXT,
    document_id TEXT,
    reply_id TEXT,
    reply_title TEXT,
    reply_to TEXT,                        -- our id of the message answered
    created_at BIGINT NOT NULL,
    queued_at BIGINT,
    sending_at BIGINT,
    accepted_at BIGINT,
    sent_at BIGINT,
    delivered_at BIGINT,
    read_at BIGINT,
    failed_at BIGINT,
    received_at BIGINT
);
CREATE INDEX message_recent ON message (portal, created_at);
CREATE INDEX message_call ON message (call_id);
CREATE INDEX message_conversation ON message (conversation_id, created_at);
CREATE INDEX message_provider ON message (channel_id, provider_id);
CREATE INDEX message_wa ON message (channel_id, wa_id);

CREATE TABLE attempt (
    message_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    portal TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    outcome TEXT NOT NULL,                -- sending accepted rejected retry unknown
    http_status BIGINT,
    provider_code TEXT,
    text TEXT,
    retry_after_ms BIGINT,
    lease_id TEXT NOT NULL,
    PRIMARY KEY (message_id, number)
);
CREATE INDEX attempt_open ON attempt (outcome, started_at) WHERE outcome = 'sending';

-- Every report of a status, with the provider's clock and ours.
CREATE TABLE message_event (
    id TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    message_id TEXT NOT NULL,
    status TEXT NOT NULL,
    provider_at BIGINT,
    received_at BIGINT NOT NULL,
    applied BIGINT NOT NULL,              -- 1 = moved the message
    error TEXT
);
CREATE INDEX message_event_of ON message_event (message_id, received_at);

-- A raw provider event; proof that it was not lost, and what it was read as.
CREATE TABLE inbox_event (
    id TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    event_key TEXT NOT NULL,
    label TEXT NOT NULL,                  -- status message template other
    body TEXT NOT NULL,                   -- JSON: ProviderEvent as read, with the raw part
    state TEXT NOT NULL,                  -- stored done orphan unrouted
    read_as TEXT,                         -- JSON: what it did
    received_at BIGINT NOT NULL,
    processed_at BIGINT,
    UNIQUE (channel_id, event_key)
);
CREATE INDEX inbox_recent ON inbox_event (portal, received_at);

-- A Bitrix24 event that was proven and kept.
CREATE TABLE portal_event (
    id TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    event TEXT NOT NULL,
    body TEXT NOT NULL,                   -- JSON without auth
    received_at BIGINT NOT NULL
);
CREATE INDEX portal_event_recent ON portal_event (portal, received_at);

-- One thing to write into CRM besides the answer.
CREATE TABLE write_back (
    id TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    kind TEXT NOT NULL,                   -- fields timeline trigger
    call_id TEXT,
    message_id TEXT,
    document_entity TEXT NOT NULL,
    document_id TEXT NOT NULL,
    payload TEXT NOT NULL,                -- JSON
    state TEXT NOT NULL,                  -- pending done failed
    external_id TEXT,                     -- id of what was created (activity, comment)
    external_kind TEXT,                   -- activity comment
    shown TEXT,                           -- status last shown in the timeline
    attempts BIGINT NOT NULL,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    done_at BIGINT
);
CREATE INDEX write_back_call ON write_back (call_id);
CREATE INDEX write_back_message ON write_back (message_id, kind);

-- What each robot's registration in a portal came to.
CREATE TABLE registration (
    portal TEXT NOT NULL,
    code TEXT NOT NULL,                   -- CODE or CODE.activity
    definition_hash TEXT,
    state TEXT NOT NULL,                  -- registered failed
    error TEXT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (portal, code)
);

CREATE TABLE media (
    token_hash TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    message_id TEXT,
    path TEXT NOT NULL,
    mime TEXT NOT NULL,
    file_name TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX media_expiry ON media (expires_at);

-- Numbers already told to the provider's opt-in list.
CREATE TABLE opt_in_mark (
    channel_id TEXT NOT NULL,
    phone TEXT NOT NULL,
    portal TEXT NOT NULL,
    marked_at BIGINT NOT NULL,
    PRIMARY KEY (channel_id, phone)
);

CREATE TABLE page_session (
    token_hash TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    user_id TEXT NOT NULL,
    admin BIGINT NOT NULL,
    placement TEXT NOT NULL,
    document TEXT,
    viewer_token TEXT NOT NULL,           -- sealed
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- portal '' = the whole installation.
CREATE TABLE alarm (
    portal TEXT NOT NULL,
    kind TEXT NOT NULL,
    raised_at BIGINT NOT NULL,
    told_at BIGINT,
    detail TEXT NOT NULL,
    PRIMARY KEY (portal, kind)
);

CREATE TABLE job (
    id TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    shard BIGINT NOT NULL,                -- hash(portal) mod 64
    lane BIGINT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,                  -- ready running dead
    run_at BIGINT NOT NULL,
    idem_key TEXT,
    cancel_key TEXT,
    attempt BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    lost BIGINT NOT NULL,                 -- how often its lease ended without a finish (process died)
    lease_id TEXT,
    lease_until BIGINT,
    payload TEXT NOT NULL,                -- JSON of queue::Job
    last_error TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX job_due ON job (run_at) WHERE state = 'ready';
CREATE INDEX job_fair ON job (portal, lane, run_at, id) WHERE state = 'ready';
CREATE INDEX job_leased ON job (lease_until) WHERE state = 'running';
CREATE INDEX job_cancel ON job (portal, cancel_key) WHERE state = 'ready' AND cancel_key IS NOT NULL;
CREATE INDEX job_dead ON job (portal, updated_at) WHERE state = 'dead';
CREATE UNIQUE INDEX job_idem ON job (portal, kind, idem_key) WHERE state = 'ready' AND idem_key IS NOT NULL;

CREATE TABLE shard_lease (
    shard BIGINT PRIMARY KEY,
    owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL
);

CREATE TABLE replica (
    id TEXT PRIMARY KEY,
    seen_at BIGINT NOT NULL
);
