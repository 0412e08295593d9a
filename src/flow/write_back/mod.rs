//! Writes the truth into CRM: deal fields and timeline entries, many in one batch.
//!
//! Updates (fields, a newer status of an entry) may be repeated freely. Creations are not idempotent at the portal: each try is
//! committed before it leaves, and a try of unknown end is looked up by its origin id before it is repeated.

mod create;
mod layout;
mod trigger;
mod update;

pub use create::handle_creations;
pub use trigger::handle_triggers;
pub use update::handle_updates;

use super::{Ctx, JobError};
use crate::bitrix::{BitrixError, RestError, TokenError};
use crate::db::entity::message;
use crate::domain::clock::{MINUTE, Ms};
use crate::queue::{Claimed, Job};
use serde_json::Value;

/// How long writes wait for an administrator or a payment before they look again.
const PAUSE: Ms = 15 * MINUTE;

/// What an answer of the portal means for one write.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// It will never work.
    Failed(String),
    /// It may have had its effect.
    Unknown(String),
    /// Nothing happened there; come again at this moment.
    Later(Ms, String),
}

fn judge(error: &RestError, now: Ms) -> Verdict {
    let text = format!("{} {}", error.code, error.text).trim().to_owned();
    match error.code.to_ascii_uppercase().as_str() {
        "QUERY_LIMIT_EXCEEDED" | "OPERATION_TIME_LIMIT" | "OVERLOAD_LIMIT" | "EXPIRED_TOKEN" => Verdict::Later(now + MINUTE / 6, text),
        "INTERNAL_SERVER_ERROR" | "ERROR_UNEXPECTED_ANSWER" => Verdict::Unknown(text),
        _ if error.status >= 500 => Verdict::Unknown(text),
        _ => Verdict::Failed(text),
    }
}

fn judge_whole(error: &BitrixError, now: Ms) -> Verdict {
    let why = error.to_string();
    match error {
        BitrixError::Budget { at } | BitrixError::Later { at, .. } => Verdict::Later(*at, why),
        BitrixError::Unknown { .. } => Verdict::Unknown(why),
        BitrixError::Refused(error) => judge(error, now),
        BitrixError::Token(TokenError::AuthLost | TokenError::Paused(_)) => Verdict::Later(now + PAUSE, why),
        BitrixError::Token(TokenError::Unavailable(_)) => Verdict::Later(now + MINUTE, why),
        BitrixError::Token(TokenError::NotInstalled) => Verdict::Failed(why),
    }
}

/// Whether the portal does not know configurable activities (old on-premise editions).
fn lacks_activities(error: &RestError) -> bool {
    matches!(error.code.to_ascii_uppercase().as_str(), "ERROR_METHOD_NOT_FOUND" | "ERROR_WRONG_CONTEXT")
}

/// What an entry shows of a message, in one word: an update is owed when it is another. A client's change is a new face under the same
/// status.
fn face(message: &message::Model) -> String {
    let content: Value = serde_json::from_str(&message.content).unwrap_or_default();
    match content.get("edits").and_then(Value::as_array).map_or(0, Vec::len) {
        0 => message.status.clone(),
        edits => format!("{} {edits}", message.status),
    }
}

fn row_id(job: &Claimed) -> Option<String> {
    match &job.job {
        Job::Update { write_back_id } | Job::Create { write_back_id } => Some(write_back_id.clone()),
        _ => None,
    }
}

fn all(jobs: &[Claimed], error: &JobError) -> super::Leftover {
    jobs.iter().map(|job| (job.clone(), error.clone())).collect()
}

/// The portal's language for what is written into CRM.
async fn language(ctx: &Ctx, portal: &str) -> Result<&'static str, JobError> {
    let row = crate::db::store::portal::find(ctx.db.read(), portal).await?;
    Ok(crate::i18n::language_for(row.as_ref().map_or("en", |row| row.lang.as_str())))
}
