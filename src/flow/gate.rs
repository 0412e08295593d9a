//! The rules of WhatsApp and of the channel, kept before the wire (promise 4): state, kind, length, window. Pure.

use super::desk::Sender;
use super::portal_view::PortalView;
use super::quiet;
use super::results::{self, WindowView};
use crate::catalog::operation::OnClosedWindow;
use crate::db::entity::channel;
use crate::domain::clock::Ms;
use crate::domain::consent::{Barrier, Scope, Standing};
use crate::domain::content::Content;
use crate::domain::refusal::{Code, Refusal};

/// What is asked to pass.
#[derive(Debug)]
pub(super) struct Question<'a> {
    /// Its portal.
    pub(super) portal: &'a PortalView,
    /// Through which channel.
    pub(super) sender: &'a Sender,
    /// What.
    pub(super) content: &'a Content,
    /// The recipient's window.
    pub(super) window: WindowView,
    /// What the recipient agreed to.
    pub(super) standing: Standing,
    /// What to do when it is closed.
    pub(super) on_closed: OnClosedWindow,
    /// The end of the quiet hours that hold it back now.
    pub(super) quiet: Option<Ms>,
}

/// How it passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may leave.
    Send(&'static str),
    /// It leaves when the client has written.
    HoldForWindow,
    /// It leaves when the channel sends again.
    HoldForChannel,
    /// It leaves when the quiet hours end.
    HoldForQuiet(Ms),
    /// The fallback template goes instead.
    Fallback,
}

/// Why a message is held, as its row says.
pub(super) const HELD_FOR_WINDOW: &str = "held until the client writes";
/// As above.
pub(super) const HELD_FOR_CHANNEL: &str = "held until the channel sends again";

/// As above.
pub(super) const HELD_FOR_QUIET: &str = "held until the quiet hours end";

/// How a channel's state counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Footing {
    /// It sends.
    Works,
    /// Paused by a person or for lack of money: what is accepted waits.
    Paused,
    /// It needs a person before it can send at all.
    Broken,
}

/// Reads `channel.state`.
pub(super) fn footing(channel: &channel::Model) -> Footing {
    if channel.deleted_at.is_some() {
        return Footing::Broken;
    }
    match channel.state.as_str() {
        "new" | "connected" | "limited" => Footing::Works,
        "paused" => Footing::Paused,
        _ => Footing::Broken,
    }
}

/// Decides on a content that is already rendered.
///
/// # Errors
/// `channel_unavailable`, `unsupported_by_channel`, `text_too_long`, `opted_out`, `limit_reached`, `window_closed`, `quiet_hours`.
pub(super) fn check(question: &Question<'_>, now: Ms) -> Result<Verdict, Refusal> {
    let sender = question.sender;
    let name = || sender.row.name.clone();
    let footing = unbroken(sender)?;
    let kind = question.content.kind();
    if !sender.capabilities().kinds.contains(&kind) {
        return Err(Refusal::new(Code::UnsupportedByChannel, format!("channel cannot send {kind}"))
            .with("name", name())
            .with("item", kind));
    }
    if let Content::Text { body, .. } = question.content {
        let (limit, length) = (sender.capabilities().text_limit, body.chars().count());
        if length > limit {
            return Err(Refusal::new(Code::TextTooLong, format!("text of {length}, the channel takes {limit}"))
                .with("field", "text")
                .with("limit", limit.to_string())
                .with("value", length.to_string()));
        }
    }
    if let Some(refusal) = consent(question.portal, question.standing, category(question.content), now) {
        return Err(refusal);
    }
    let verdict = if matches!(question.content, Content::Template(_)) && question.window.official {
        Verdict::Send("templates need no window")
    } else {
        window(question.portal, question.window, question.on_closed, now)?
    };
    // A window that has to be waited for first is looked at again anyway.
    match (verdict, footing, question.quiet) {
        (Verdict::Send(_), Footing::Paused, _) => Ok(Verdict::HoldForChannel),
        (Verdict::Send(_), _, Some(until)) => hold_for_quiet(question, until),
        (verdict, _, _) => Ok(verdict),
    }
}

