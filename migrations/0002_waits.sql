-- What a process waits for: a client's answer, or a message's status. Timers are jobs; here is only what decides.

-- One waiting call.
CREATE TABLE wait (
    call_id TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    kind TEXT NOT NULL,                   -- reply status
    state TEXT NOT NULL,                  -- open answered timed_out ended
    channel_id TEXT NOT NULL,             -- '' for a status
    attempts BIGINT NOT NULL,             -- replies read
    most BIGINT NOT NULL,                 -- replies that may be read
    replies TEXT NOT NULL,                -- JSON: [{message_id, at, rule, verdict, code}]; no texts
    opened_at BIGINT NOT NULL,
    deadline_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE INDEX wait_portal ON wait (portal, state);

-- What a wait looks at: conversations (several phones at once), or messages.
CREATE TABLE wait_watch (
    call_id TEXT NOT NULL,
    subject TEXT NOT NULL,                -- conversation id or message id
    portal TEXT NOT NULL,
    PRIMARY KEY (call_id, subject)
);
CREATE INDEX wait_watch_subject ON wait_watch (subject);
