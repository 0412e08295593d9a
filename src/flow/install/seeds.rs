//! Pairs that were taken before: their hashes, so that a replayed body changes nothing.

use crate::bitrix::inbound::Sender;
use crate::db::entity::portal as portal_row;
use crate::flow::Ctx;

/// So many former pairs are known when they come again; their access tokens are long over by then.
const SEEDS_KEPT: usize = 8;

pub(super) fn seed_hash(ctx: &Ctx, sender: &Sender) -> String {
    ctx.sealer.hash("portal-seed", sender.refresh_token.expose(), true)
}

/// Whether tokens of this hash were taken before: what is stored is the same pair or a newer one.
pub(super) fn was_taken(row: &portal_row::Model, seed_hash: &str) -> bool {
    row.seed_hash.as_deref().unwrap_or_default().split(' ').any(|taken| taken.split(':').next() == Some(seed_hash))
}

/// The pair together with the application token it came with: an update may tell a new token with a pair that was taken before.
pub(super) fn seed_entry(ctx: &Ctx, sender: &Sender) -> String {
    let told = ctx.sealer.hash("portal-told", sender.application_token.expose(), true);
    format!("{}:{told}", seed_hash(ctx, sender))
}

/// Whether this pair brings an application token that it never came with before; a replay of an earlier one is no news.
pub(super) fn tells_a_new_token(row: &portal_row::Model, sender: &Sender, entry: &str) -> bool {
    let seen = row.seed_hash.as_deref().unwrap_or_default().split(' ').any(|taken| taken == entry);
    !sender.application_token.is_empty() && !seen
}

/// The hashes of the latest pairs taken, the newest first.
pub(super) fn seeds_with(row: Option<&portal_row::Model>, entry: &str) -> String {
    let former = row.and_then(|row| row.seed_hash.as_deref()).unwrap_or_default();
    let former = former.split(' ').filter(|taken| !taken.is_empty() && *taken != entry);
    std::iter::once(entry).chain(former).take(SEEDS_KEPT).collect::<Vec<_>>().join(" ")
}
