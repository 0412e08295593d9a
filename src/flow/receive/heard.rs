//! What a client's message sets in motion before anybody waits for an answer in it: consent, then automatic replies.

use crate::db::{DbResult, Tx};
use crate::flow::consent::{self, Heard, Said, Word};
use crate::flow::portal_settings::areas::Areas;
use crate::flow::portal_view::PortalView;
use crate::flow::waits::{self, Read};
use crate::flow::{Ctx, auto_reply};

/// Listens to a message about to be stored. `said.talk` is the conversation as it was before the message; what comes back says whether the
/// message was a word of consent, which answers nothing else.
pub(super) async fn listen(ctx: &Ctx, tx: &Tx, view: &PortalView, said: &Said<'_>, read: &Read<'_>) -> DbResult<Heard> {
    let now = ctx.clock.now();
    let areas = Areas::read(&view.settings);
    let mut word = Word::of(&areas, said.inbound);
    // A word of consent is said to the company, unless a question asked for exactly that word.
    if word.is_some() && waits::expects(tx, view, read, now).await? {
        word = None;
    }
    let heard = consent::hear(tx, ctx, &areas, said, word, now).await?;
    auto_reply::consider(tx, ctx, view, &areas, said, heard).await?;
    Ok(heard)
}
