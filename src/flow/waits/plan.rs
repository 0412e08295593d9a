//! Decides waiting calls: what is watched, how long, how many answers may be read.

use crate::catalog::operation::WaitFor;
use crate::db::entity::message as message_row;
use crate::db::store::{channel as channels, conversation, message};
use crate::db::{Conn, DbResult};
use crate::domain::clock::{HOUR, MINUTE, Ms};
use crate::domain::expected::{Expected, MistakeKind};
use crate::domain::identity::Identity;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::state::Status;
use crate::flow::portal_view::PortalView;
use crate::flow::results::{self, WindowView};
use crate::flow::{Ctx, JobError};
use crate::provider::registry;
use serde_json::{Map, Value};

/// Messages that one `wait_status` may name.
const MOST_MESSAGES: usize = 10;
/// Answers read when the author says none and has a question to ask again.
const TRIES: i64 = 3;

/// A wait as decided.
#[derive(Debug, Clone)]
pub(in crate::flow) enum Plan {
    /// For a client's answer on any of these phones.
    Reply {
        /// Whose.
        people: Vec<Identity>,
        /// Answers that may be read.
        most: i64,
        /// How long, ms.
        patience: Ms,
    },
    /// For messages' statuses.
    Status {
        /// Which.
        messages: Vec<String>,
        /// How long, ms.
        patience: Ms,
    },
}

impl Plan {
    /// How long, ms.
    pub(in crate::flow) fn patience(&self) -> Ms {
        match self {
            Self::Reply { patience, .. } | Self::Status { patience, .. } => *patience,
        }
    }
}

/// Plans a `wait_reply`.
///
/// # Errors
/// `property_invalid`, `duplicate_ids`: the expected answers cannot be read.
pub(in crate::flow) fn reply(
    people: Vec<Identity>,
    expected: &[String],
    ask_again: &str,
    attempts: i64,
    minutes: i64,
) -> Result<Plan, Refusal> {
    let read = Expected::parse(expected).map_err(|mistake| {
        let word = match mistake.kind {
            MistakeKind::Twice => {
                return Refusal::new(Code::DuplicateIds, format!("expected: {} stands twice", mistake.item)).with("item", mistake.item);
            }
            MistakeKind::Shape => "expected",
            MistakeKind::Pattern => "expected-pattern",
            MistakeKind::TooMany => "expected-many",
        };
        Refusal::new(Code::PropertyInvalid, format!("property expected: {word}"))
            .with("name", "expected")
            .with("value", mistake.item)
            .with("hint_key", format!("hint-{word}"))
    })?;
    let most = match attempts {
        told if told > 0 => told,
        // Any answer is one; and an author without words to ask again wants to know the first.
        _ if read.is_any() || ask_again.trim().is_empty() => 1,
        _ => TRIES,
    };
    Ok(Plan::Reply { people, most, patience: minutes.saturating_mul(MINUTE) })
}

/// Plans a `wait_status`, or answers at once what is reached already.
///
/// # Errors
/// `property_invalid`: no such message of this portal.
pub(in crate::flow) async fn status(
    ctx: &Ctx,
    view: &PortalView,
    message_id: &str,
    wait_for: WaitFor,
    hours: i64,
) -> Result<Result<Plan, Map<String, Value>>, Fault> {
    let invalid = |value: &str| {
        Refusal::new(Code::PropertyInvalid, "wait_status: no such message")
            .with("name", "message_id")
            .with("value", value.chars().take(80).collect::<String>())
            .with("hint_key", "hint-message_id")
    };
    // `phone_choice=all` gives a comma list.
    let ids: Vec<String> = message_id.split([',', ';', ' ']).map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    if ids.is_empty() || ids.len() > MOST_MESSAGES {
        return Err(Fault::Refused(invalid(message_id)));
    }
    let found = message::list(ctx.db.read(), &view.id, &ids).await.map_err(|error| Fault::Later(error.into()))?;
    let known = |id: &String| found.iter().any(|row| row.id == *id && row.direction == "out");
    if let Some(unknown) = ids.iter().find(|id| !known(id)) {
        return Err(Fault::Refused(invalid(unknown)));
    }
    let rows: Vec<&message_row::Model> = ids.iter().filter_map(|id| found.iter().find(|row| row.id == *id)).collect();
    if reached(wait_for, &rows) {
        let told = values(ctx.db.read(), view, &rows, ctx.clock.now()).await.map_err(|error| Fault::Later(error.into()))?;
        return Ok(Err(told));
    }
    Ok(Ok(Plan::Status { messages: ids, patience: hours.saturating_mul(HOUR) }))
}

/// Why there is no plan.
#[derive(Debug)]
pub(in crate::flow) enum Fault {
    /// The process is told.
    Refused(Refusal),
    /// The database.
    Later(JobError),
}

/// Whether all of these went as far as is waited for.
pub(super) fn reached(wait_for: WaitFor, rows: &[&message_row::Model]) -> bool {
    rows.iter().all(|row| Status::parse(&row.status).is_some_and(|status| results::reached(wait_for, status)))
}

/// Results of `wait_status`, with the window of its first message.
pub(super) async fn values(db: &impl Conn, view: &PortalView, rows: &[&message_row::Model], now: Ms) -> DbResult<Map<String, Value>> {
    let (mut talk, mut channel) = (None, None);
    if let Some(first) = rows.first() {
        talk = conversation::list(db, &view.id, std::slice::from_ref(&first.conversation_id)).await?.pop();
        channel = channels::find_any(db, &view.id, &first.channel_id).await?;
    }
    let official = channel.and_then(|row| registry::find(&row.kind)).is_none_or(|provider| provider.capabilities().official);
    Ok(results::of_messages(view, rows, WindowView::of(official, talk.as_ref()), now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn most(expected: &[&str], ask_again: &str, attempts: i64) -> i64 {
        let expected: Vec<String> = expected.iter().map(|item| (*item).to_owned()).collect();
        match reply(Vec::new(), &expected, ask_again, attempts, 5) {
            Ok(Plan::Reply { most, patience, .. }) => {
                assert_eq!(patience, 5 * MINUTE);
                most
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn answers_are_read_as_often_as_makes_sense() {
        assert_eq!(most(&[], "", 0), 1);
        assert_eq!(most(&["yes_no"], "", 0), 1);
        assert_eq!(most(&["yes_no"], "Да или нет?", 0), 3);
        assert_eq!(most(&["yes_no"], "", 5), 5);
        assert_eq!(most(&[], "Что?", 0), 1);
    }
}
