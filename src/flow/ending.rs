//! What one attempt's outcome means for its message, its job and its channel. Pure: a table, kept by tests.
//!
//! Three endings (DESIGN.md 4). Unknown is never sent again by any rule; what certainly was not sent may be, with
//! max(own backoff, Retry-After); what needs a person holds the message instead of losing it.

use super::channel::state_after;
use crate::domain::backoff;
use crate::domain::clock::{MINUTE, Ms, SECOND};
use crate::domain::message_error::MessageError;
use crate::domain::outcome::{ErrorClass, ProviderError, SendOutcome};
use crate::domain::refusal::Code;
use crate::domain::state::Status;

/// A file is tried once more after this long: its host may have been busy.
const MEDIA_RETRY: Ms = 30 * SECOND;
/// First pause after "too fast to this person"; it grows by four (reference/whatsapp.md 10.7).
const PAIR_RETRY: Ms = 6 * SECOND;
/// A channel waits at most this long at a provider's word; then its next message asks again. A gateway that says "in a day" must not
/// silence a shop, and one question in five minutes floods nobody. The message that was refused itself waits as told, up to an hour.
const CHANNEL_PAUSE: Ms = 5 * MINUTE;
/// How often a held message looks whether its channel is back.
pub(super) const HOLD_LOOK: Ms = MINUTE;

/// The attempt that ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Try {
    /// Its number, from 1.
    pub(super) number: i64,
    /// Tries allowed.
    pub(super) most: i64,
    /// The message needed an open window.
    pub(super) free_form: bool,
    /// Any varying number, for jitter.
    pub(super) seed: u64,
}

/// What becomes of the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// Done.
    Complete,
    /// Again after this many ms; it counts.
    Again(Ms),
    /// Held: looked at again after this many ms; it does not count.
    Hold(Ms),
}

/// What becomes of the channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ChannelNews {
    /// A new state, with the provider's words.
    State(&'static str, String),
    /// Everybody waits that long, and the pace halves.
    Busy(Ms),
}

/// The whole verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settled {
    /// The message's new status.
    pub(super) status: Status,
    /// Word for the attempt.
    pub(super) attempt: &'static str,
    /// Why, unless it went.
    pub(super) error: Option<MessageError>,
    /// The job.
    pub(super) next: Next,
    /// The channel.
    pub(super) channel: Option<ChannelNews>,
}

/// Decides.
pub(super) fn settle(outcome: &SendOutcome, tried: Try) -> Settled {
    match outcome {
        SendOutcome::Accepted { .. } => {
            Settled { status: Status::Accepted, attempt: "accepted", error: None, next: Next::Complete, channel: None }
        }
        SendOutcome::Unknown { reason } => Settled {
            status: Status::Unknown,
            attempt: "unknown",
            error: Some(MessageError::unknown(reason)),
            next: Next::Complete,
            channel: None,
        },
        SendOutcome::Retry { after_ms, error } => again(error, *after_ms, tried),
        SendOutcome::Rejected(error) => rejected(error, tried),
    }
}

fn again(error: &ProviderError, after_ms: Option<Ms>, tried: Try) -> Settled {
    let round = u32::try_from(tried.number).unwrap_or(1).max(1);
    let own = match error.class {
        ErrorClass::PairLimit => PAIR_RETRY.saturating_mul(4_i64.saturating_pow(round - 1)),
        _ => backoff::delay(round, None),
    };
    let delay = backoff::jitter(own.max(backoff::delay(round, after_ms)), tried.seed);
    // Too fast for one person says nothing about the others.
    let channel = (error.class == ErrorClass::RateLimit).then_some(ChannelNews::Busy(delay.min(CHANNEL_PAUSE)));
    if let Some(state) = state_after(error.class) {
        return held(error, state, tried, "retry");
    }
    if tried.number >= tried.most {
        let mut failure = MessageError::of_provider(error, tried.free_form);
        if error.class == ErrorClass::Transient {
            // Nothing was refused: the provider could not be reached all the time.
            failure.code = Code::ChannelUnavailable;
        }
        return Settled { status: Status::Failed, attempt: "retry", error: Some(failure), next: Next::Complete, channel };
    }
    let why = MessageError::of_provider(error, tried.free_form);
    Settled { status: Status::Queued, attempt: "retry", error: Some(why), next: Next::Again(delay), channel }
}

fn rejected(error: &ProviderError, tried: Try) -> Settled {
    match (error.class, state_after(error.class)) {
        (ErrorClass::Media, _) if tried.number < 2 => Settled {
            status: Status::Queued,
            attempt: "rejected",
            error: Some(MessageError::of_provider(error, tried.free_form)),
            next: Next::Again(MEDIA_RETRY),
            channel: None,
        },
        // The account is judged, and this message with it; the others find the channel blocked.
        (ErrorClass::Policy, state) => failed(error, state, tried),
        (_, Some(state)) => held(error, state, tried, "rejected"),
        (_, None) => failed(error, None, tried),
    }
}

