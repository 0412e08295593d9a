//! One request: built by the adapter, performed by `outbound`, read by the adapter.

use super::Ready;
use crate::domain::outcome::{ErrorClass, ProviderError, SendOutcome};
use crate::flow::Ctx;
use crate::outbound::{OutboundError, Peer};
use crate::provider::Outgoing;

/// A message whose attempt has ended, not stored yet.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) ready: Ready,
    pub(super) outcome: SendOutcome,
    pub(super) http_status: Option<u16>,
}

/// Sends one marked message.
pub(super) async fn send(ctx: &Ctx, ready: Ready) -> Sent {
    let started = ctx.clock.now();
    let (outcome, http_status) = exchange(ctx, &ready).await;
    let word = match &outcome {
        SendOutcome::Accepted { .. } => "accepted",
        SendOutcome::Rejected(_) => "rejected",
        SendOutcome::Retry { .. } => "retry",
        SendOutcome::Unknown { .. } => "unknown",
    };
    metrics::counter!("courier24_sends_total", "outcome" => word, "provider" => ready.channel.provider.kind()).increment(1);
    tracing::info!(
        portal.id = ready.message.portal,
        channel.id = ready.message.channel_id,
        message.id = ready.message.id,
        job.attempt = ready.number,
        provider.kind = ready.channel.provider.kind(),
        http.status = http_status,
        duration_ms = ctx.clock.now().saturating_sub(started),
        outcome = word,
        "send"
    );
    Sent { ready, outcome, http_status }
}

async fn exchange(ctx: &Ctx, ready: &Ready) -> (SendOutcome, Option<u16>) {
    let channel = &ready.channel;
    let message = Outgoing { message_id: ready.message.id.clone(), to: ready.to.clone(), content: ready.content.clone() };
    let request = match channel.provider.build_send(&channel.config, &message) {
        Ok(request) => request,
        Err(error) => return (SendOutcome::Rejected(error), None),
    };
    match ctx.outbound.send("deliver.send", Peer::Provider, request).await {
        Ok(answer) => {
            let asked = answer.retry_after_ms(Some(ctx.clock.now()));
            let outcome = match channel.provider.read_send(&answer) {
                SendOutcome::Retry { after_ms, error } => SendOutcome::Retry { after_ms: after_ms.max(asked), error },
                other => other,
            };
            (outcome, Some(answer.status))
        }
        Err(OutboundError::Blocked(why)) => {
            (SendOutcome::Rejected(ProviderError::new(ErrorClass::Payload, None, format!("address refused: {why}"))), None)
        }
        Err(OutboundError::NotSent(why)) => (
            SendOutcome::Retry { after_ms: None, error: ProviderError::new(ErrorClass::Transient, None, format!("not sent: {why}")) },
            None,
        ),
        Err(error @ (OutboundError::NoAnswer(_) | OutboundError::TooLarge)) => (SendOutcome::Unknown { reason: error.to_string() }, None),
    }
}
