-- What people agreed to, how many new people a business may still reach today, and what is sent without a robot.

-- One person of a portal, on all channels.
CREATE TABLE consent (
    id TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    phone TEXT,
    bsuid TEXT,
    marketing TEXT NOT NULL,              -- unknown opted_in opted_out
    marketing_at BIGINT,                  -- moment of the word that decided it
    marketing_by TEXT,                    -- word button robot api provider
    everything TEXT NOT NULL,             -- unknown opted_in opted_out
    everything_at BIGINT,
    everything_by TEXT,
    capped_until BIGINT,                  -- Meta holds marketing back until then
    capped_at BIGINT,
    caps BIGINT NOT NULL,                 -- refusals in a row
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX consent_recent ON consent (portal, updated_at);

-- Any id of a person leads to the row: phone, bsuid, lid; `hash` of an erased one.
CREATE TABLE consent_key (
    portal TEXT NOT NULL,
    value TEXT NOT NULL,
    kind TEXT NOT NULL,
    consent_id TEXT NOT NULL,
    PRIMARY KEY (portal, value, kind)
);
CREATE INDEX consent_key_of ON consent_key (consent_id);

-- Evidence: every word about consent, the ones that changed nothing included.
CREATE TABLE consent_event (
    id TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    consent_id TEXT NOT NULL,
    action TEXT NOT NULL,                 -- opt_in opt_out cap
    scope TEXT NOT NULL,                  -- marketing all
    source TEXT NOT NULL,                 -- word button robot api provider
    applied BIGINT NOT NULL,              -- 1 = changed something
    channel_id TEXT,
    message_id TEXT,
    text TEXT,
    actor TEXT,                           -- call, user or code that said it
    happened_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL
);
CREATE INDEX consent_event_of ON consent_event (consent_id, recorded_at);

-- A business with its daily limit; channels that share it name it.
CREATE TABLE portfolio (
    portal TEXT NOT NULL,
    name TEXT NOT NULL,
    used BIGINT NOT NULL,                 -- rows of `reached`
    told_limit BIGINT,                    -- by the provider; -1 = unlimited
    told_at BIGINT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (portal, name)
);

-- People written to outside a window in the last 24 h.
CREATE TABLE reached (
    portal TEXT NOT NULL,
    portfolio TEXT NOT NULL,
    person TEXT NOT NULL,
    reached_at BIGINT NOT NULL,
    former_at BIGINT,                     -- before `message_id`; comes back when that one certainly did not go
    message_id TEXT NOT NULL,
    PRIMARY KEY (portal, portfolio, person)
);
CREATE INDEX reached_order ON reached (portal, portfolio, reached_at);
CREATE INDEX reached_by ON reached (message_id);

-- Messages held for a free slot of a portfolio.
CREATE TABLE reach_wait (
    message_id TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    portfolio TEXT NOT NULL,
    slot_at BIGINT NOT NULL
);
CREATE INDEX reach_wait_order ON reach_wait (portal, portfolio, slot_at);

-- When a conversation last got each automatic reply.
CREATE TABLE auto_reply (
    portal TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    kind TEXT NOT NULL,                   -- greeting away opt_out_answer opt_in_answer
    claimed_at BIGINT NOT NULL,
    message_id TEXT,                      -- what was sent
    PRIMARY KEY (conversation_id, kind)
);
CREATE INDEX auto_reply_portal ON auto_reply (portal, claimed_at);

-- Requests of scripts that may be repeated.
CREATE TABLE api_send (
    portal TEXT NOT NULL,
    idem_key TEXT NOT NULL,               -- keyed hash
    body_hash TEXT NOT NULL,
    call_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (portal, idem_key)
);

-- A message that a person ordered to be sent once more.
CREATE TABLE resend (
    message_id TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    call_id TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX resend_portal ON resend (portal, created_at);

-- Whether a number is on WhatsApp, as last told.
CREATE TABLE number_check (
    channel_id TEXT NOT NULL,
    phone TEXT NOT NULL,
    portal TEXT NOT NULL,
    answer TEXT NOT NULL,                 -- Y N
    recipient TEXT,
    checked_at BIGINT NOT NULL,
    PRIMARY KEY (channel_id, phone)
);
CREATE INDEX number_check_portal ON number_check (portal, checked_at);

-- Checks spent of the provider's monthly quota.
CREATE TABLE number_check_budget (
    channel_id TEXT NOT NULL,
    month TEXT NOT NULL,                  -- 2026-11, UTC
    portal TEXT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (channel_id, month)
);
