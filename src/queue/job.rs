//! What a job says. Payloads are versioned by their variant name; a retired name stays readable for one release.

use crate::domain::clock::Ms;
use serde::{Deserialize, Serialize};

/// Lanes of one portal, in order of service: answers before statuses before timeline before sync (DESIGN.md 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i64)]
pub enum Lane {
    /// Outbox: `bizproc.event.send`.
    Answer = 0,
    /// Webhook events.
    Receive = 1,
    /// Messages to put on the wire.
    Deliver = 2,
    /// Robot calls to decide.
    Run = 3,
    /// Outbox: updates of what exists (deal fields, timeline status).
    Update = 4,
    /// Outbox: creations (timeline entries, comments, triggers).
    Create = 5,
    /// Registration, template lists, notifications.
    Sync = 6,
    /// Deadlines and other timers.
    Timer = 7,
    /// Files of clients, which may take minutes.
    Fetch = 8,
}

impl Lane {
    /// All lanes.
    pub const ALL: [Self; 9] =
        [Self::Answer, Self::Receive, Self::Deliver, Self::Run, Self::Update, Self::Create, Self::Sync, Self::Timer, Self::Fetch];

    /// The stored number.
    pub fn number(self) -> i64 {
        match self {
            Self::Answer => 0,
            Self::Receive => 1,
            Self::Deliver => 2,
            Self::Run => 3,
            Self::Update => 4,
            Self::Create => 5,
            Self::Sync => 6,
            Self::Timer => 7,
            Self::Fetch => 8,
        }
    }

    /// Reads the stored number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.number() == number)
    }

    /// Most jobs of one portal handed to one handler at a time.
    pub fn group_size(self) -> u64 {
        match self {
            // What is decided together is sent, answered and shown together, and a batch of the portal has fifty commands.
            // More would also keep other portals' commits waiting.
            Self::Run | Self::Deliver | Self::Answer | Self::Update | Self::Create => 50,
            Self::Receive | Self::Timer => 100,
            Self::Fetch => 4,
            Self::Sync => 1,
        }
    }
}

/// Work to do. The variant's name is stored in `job.kind`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Job {
    /// Decide a robot call.
    RunCall {
        /// The call.
        call_id: String,
    },
    /// Put a message on the wire.
    Deliver {
        /// The message.
        message_id: String,
    },
    /// Merge a stored webhook event.
    Receive {
        /// The inbox row.
        inbox_id: String,
    },
    /// Send a call's answer to its process.
    Answer {
        /// The call.
        call_id: String,
    },
    /// A waiting call's time has come.
    Deadline {
        /// The call.
        call_id: String,
    },
    /// Write deal fields, or show a newer status in a timeline entry.
    Update {
        /// The write-back row.
        write_back_id: String,
    },
    /// Create a timeline entry.
    Create {
        /// The write-back row.
        write_back_id: String,
    },
    /// Execute a CRM trigger.
    Trigger {
        /// The write-back row.
        write_back_id: String,
    },
    /// Find the CRM document that a client's message belongs to.
    FindDocument {
        /// The message.
        message_id: String,
    },
    /// Make a lead for a client whom nothing in CRM knows.
    CreateLead {
        /// The message.
        message_id: String,
    },
    /// Copy the file of a client's message.
    FetchMedia {
        /// The message.
        message_id: String,
    },
    /// Register the portal's robots, activities, events.
    Register {
        /// Why, for the journal.
        reason: String,
    },
    /// Fetch a channel's template list.
    SyncTemplates {
        /// The channel.
        channel_id: String,
    },
    /// Tell administrators about trouble.
    Notify {
        /// Alarm kind.
        alarm: String,
    },
    /// A Bitrix24 event that needs the portal to be asked (payment, update).
    PortalEvent {
        /// The stored event.
        event_id: String,
    },
    /// Tell the provider's opt-in list about a number.
    MarkOptIn {
        /// The channel.
        channel_id: String,
        /// Digits.
        phone: String,
    },
    /// Render and send an automatic reply.
    AutoReply {
        /// The conversation.
        conversation_id: String,
        /// `greeting away opt_out_answer opt_in_answer`.
        reply: String,
    },
    /// Remove what retention no longer keeps.
    Purge {
        /// What: `portal` or `retention`.
        scope: String,
    },
    /// A follow-up's moment has come.
    FollowUp {
        /// The follow-up.
        follow_up_id: String,
    },
    /// A document changed that follow-ups depend on.
    ReadDocument {
        /// `DEAL_512`.
        document_id: String,
    },
    /// Bind the CRM events that follow-ups need, unbind the others.
    BindEvents {
        /// Why, for the journal.
        reason: String,
    },
    /// A conversation's window is about to close, or has closed.
    WindowTimer {
        /// The conversation.
        conversation_id: String,
        /// `window_closing` or `window_closed`.
        trigger: String,
    },
    /// Refresh an idle token pair.
    RefreshToken {
        /// Why, for the journal.
        reason: String,
    },
}