fn failed(error: &ProviderError, state: Option<&'static str>, tried: Try) -> Settled {
    Settled {
        status: Status::Failed,
        attempt: "rejected",
        error: Some(MessageError::of_provider(error, tried.free_form)),
        next: Next::Complete,
        channel: state.map(|state| ChannelNews::State(state, error.text.clone())),
    }
}

/// Credentials, money or pairing: a person can mend it, and the message then goes.
fn held(error: &ProviderError, state: &'static str, tried: Try, attempt: &'static str) -> Settled {
    Settled {
        status: Status::Held,
        attempt,
        error: Some(MessageError::of_provider(error, tried.free_form)),
        next: Next::Hold(HOLD_LOOK),
        channel: Some(ChannelNews::State(state, error.text.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::HOUR;

    fn told(class: ErrorClass) -> ProviderError {
        ProviderError { class, provider_code: Some("77".to_owned()), text: "told".to_owned() }
    }

    fn tried(number: i64) -> Try {
        Try { number, most: 6, free_form: true, seed: 0 }
    }

    #[test]
    fn unknown_is_the_end_whatever_the_number() {
        for number in 1..=6 {
            let settled = settle(&SendOutcome::Unknown { reason: "hung".to_owned() }, tried(number));
            assert_eq!((settled.status, settled.next), (Status::Unknown, Next::Complete));
            assert_eq!(settled.error.map(|error| error.code), Some(Code::UnknownOutcome));
        }
    }

    #[test]
    fn what_was_not_sent_comes_back_until_the_tries_are_used_up() {
        let outcome = SendOutcome::Retry { after_ms: None, error: told(ErrorClass::Transient) };
        let delays: Vec<Next> = (1..=5).map(|number| settle(&outcome, tried(number)).next).collect();
        let seconds = [1, 4, 16, 64, 256].map(|seconds| Next::Again(seconds * SECOND));
        assert_eq!(delays, seconds);
        let last = settle(&outcome, tried(6));
        assert_eq!((last.status, last.next), (Status::Failed, Next::Complete));
        assert_eq!(last.error.map(|error| error.code), Some(Code::ChannelUnavailable));
    }

    #[test]
    fn a_limit_holds_the_channel_as_long_as_asked() {
        let outcome = SendOutcome::Retry { after_ms: Some(20 * SECOND), error: told(ErrorClass::RateLimit) };
        let settled = settle(&outcome, tried(1));
        assert_eq!(settled.next, Next::Again(20 * SECOND));
        assert_eq!(settled.channel, Some(ChannelNews::Busy(20 * SECOND)));
        let pair = settle(&SendOutcome::Retry { after_ms: None, error: told(ErrorClass::PairLimit) }, tried(2));
        assert_eq!((pair.next, pair.channel), (Next::Again(24 * SECOND), None));
        let used_up = settle(&outcome, tried(6));
        assert_eq!(used_up.error.map(|error| error.code), Some(Code::LimitReached));
        let day = settle(&SendOutcome::Retry { after_ms: Some(24 * HOUR), error: told(ErrorClass::RateLimit) }, tried(1));
        assert_eq!((day.next, day.channel), (Next::Again(HOUR), Some(ChannelNews::Busy(5 * MINUTE))), "no word stops a channel for long");
    }

    #[test]
    fn a_refusal_ends_a_message_or_holds_it_for_a_person() {
        use ErrorClass::{Auth, BadRecipient, Billing, Media, OptedOut, Policy, Template, WindowClosed};
        let table = [
            (Auth, 1, Status::Held, Some("auth_failed"), Code::ChannelUnavailable),
            (Billing, 1, Status::Held, Some("paused"), Code::ProviderRejected),
            (Policy, 1, Status::Failed, Some("blocked"), Code::ProviderRejected),
            (BadRecipient, 1, Status::Failed, None, Code::ProviderRejected),
            (OptedOut, 1, Status::Failed, None, Code::ProviderRejected),
            (Template, 1, Status::Failed, None, Code::ProviderRejected),
            (WindowClosed, 1, Status::Failed, None, Code::WindowClosed),
            (Media, 1, Status::Queued, None, Code::MediaInvalid),
            (Media, 2, Status::Failed, None, Code::MediaInvalid),
        ];
        for (class, number, status, state, code) in table {
            let settled = settle(&SendOutcome::Rejected(told(class)), tried(number));
            assert_eq!(settled.status, status, "{class:?}");
            assert_eq!(settled.error.map(|error| error.code), Some(code), "{class:?}");
            let news = settled.channel.map(|news| match news {
                ChannelNews::State(state, _) => state,
                ChannelNews::Busy(_) => "busy",
            });
            assert_eq!(news, state, "{class:?}");
        }
    }
}
