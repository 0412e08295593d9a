//! What a client's message sets in motion before anybody waits for an answer in it: consent, then automatic replies.

use crate::db::{DbResult, Tx, store};
use crate::flow::consent::{self, Heard, Said};
use crate::flow::portal_settings::areas::Areas;
use crate::flow::portal_view::PortalView;
use crate::flow::{Ctx, auto_reply};

/// Listens to a message about to be stored. `said.talk` is the conversation as it was before the message; what comes back says whether the
/// message was a word of consent, which answers nothing else.
pub(super) async fn listen(ctx: &Ctx, tx: &Tx, said: &Said<'_>) -> DbResult<Heard> {
    let Some(row) = store::portal::find(&**tx, &said.talk.portal).await? else { return Ok(Heard::Nothing) };
    let areas = Areas::read(&row.settings);
    let heard = consent::hear(tx, ctx, &areas, said, ctx.clock.now()).await?;
    auto_reply::consider(tx, ctx, &PortalView::of(&row), &areas, said, heard).await?;
    Ok(heard)
}
