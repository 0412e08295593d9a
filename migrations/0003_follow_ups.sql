-- Messages to be sent later unless something happens first, and the CRM events that are bound because of them.

CREATE TABLE follow_up (
    id TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    call_id TEXT,                         -- NULL = made through the API
    chain TEXT NOT NULL,                  -- '' = a chain of its own
    step TEXT NOT NULL,                   -- hash of what it asks for: armed again, it replaces itself
    channel_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    document_entity TEXT,
    document_id TEXT,
    identity TEXT NOT NULL,               -- JSON
    recipient TEXT NOT NULL,              -- phone digits, else bsuid, lid or group
    operation TEXT NOT NULL,              -- JSON of catalog::operation::FollowUp
    kind TEXT NOT NULL,                   -- before_window_closes after_window_closed after_silence at
    zone TEXT NOT NULL,                   -- IANA name
    state TEXT NOT NULL,                  -- pending sent stopped cancelled skipped
    reason TEXT,                          -- why it ended without a send
    error TEXT,                           -- JSON of MessageError, of skipped ones
    due_at BIGINT,                        -- NULL = no moment before the client writes again
    base_at BIGINT NOT NULL,              -- what its moment is counted from
    armed_at BIGINT NOT NULL,
    sends BIGINT NOT NULL,                -- messages made so far
    repeats_left BIGINT NOT NULL,
    on_reply BIGINT NOT NULL,             -- 1 = ends it
    on_stage BIGINT NOT NULL,
    on_won_lost BIGINT NOT NULL,
    on_opt_out BIGINT NOT NULL,
    watch TEXT,                           -- CRM event that may end it
    stage TEXT,                           -- of the document when armed; NULL = not read yet
    moved TEXT,                           -- when the document came to that stage, as the portal says
    message_id TEXT,                      -- the latest message
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX follow_up_recent ON follow_up (portal, created_at);
CREATE INDEX follow_up_person ON follow_up (portal, recipient);
CREATE INDEX follow_up_document ON follow_up (portal, document_id);
CREATE INDEX follow_up_talk ON follow_up (conversation_id) WHERE state = 'pending';
CREATE INDEX follow_up_watch ON follow_up (portal, watch) WHERE state = 'pending' AND watch IS NOT NULL;

-- CRM events bound in a portal, so that each follow-up does not ask for it again.
CREATE TABLE event_binding (
    portal TEXT NOT NULL,
    event TEXT NOT NULL,
    handler TEXT NOT NULL,
    bound_at BIGINT NOT NULL,
    PRIMARY KEY (portal, event)
);
