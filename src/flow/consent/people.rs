//! The ids under which a person's consent is found.
//!
//! After an erasure a refusal outlives the person's ids as a keyed hash: somebody who asked to be forgotten must not get marketing again
//! because the CRM still has the number.

use crate::db::crypto::Sealer;
use crate::db::entity::{consent, conversation};
use crate::db::store::consent::{self as store, Key};
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::identity::Identity;
use crate::domain::person::Person;
use crate::domain::phone;

/// Purpose of the keyed hash.
const HASH: &str = "consent";

/// Ids to look for: every spelling of the phones, bsuid, lid, and what an erasure left of them.
pub(super) fn wanted(sealer: &Sealer, portal: &str, who: &Identity, talk: Option<&conversation::Model>) -> Vec<Key> {
    let mut keys = plain(who, talk, phone::variants);
    let hashed: Vec<Key> = keys.iter().map(|(kind, value)| hash(sealer, portal, kind, value)).collect();
    keys.extend(hashed);
    keys
}

/// Ids to keep: the phones as they are known, bsuid, lid.
pub(super) fn known(who: &Identity, talk: Option<&conversation::Model>) -> Vec<Key> {
    plain(who, talk, |digits| vec![digits.to_owned()])
}

fn plain(who: &Identity, talk: Option<&conversation::Model>, spell: impl Fn(&str) -> Vec<String>) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    let mut add = |kind: &str, value: String| {
        let key = (kind.to_owned(), value);
        if !key.1.is_empty() && !keys.contains(&key) {
            keys.push(key);
        }
    };
    for digits in [who.phone.as_deref(), talk.and_then(|talk| talk.phone.as_deref())].into_iter().flatten() {
        spell(digits).into_iter().for_each(|digits| add("phone", digits));
    }
    for id in [who.bsuid.as_ref(), talk.and_then(|talk| talk.bsuid.as_ref())].into_iter().flatten() {
        add("bsuid", id.clone());
    }
    for id in [who.lid.as_ref(), talk.and_then(|talk| talk.lid.as_ref())].into_iter().flatten() {
        add("lid", id.clone());
    }
    keys
}

fn hash(sealer: &Sealer, portal: &str, kind: &str, value: &str) -> Key {
    ("hash".to_owned(), sealer.hash(HASH, &format!("{portal}\n{kind}\n{value}"), true))
}

/// Rows of a person, the oldest first.
///
/// # Errors
/// The database failed.
pub async fn rows_of(db: &impl Conn, sealer: &Sealer, portal: &str, who: &Identity) -> DbResult<Vec<consent::Model>> {
    rows(db, portal, &wanted(sealer, portal, who, None)).await
}

/// Rows that ids lead to, each once, the oldest first.
pub(super) async fn rows(db: &impl Conn, portal: &str, keys: &[Key]) -> DbResult<Vec<consent::Model>> {
    let mut rows: Vec<consent::Model> = store::by_keys(db, portal, keys).await?.into_values().collect();
    rows.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    rows.dedup_by(|a, b| a.id == b.id);
    Ok(rows)
}

/// Erases a person: evidence and ids go, a refusal stays under hashes that name nobody.
///
/// # Errors
/// The database failed.
pub async fn forget(tx: &Tx, sealer: &Sealer, portal: &str, person: &Person, now: Ms) -> DbResult<()> {
    let mut keys: Vec<Key> = person.phones.iter().map(|phone| ("phone".to_owned(), phone.clone())).collect();
    for id in &person.others {
        keys.extend(["bsuid", "lid"].map(|kind| (kind.to_owned(), id.clone())));
    }
    for row in rows(&**tx, portal, &keys).await? {
        let hashes: Vec<Key> = keys.iter().map(|(kind, value)| hash(sealer, portal, kind, value)).collect();
        store::erase(tx, portal, &row.id, &hashes, now).await?;
    }
    Ok(())
}
