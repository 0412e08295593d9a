//! Who wrote: two conversations that turn out to be one user become one, and a number that changed hands or was changed moves.
//!
//! A BSUID belongs to one phone of one user (reference/whatsapp.md 3.3). So a phone and a BSUID told together are one user, unless the
//! phone is known under another BSUID: then the number has a new owner, and only the number moves.

use crate::db::entity::conversation as conversation_row;
use crate::db::store::conversation::{self, Key};
use crate::db::store::{message, wait};
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::identity::Identity;
use crate::domain::phone::variants;

/// A user who writes from another spelling of a number that we wrote to (ninth digit in Brazil, `521` in Mexico) is the same user, and
/// WhatsApp's own spelling is the one to answer to.
pub(super) async fn recognise(tx: &Tx, portal: &str, channel_id: &str, identity: &Identity, now: Ms) -> DbResult<()> {
    let Some(phone) = identity.phone.as_ref().filter(|_| identity.group.is_none()) else { return Ok(()) };
    let key = |value: String| Key { channel_id: channel_id.to_owned(), kind: "phone".to_owned(), value };
    // WhatsApp's digits carry the country code: `84…` is Vietnam here, not a trunk 8.
    let same_country = |spelling: &String| spelling != phone && spelling.chars().next() == phone.chars().next();
    let spellings: Vec<Key> = variants(phone).into_iter().filter(same_country).map(key).collect();
    if spellings.is_empty() {
        return Ok(());
    }
    let own = Key::all_of(channel_id, identity);
    let known = conversation::by_keys(&**tx, portal, &[own.clone(), spellings.clone()].concat()).await?;
    if own.iter().any(|key| known.contains_key(key)) {
        return Ok(());
    }
    match spellings.iter().find_map(|key| known.get(key)) {
        Some(talk) => conversation::respell(tx, portal, &talk.id, &key(phone.clone()), now).await,
        None => Ok(()),
    }
}

/// Makes one conversation of those that this identity's ids lead to.
pub(super) async fn unite(tx: &Tx, portal: &str, channel_id: &str, identity: &Identity, now: Ms) -> DbResult<()> {
    let (Some(phone), Some(bsuid)) = (&identity.phone, &identity.bsuid) else { return Ok(()) };
    if identity.group.is_some() {
        return Ok(());
    }
    let key = |kind: &str, value: &str| Key { channel_id: channel_id.to_owned(), kind: kind.to_owned(), value: value.to_owned() };
    let (by_phone, by_bsuid) = (key("phone", phone), key("bsuid", bsuid));
    let found = conversation::by_keys(&**tx, portal, &[by_phone.clone(), by_bsuid.clone()]).await?;
    let (Some(of_phone), Some(of_bsuid)) = (found.get(&by_phone), found.get(&by_bsuid)) else { return Ok(()) };
    if of_phone.id == of_bsuid.id {
        return Ok(());
    }
    if of_phone.bsuid.as_ref().is_some_and(|other| other != bsuid) {
        conversation::relink(tx, portal, &by_phone, &of_bsuid.id, now).await?;
        return Ok(());
    }
    merge(tx, portal, of_phone, of_bsuid, now).await
}

/// Moves everything of `from` into `into`: messages, ids, waits. Windows and moments only grow.
async fn merge(tx: &Tx, portal: &str, into: &conversation_row::Model, from: &conversation_row::Model, now: Ms) -> DbResult<()> {
    message::move_conversation(tx, portal, &from.id, &into.id).await?;
    wait::move_subject(tx, portal, &from.id, &into.id).await?;
    conversation::absorb(tx, portal, into, from, now).await
}

/// The user has another number from now on: the conversation moves with them and its window closes (reference/whatsapp.md A.3).
pub(super) async fn renumber(tx: &Tx, portal: &str, talk: &conversation_row::Model, moved_to: &Identity, at: Ms, now: Ms) -> DbResult<()> {
    let keys = Key::all_of(&talk.channel_id, moved_to);
    let known = conversation::by_keys(&**tx, portal, &keys).await?;
    conversation::close_window(tx, portal, &talk.id, at.min(now)).await?;
    match keys.iter().find_map(|key| known.get(key)).filter(|other| other.id != talk.id) {
        // They have written from the new number already: what was said before joins it.
        Some(other) => {
            let mut closed = talk.clone();
            closed.window_until = None;
            (closed.phone, closed.bsuid) = (None, None);
            conversation::unlink(tx, portal, &talk.id).await?;
            merge(tx, portal, other, &closed, now).await
        }
        None => conversation::readdress(tx, portal, &talk.id, moved_to, &keys, now).await,
    }
}

/// A status tells the BSUID of the phone that a message went to: the same user may hide the phone tomorrow.
pub(super) async fn meet(tx: &Tx, portal: &str, channel_id: &str, identity: &Identity, now: Ms) -> DbResult<()> {
    let (Some(phone), Some(_)) = (&identity.phone, &identity.bsuid) else { return Ok(()) };
    let key = Key { channel_id: channel_id.to_owned(), kind: "phone".to_owned(), value: phone.clone() };
    let known = conversation::by_keys(&**tx, portal, std::slice::from_ref(&key)).await?;
    let Some(talk) = known.get(&key) else { return Ok(()) };
    if talk.bsuid == identity.bsuid {
        return Ok(());
    }
    unite(tx, portal, channel_id, identity, now).await?;
    conversation::learn_keys(tx, portal, &talk.id, &Key::all_of(channel_id, identity), identity, now).await
}
