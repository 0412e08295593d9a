//! Quiet hours: nothing leaves that the client has not just asked for. Of the channel, else of the portal, in the recipient's own time
//! where the number tells it.
//!
//! What is held leaves when they end. A client who wrote within the last hour is in a conversation and is answered at any hour; codes to
//! sign in (AUTHENTICATION) are awaited by definition. The gate and the last look before the wire ask here, so every send obeys.

use super::portal_view::PortalView;
use crate::catalog::operation::{OnClosedWindow, SendCommon};
use crate::db::entity::{channel, conversation, message};
use crate::domain::clock::{HOUR, Ms};
use crate::domain::content::Content;
use crate::domain::identity::Identity;
use crate::domain::schedule::{QuietHours, zone_of_phone};
use chrono_tz::Tz;
use serde_json::Value;

/// Channel setting; `off` = none on this channel whatever the portal says.
pub(super) const SETTING: &str = "quiet_hours";
/// The word that switches the portal's quiet hours off for a channel.
pub(super) const OFF: &str = "off";
/// A client who wrote so lately waits for the answer.
const TALKING: Ms = HOUR;

/// The quiet hours that hold on a channel.
pub(super) fn hours(portal: &PortalView, channel: &channel::Model) -> Option<QuietHours> {
    let settings: Value = serde_json::from_str(&channel.settings).unwrap_or_default();
    match settings.get(SETTING).and_then(Value::as_str) {
        Some(OFF) => None,
        Some(own) => QuietHours::parse(own).or(portal.quiet_hours),
        None => portal.quiet_hours,
    }
}

/// The recipient's zone if the number tells it, else the portal's.
pub(super) fn zone(portal: &PortalView, who: &Identity) -> Tz {
    who.phone.as_deref().and_then(zone_of_phone).unwrap_or(portal.time_zone)
}

/// When the quiet hours end that hold this content back now.
pub(super) fn until(
    portal: &PortalView,
    channel: &channel::Model,
    who: &Identity,
    talk: Option<&conversation::Model>,
    content: Option<&Content>,
    now: Ms,
) -> Option<Ms> {
    let end = hours(portal, channel)?.end(zone(portal, who), now)?;
    let talking = talk.and_then(|talk| talk.last_inbound_at).is_some_and(|at| now.saturating_sub(at) < TALKING);
    let awaited = matches!(content, Some(Content::Template(template)) if template.category.eq_ignore_ascii_case("AUTHENTICATION"));
    (!talking && !awaited).then_some(end)
}

/// As [`until`], of a message that is stored.
pub(super) fn of_message(
    portal: &PortalView,
    channel: &channel::Model,
    message: &message::Model,
    talk: Option<&conversation::Model>,
    now: Ms,
) -> Option<Ms> {
    let who: Identity = serde_json::from_str(&message.identity).unwrap_or_default();
    until(portal, channel, &who, talk, None, now)?;
    // Most moments are not quiet: only then the content is read.
    let content: Option<Content> = serde_json::from_str(&message.content).ok();
    until(portal, channel, &who, talk, content.as_ref(), now)
}

/// Whether holding is of any use to a free-form message whose window ends before the quiet hours do.
pub(super) fn may_hold(on_closed: OnClosedWindow, open_then: bool) -> bool {
    open_then || on_closed != OnClosedWindow::Fail
}

/// As [`may_hold`], by what the call says about closed windows.
pub(super) fn may_hold_sent(send: Option<&SendCommon>, open_then: bool) -> bool {
    may_hold(send.map_or(OnClosedWindow::Fail, |send| send.on_closed_window), open_then)
}