impl Job {
    /// The stored name.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::RunCall { .. } => "run_call",
            Self::Deliver { .. } => "deliver",
            Self::Receive { .. } => "receive",
            Self::Answer { .. } => "answer",
            Self::Deadline { .. } => "deadline",
            Self::Update { .. } => "update",
            Self::Create { .. } => "create",
            Self::Trigger { .. } => "trigger",
            Self::FindDocument { .. } => "find_document",
            Self::CreateLead { .. } => "create_lead",
            Self::FetchMedia { .. } => "fetch_media",
            Self::Register { .. } => "register",
            Self::SyncTemplates { .. } => "sync_templates",
            Self::Notify { .. } => "notify",
            Self::PortalEvent { .. } => "portal_event",
            Self::MarkOptIn { .. } => "mark_opt_in",
            Self::AutoReply { .. } => "auto_reply",
            Self::Purge { .. } => "purge",
            Self::FollowUp { .. } => "follow_up",
            Self::ReadDocument { .. } => "read_document",
            Self::BindEvents { .. } => "bind_events",
            Self::WindowTimer { .. } => "window_timer",
            Self::RefreshToken { .. } => "refresh_token",
        }
    }

    /// The lane it travels in.
    pub fn lane(&self) -> Lane {
        match self {
            Self::Answer { .. } => Lane::Answer,
            Self::Receive { .. } => Lane::Receive,
            Self::Deliver { .. } => Lane::Deliver,
            Self::RunCall { .. } | Self::AutoReply { .. } => Lane::Run,
            Self::Update { .. } | Self::FindDocument { .. } => Lane::Update,
            Self::FetchMedia { .. } => Lane::Fetch,
            Self::Create { .. } | Self::Trigger { .. } | Self::CreateLead { .. } => Lane::Create,
            Self::Register { .. }
            | Self::SyncTemplates { .. }
            | Self::Notify { .. }
            | Self::PortalEvent { .. }
            | Self::MarkOptIn { .. }
            | Self::Purge { .. }
            | Self::BindEvents { .. }
            | Self::RefreshToken { .. } => Lane::Sync,
            Self::Deadline { .. } | Self::FollowUp { .. } | Self::ReadDocument { .. } | Self::WindowTimer { .. } => Lane::Timer,
        }
    }

    /// Tries before the job is buried in `dead`. Answers and CRM writes go on for hours (about 1+4+16+64+256 s, then hourly).
    pub fn max_attempts(&self) -> i64 {
        match self {
            Self::Answer { .. } | Self::Update { .. } | Self::Create { .. } | Self::Trigger { .. } => 30,
            Self::FindDocument { .. } | Self::CreateLead { .. } => 30,
            Self::Deliver { .. } => 6,
            _ => 12,
        }
    }
}

/// A job to store.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// The tenant.
    pub portal: String,
    /// The work.
    pub job: Job,
    /// Not before.
    pub run_at: Ms,
    /// At most one *ready* job of this kind and key in a portal; a second one is dropped silently.
    pub idem_key: Option<String>,
    /// Jobs are cancelled by this key.
    pub cancel_key: Option<String>,
}

impl NewJob {
    /// A job to run at `run_at`, without keys.
    pub fn at(portal: &str, job: Job, run_at: Ms) -> Self {
        Self { portal: portal.to_owned(), job, run_at, idem_key: None, cancel_key: None }
    }

    /// Only one ready job of this key at a time.
    #[must_use]
    pub fn once(mut self, key: impl Into<String>) -> Self {
        self.idem_key = Some(key.into());
        self
    }

    /// May be cancelled by this key.
    #[must_use]
    pub fn cancelled_by(mut self, key: impl Into<String>) -> Self {
        self.cancel_key = Some(key.into());
        self
    }
}

/// A job under this worker's lease.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Job id.
    pub id: String,
    /// The tenant.
    pub portal: String,
    /// The work.
    pub job: Job,
    /// This try's number, from 1.
    pub attempt: i64,
    /// Tries allowed.
    pub max_attempts: i64,
    /// Fencing token: a new one for each claim.
    pub lease_id: String,
    /// When it was due.
    pub run_at: Ms,
    /// When it was stored.
    pub created_at: Ms,
}

/// Jobs of one portal and lane, claimed together under one lease id.
#[derive(Debug, Clone)]
pub struct Group {
    /// The tenant.
    pub portal: String,
    /// The lane.
    pub lane: Lane,
    /// At least one job, oldest first.
    pub jobs: Vec<Claimed>,
}