fn hold_for_quiet(question: &Question<'_>, until: Ms) -> Result<Verdict, Refusal> {
    let open_then = matches!(question.content, Content::Template(_)) || question.window.open(until);
    if quiet::may_hold(question.on_closed, open_then) {
        return Ok(Verdict::HoldForQuiet(until));
    }
    Err(quiet_hours(question.portal, until))
}

/// `quiet_hours`: held, the message would meet a closed window.
pub(super) fn quiet_hours(portal: &PortalView, until: Ms) -> Refusal {
    let refusal = Refusal::new(Code::QuietHours, "quiet hours end after the window does");
    refusal.with("until", results::clock_text(portal, until))
}

/// What can be told of a free-form content before it is made: the channel and the window.
///
/// # Errors
/// `channel_unavailable`, `window_closed`.
pub(super) fn ahead(portal: &PortalView, sender: &Sender, view: WindowView, on_closed: OnClosedWindow, now: Ms) -> Result<(), Refusal> {
    unbroken(sender)?;
    window(portal, view, on_closed, now).map(|_| ())
}

fn unbroken(sender: &Sender) -> Result<Footing, Refusal> {
    let footing = footing(&sender.row);
    if footing != Footing::Broken {
        return Ok(footing);
    }
    let state = if sender.row.deleted_at.is_some() { "deleted" } else { sender.row.state.as_str() };
    let refusal = Refusal::new(Code::ChannelUnavailable, format!("channel state {state}"));
    Err(refusal.with("name", sender.row.name.clone()).with("value", state))
}

fn window(portal: &PortalView, window: WindowView, on_closed: OnClosedWindow, now: Ms) -> Result<Verdict, Refusal> {
    if !window.official {
        return Ok(Verdict::Send("no windows on this channel"));
    }
    if window.open(now) {
        return Ok(Verdict::Send("window open"));
    }
    match on_closed {
        OnClosedWindow::Template => Ok(Verdict::Fallback),
        OnClosedWindow::Hold => Ok(Verdict::HoldForWindow),
        OnClosedWindow::Fail => Err(window_closed(portal, window)),
    }
}

/// A template's category.
pub(super) fn category(content: &Content) -> Option<&str> {
    match content {
        Content::Template(template) => Some(template.category.as_str()),
        _ => None,
    }
}

/// What the recipient's will, or Meta's brake, has against a message of this category. The one place of this rule: asked when a message is
/// decided, before it leaves, and once more in the transaction that marks it as sending.
pub(super) fn consent(portal: &PortalView, standing: Standing, category: Option<&str>, now: Ms) -> Option<Refusal> {
    Some(match standing.barrier(category, now)? {
        Barrier::OptedOut(Scope::Marketing) => Refusal::new(Code::OptedOut, "the client refused marketing")
            .with("scope", "marketing")
            .with("words", "refusal-opted_out-marketing"),
        Barrier::OptedOut(Scope::All) => {
            Refusal::new(Code::OptedOut, "the client refused all messages").with("scope", "all").with("words", "refusal-opted_out-all")
        }
        Barrier::Capped(until) => Refusal::new(Code::LimitReached, "WhatsApp holds marketing to this person back")
            .with("until", results::clock_text(portal, until))
            .with("words", "refusal-limit_reached-marketing"),
    })
}

/// `window_closed` with the time, as far as one is known.
pub(super) fn window_closed(portal: &PortalView, window: WindowView) -> Refusal {
    let refusal = Refusal::new(Code::WindowClosed, "free-form message outside the 24 h window");
    match window.until {
        Some(until) => refusal.with("until", results::clock_text(portal, until)),
        None => refusal.with("words", "refusal-window_closed-never"),
    }
}
