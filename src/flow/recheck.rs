//! What may have changed since a message was decided: looked at once more right before the wire. Pure.
//!
//! Held is not failed: a paused channel, a closed window and `--hold-sends` let a message wait; only its own end (hold time,
//! uninstall, a deleted channel) ends it.

use super::ending::HOLD_LOOK;
use super::gate::{self, Footing};
use super::portal_view::PortalView;
use super::quiet;
use super::results::WindowView;
use crate::catalog::operation::{OnClosedWindow, SendCommon, TemplateChoice};
use crate::db::entity::{channel, message, robot_call};
use crate::db::store::call::state;
use crate::db::store::portal::PortalStatus;
use crate::domain::clock::{DAY, HOUR, Ms};
use crate::domain::consent::Standing;
use crate::domain::content::Content;
use crate::domain::message_error::MessageError;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::state::Status;

/// A message waits that long for a channel that a person has to mend; then it would be stale.
const HELD_AT_MOST: Ms = 7 * DAY;

/// A message and all that decides about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'a> {
    /// The message.
    pub(super) message: &'a message::Model,
    /// The call that sent it.
    pub(super) call: Option<&'a robot_call::Model>,
    /// The call's common part.
    pub(super) send: Option<&'a SendCommon>,
    /// The portal.
    pub(super) portal: &'a PortalView,
    /// The live channel.
    pub(super) channel: Option<&'a channel::Model>,
    /// The recipient's window.
    pub(super) window: WindowView,
    /// The end of the quiet hours that hold it back now.
    pub(super) quiet: Option<Ms>,
    /// What the recipient agreed to.
    pub(super) standing: Standing,
    /// `--hold-sends`.
    pub(super) hold_sends: bool,
}

/// What happens to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fate {
    /// It has been dealt with: only the job is left.
    Nothing,
    /// It ends here.
    End(Status, MessageError),
    /// It waits; with a reason it is shown as held.
    Wait(Ms, Option<MessageError>),
    /// Its window has closed: this template goes instead.
    Swap(TemplateChoice),
    /// It may leave.
    Go,
}

/// Looks.
pub(super) fn fate(look: Look<'_>, now: Ms) -> Fate {
    match Status::parse(&look.message.status) {
        // Its attempt was stored and no answer to it: whoever sent it died or lost its lease. Never again.
        Some(Status::Sending) => {
            return Fate::End(Status::Unknown, MessageError::unknown("the sending process ended before it stored the provider's answer"));
        }
        Some(Status::Queued | Status::Held) => {}
        _ => return Fate::Nothing,
    }
    if look.portal.status == PortalStatus::Uninstalled {
        return Fate::End(Status::Cancelled, own(Code::PortalPaused, "portal uninstalled", "uninstalled"));
    }
    if look.call.is_some_and(|call| call.state == state::DEAD) {
        return Fate::End(Status::Cancelled, own(Code::PortalPaused, "the call was given up", "-"));
    }
    if let Some(refusal) = refused(look, now) {
        return Fate::End(Status::Failed, MessageError::of_refusal(&refusal));
    }
    if look.hold_sends {
        return Fate::Wait(now.saturating_add(HOLD_LOOK), Some(own(Code::ChannelUnavailable, "sending is paused (--hold-sends)", "-")));
    }
    let Some(channel) = look.channel else {
        return Fate::End(Status::Failed, own(Code::ChannelUnavailable, "the channel was deleted", &look.message.channel_id));
    };
    if gate::footing(channel) != Footing::Works {
        let reason = own(Code::ChannelUnavailable, gate::HELD_FOR_CHANNEL, &channel.name);
        return if now.saturating_sub(look.message.created_at) > HELD_AT_MOST {
            Fate::End(Status::Failed, reason)
        } else {
            Fate::Wait(now.saturating_add(HOLD_LOOK), Some(reason))
        };
    }
    if let Some(until) = channel.held_until.filter(|until| *until > now) {
        return Fate::Wait(until, None);
    }
    match (window(look, now), look.quiet) {
        (Fate::Go | Fate::Swap(_), Some(until)) => quiet_hours(look, until),
        (fate, _) => fate,
    }
}

/// It would leave, were it day: it waits, unless its window is over by then and nothing may go instead.
fn quiet_hours(look: Look<'_>, until: Ms) -> Fate {
    let open_then = look.message.kind == "template" || look.window.open(until);
    let reason = MessageError::of_refusal(&gate::quiet_hours(look.portal, until));
    if quiet::may_hold_sent(look.send, open_then) { Fate::Wait(until, Some(reason)) } else { Fate::End(Status::Failed, reason) }
}

/// What the person said since the message was decided. A template that will stand in for it is judged when it is chosen.
fn refused(look: Look<'_>, now: Ms) -> Option<Refusal> {
    if look.standing == Standing::default() {
        return None;
    }
    let content: Option<Content> = serde_json::from_str(&look.message.content).ok();
    gate::consent(look.portal, look.standing, content.as_ref().and_then(gate::category), now)
}

fn window(look: Look<'_>, now: Ms) -> Fate {
    if look.message.kind == "template" || look.window.open(now) {
        return Fate::Go;
    }
    let closed = MessageError::of_refusal(&gate::window_closed(look.portal, look.window));
    let Some(send) = look.send else {
        return Fate::End(Status::Failed, closed);
    };
    match (send.on_closed_window, &send.fallback) {
        (OnClosedWindow::Hold, _) => {
            let end = look.message.created_at.saturating_add(send.hold_hours.max(1).saturating_mul(HOUR));
            if now >= end { Fate::End(Status::Skipped, closed) } else { Fate::Wait(end, Some(closed)) }
        }
        (OnClosedWindow::Template, Some(fallback)) => Fate::Swap(fallback.clone()),
        (OnClosedWindow::Template | OnClosedWindow::Fail, _) => Fate::End(Status::Failed, closed),
    }
}

fn own(code: Code, rule: &str, name: &str) -> MessageError {
    MessageError::of_refusal(&Refusal::new(code, rule).with("name", name))
}
