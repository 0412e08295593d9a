//! One question to a provider that is no send and no list: its opt-in list, a number's existence.

use super::Ctx;
use crate::domain::http::{HttpRequest, HttpResponse};
use crate::outbound::{OutboundError, Peer};

/// Asks.
///
/// # Errors
/// As `outbound` tells them; asking again does no harm.
pub(super) async fn ask(ctx: &Ctx, request: HttpRequest) -> Result<HttpResponse, OutboundError> {
    ctx.outbound.send("provider.ask", Peer::Provider, request).await
}
