//! Tables `conversation` and `conversation_key`: one conversation for a user of a channel, found by any of the user's ids.
//!
//! The 24 h window lives here. Windows only grow by a user's message and only shrink when the provider says so.

use super::bulk::{self, Clause, Column, int, text};
use crate::db::entity::conversation::{Column as Field, Entity, Model};
use crate::db::entity::conversation_key;
use crate::db::{Conn, DbError, DbResult, Tx};
use crate::domain::clock::{DAY, Ms};
use crate::domain::identity::Identity;
use crate::domain::ids::Ids;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// One of the ids that lead to a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The channel.
    pub channel_id: String,
    /// `group bsuid phone lid`.
    pub kind: String,
    /// The id.
    pub value: String,
}

impl Key {
    /// The keys of an identity on a channel, the strongest first.
    pub fn all_of(channel_id: &str, identity: &Identity) -> Vec<Self> {
        let keys = identity.keys().into_iter();
        keys.map(|(kind, value)| Self { channel_id: channel_id.to_owned(), kind: kind.to_owned(), value: value.to_owned() }).collect()
    }
}

/// Conversations by id, in no order.
pub async fn list(db: &impl Conn, portal: &str, ids: &[String]) -> DbResult<Vec<Model>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = bulk::among(db.get_database_backend(), "id", ids);
    Ok(Entity::find().filter(wanted).filter(bulk::owned_by(portal)).all(db).await?)
}

/// The conversations that these keys lead to.
pub async fn by_keys(db: &impl Conn, portal: &str, keys: &[Key]) -> DbResult<HashMap<Key, Model>> {
    let links = links(db, portal, keys).await?;
    let ids: Vec<String> = links.values().cloned().collect();
    let rows: HashMap<String, Model> = list(db, portal, &ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    Ok(links.into_iter().filter_map(|(key, id)| rows.get(&id).map(|row| (key, row.clone()))).collect())
}

/// Key → conversation id. One statement for each channel and kind among the keys, which is nearly always one.
async fn links(db: &impl Conn, portal: &str, keys: &[Key]) -> DbResult<HashMap<Key, String>> {
    let mut groups: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for key in keys {
        groups.entry((&key.channel_id, &key.kind)).or_default().push(key.value.clone());
    }
    let mut found = HashMap::new();
    for ((channel_id, kind), values) in groups {
        let rows = conversation_key::Entity::find()
            .filter(conversation_key::Column::ChannelId.eq(channel_id))
            .filter(conversation_key::Column::Kind.eq(kind))
            .filter(bulk::among(db.get_database_backend(), "value", &values))
            .filter(bulk::owned_by(portal))
            .all(db)
            .await?;
        for row in rows {
            found.insert(Key { channel_id: row.channel_id, kind: row.kind, value: row.value }, row.conversation_id);
        }
    }
    Ok(found)
}

/// Finds or creates the conversation of each (channel, identity), in the order given; new keys of a known user are learned.
///
/// # Errors
/// [`DbError::Corrupt`] for an identity without any key.
pub async fn find_or_create_many(tx: &Tx, portal: &str, ids: &dyn Ids, wanted: &[(String, Identity)], now: Ms) -> DbResult<Vec<Model>> {
    let keys: Vec<Vec<Key>> = wanted.iter().map(|(channel_id, identity)| Key::all_of(channel_id, identity)).collect();
    if keys.iter().any(Vec::is_empty) {
        return Err(DbError::Corrupt("identity without phone, bsuid, lid or group".into()));
    }
    let every: Vec<Key> = keys.iter().flatten().cloned().collect();
    let mut links = links(&**tx, portal, &every).await?;
    let mut new_rows: Vec<Value> = Vec::new();
    let mut new_keys: Vec<Value> = Vec::new();
    for ((channel_id, identity), keys) in wanted.iter().zip(&keys) {
        let id = match keys.iter().find_map(|key| links.get(key)) {
            Some(id) => id.clone(),
            None => {
                let id = ids.id("conv", now);
                new_rows.push(row(&id, portal, channel_id, identity, now));
                id
            }
        };
        for key in keys {
            if !links.contains_key(key) {
                links.insert(key.clone(), id.clone());
                new_keys.push(json!([key.channel_id, key.kind, key.value, portal, id]));
            }
        }
    }
    insert(tx, &new_rows).await?;
    let linked = insert_keys(tx, &new_keys).await?;
    if linked.len() < new_keys.len() {
        // Somebody else linked one of these keys a moment ago (PostgreSQL): theirs holds, ours is dropped.
        links = self::links(&**tx, portal, &every).await?;
        drop_orphans(tx, portal, &new_rows).await?;
    }
    let found_ids: Vec<String> = keys.iter().filter_map(|keys| keys.iter().find_map(|key| links.get(key))).cloned().collect();
    learn(tx, portal, wanted, &found_ids, now).await?;
    let rows: HashMap<String, Model> = list(&**tx, portal, &found_ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let ordered: Vec<Model> = found_ids.iter().filter_map(|id| rows.get(id).cloned()).collect();
    if ordered.len() == wanted.len() { Ok(ordered) } else { Err(DbError::Corrupt("conversation key leads nowhere".into())) }
}

const ROW: [Column; 11] = [
    text("id"),
    text("portal"),
    text("channel_id"),
    text("phone"),
    text("bsuid"),
    text("lid"),
    text("username"),
    text("display_name"),
    text("group_id"),
    int("created_at"),
    int("updated_at"),
];

fn row(id: &str, portal: &str, channel_id: &str, who: &Identity, now: Ms) -> Value {
    json!([id, portal, channel_id, who.phone, who.bsuid, who.lid, who.username, who.display_name, who.group, now, now])
}

async fn insert(tx: &Tx, rows: &[Value]) -> DbResult<Vec<String>> {
    bulk::insert(&**tx, "conversation", &ROW, "", "id", rows).await
}

async fn insert_keys(tx: &Tx, rows: &[Value]) -> DbResult<Vec<String>> {
    let columns = [text("channel_id"), text("kind"), text("value"), text("portal"), text("conversation_id")];
    bulk::insert(&**tx, "conversation_key", &columns, "ON CONFLICT (channel_id, kind, value) DO NOTHING", "value", rows).await
}

/// Removes conversations created in this transaction that no key leads to.
async fn drop_orphans(tx: &Tx, portal: &str, new_rows: &[Value]) -> DbResult<()> {
    let ids: Vec<String> = new_rows.iter().filter_map(|row| row.get(0).and_then(Value::as_str)).map(str::to_owned).collect();
    if ids.is_empty() {
        return Ok(());
    }
    Entity::delete_many()
        .filter(bulk::among(tx.get_database_backend(), "id", &ids))
        .filter(bulk::owned_by(portal))
        .filter(Expr::cust("NOT EXISTS (SELECT 1 FROM conversation_key WHERE conversation_key.conversation_id = conversation.id)"))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// Fills in ids and names that were not known before; names follow the latest.
async fn learn(tx: &Tx, portal: &str, wanted: &[(String, Identity)], ids: &[String], now: Ms) -> DbResult<()> {
    let told = |who: &Identity| who.bsuid.is_some() || who.lid.is_some() || who.username.is_some() || who.display_name.is_some();
    let rows: Vec<Value> = wanted
        .iter()
        .zip(ids)
        .filter(|((_, who), _)| told(who))
        .map(|((_, who), id)| json!([id, who.phone, who.bsuid, who.lid, who.username, who.display_name, now]))
        .collect();
    let columns = [text("id"), text("phone"), text("bsuid"), text("lid"), text("username"), text("display_name"), int("now")];
    let clause = Clause {
        set: "phone = COALESCE(conversation.phone, v.phone), bsuid = COALESCE(v.bsuid, conversation.bsuid), \
              lid = COALESCE(v.lid, conversation.lid), username = COALESCE(v.username, conversation.username), \
              display_name = COALESCE(v.display_name, conversation.display_name), updated_at = v.now",
        filter: "conversation.id = v.id",
        returning: "id",
    };
    bulk::update(&**tx, "conversation", portal, &columns, clause, &rows).await.map(drop)
}

/// A message of ours was decided: the moment, and the document that the conversation is about now.
#[derive(Debug, Clone)]
pub struct Touch {
    /// The conversation.
    pub id: String,
    /// `document_id[1]`.
    pub document_entity: Option<String>,
    /// `document_id[2]`.
    pub document_id: Option<String>,
}

/// Notes outgoing messages, one row for each conversation (the last touch of a conversation wins).
pub async fn touch_outbound(tx: &Tx, portal: &str, touches: &[Touch], now: Ms) -> DbResult<()> {
    let last: BTreeMap<&str, &Touch> = touches.iter().map(|touch| (touch.id.as_str(), touch)).collect();
    let rows: Vec<Value> = last.values().map(|t| json!([t.id, t.document_entity, t.document_id, now])).collect();
    let clause = Clause {
        set: "last_outbound_at = v.now, updated_at = v.now, document_id = COALESCE(v.document_id, conversation.document_id), \
              document_entity = COALESCE(v.document_entity, conversation.document_entity)",
        filter: "conversation.id = v.id",
        returning: "id",
    };
    let columns = [text("id"), text("document_entity"), text("document_id"), int("now")];
    bulk::update(&**tx, "conversation", portal, &columns, clause, &rows).await.map(drop)
}

/// A user's message, as far as the window goes.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// The conversation.
    pub id: String,
    /// The provider's moment of the message.
    pub at: Ms,
    /// End of the window it opens; `None` when this kind opens none or it came too late.
    pub window_until: Option<Ms>,
    /// It came through an ad or page button.
    pub referral: bool,
}

/// Notes which document conversations are about, without any message yet.
pub async fn touch_document(tx: &Tx, portal: &str, touches: &[Touch], now: Ms) -> DbResult<()> {
    let last: BTreeMap<&str, &Touch> = touches.iter().map(|touch| (touch.id.as_str(), touch)).collect();
    let rows: Vec<Value> = last.values().map(|t| json!([t.id, t.document_entity, t.document_id, now])).collect();
    let clause = Clause {
        set: "updated_at = v.now, document_id = COALESCE(v.document_id, conversation.document_id), \
              document_entity = COALESCE(v.document_entity, conversation.document_entity)",
        filter: "conversation.id = v.id",
        returning: "id",
    };
    let columns = [text("id"), text("document_entity"), text("document_id"), int("now")];
    bulk::update(&**tx, "conversation", portal, &columns, clause, &rows).await.map(drop)
}

/// Notes user messages in any order: windows and moments only grow. One row for each message is fine.
pub async fn note_inbound(tx: &Tx, portal: &str, inbound: &[Inbound], now: Ms) -> DbResult<()> {
    let mut merged: BTreeMap<&str, (Ms, Option<Ms>, Option<Ms>)> = BTreeMap::new();
    for one in inbound {
        let entry = merged.entry(&one.id).or_insert((one.at, None, None));
        entry.0 = entry.0.max(one.at);
        entry.1 = entry.1.max(one.window_until);
        entry.2 = entry.2.max(one.referral.then_some(one.at));
    }
    let rows: Vec<Value> = merged.iter().map(|(id, (at, until, referral))| json!([id, at, until, referral, now])).collect();
    let clause = Clause {
        set: "last_inbound_at = CASE WHEN conversation.last_inbound_at > v.at THEN conversation.last_inbound_at ELSE v.at END, \
              window_until = CASE WHEN v.until IS NULL OR conversation.window_until > v.until THEN conversation.window_until ELSE v.until END, \
              referral_at = CASE WHEN v.referral_at IS NULL OR conversation.referral_at > v.referral_at THEN conversation.referral_at \
              ELSE v.referral_at END, updated_at = v.now",
        filter: "conversation.id = v.id",
        returning: "id",
    };
    let columns = [text("id"), int("at"), int("until"), int("referral_at"), int("now")];
    bulk::update(&**tx, "conversation", portal, &columns, clause, &rows).await.map(drop)
}

/// Answers (conversation, moment) to clients: one within a day of an advertisement's click begins three free days, the first one only.
pub async fn begin_free_entry(tx: &Tx, portal: &str, answers: &[(&str, Ms)], now: Ms) -> DbResult<()> {
    let rows: Vec<Value> =
        answers.iter().map(|(id, at)| json!([id, at, at.saturating_sub(DAY), at.saturating_add(3 * DAY), 3 * DAY, now])).collect();
    let clause = Clause {
        set: "free_entry_until = v.until, updated_at = v.now",
        filter: "conversation.id = v.id AND conversation.referral_at <= v.at AND conversation.referral_at >= v.since \
                 AND COALESCE(conversation.free_entry_until, 0) < conversation.referral_at + v.free_ms",
        returning: "id",
    };
    let columns = [text("id"), int("at"), int("since"), int("until"), int("free_ms"), int("now")];
    bulk::update(&**tx, "conversation", portal, &columns, clause, &rows).await.map(drop)
}

/// The provider says the window is closed: the stored end is corrected to `at` unless it is earlier already.
pub async fn close_window(tx: &Tx, portal: &str, id: &str, at: Ms) -> DbResult<()> {
    let clause = Clause {
        set: "window_until = v.at, updated_at = v.at",
        filter: "conversation.id = v.id AND conversation.window_until > v.at",
        returning: "id",
    };
    bulk::update(&**tx, "conversation", portal, &[text("id"), int("at")], clause, &[json!([id, at])]).await.map(drop)
}

/// The conversation of one identity, if there is one.
pub async fn find(db: &impl Conn, portal: &str, channel_id: &str, identity: &Identity) -> DbResult<Option<Model>> {
    let keys = Key::all_of(channel_id, identity);
    let found = by_keys(db, portal, &keys).await?;
    Ok(keys.iter().find_map(|key| found.get(key)).cloned())
}

/// A number has a new owner: its key leads to another conversation, and the old one knows it no more.
pub async fn relink(tx: &Tx, portal: &str, key: &Key, to: &str, now: Ms) -> DbResult<()> {
    let clause = Clause {
        set: "phone = CASE WHEN conversation.id = v.to_id THEN v.value ELSE NULL END, updated_at = v.now",
        filter: "conversation.channel_id = v.channel_id AND (conversation.id = v.to_id OR conversation.phone = v.value)",
        returning: "id",
    };
    let columns = [text("channel_id"), text("value"), text("to_id"), int("now")];
    bulk::update(&**tx, "conversation", portal, &columns, clause, &[json!([key.channel_id, key.value, to, now])]).await?;
    conversation_key::Entity::update_many()
        .col_expr(conversation_key::Column::ConversationId, Expr::value(to))
        .filter(conversation_key::Column::ChannelId.eq(&key.channel_id))
        .filter(conversation_key::Column::Kind.eq(&key.kind))
        .filter(conversation_key::Column::Value.eq(&key.value))
        .filter(bulk::owned_by(portal))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// `from` goes into `into`: its keys lead there, what it knew is learned, windows and moments grow. The caller has moved its messages.
pub async fn absorb(tx: &Tx, portal: &str, into: &Model, from: &Model, now: Ms) -> DbResult<()> {
    conversation_key::Entity::update_many()
        .col_expr(conversation_key::Column::ConversationId, Expr::value(into.id.as_str()))
        .filter(conversation_key::Column::ConversationId.eq(&from.id))
        .filter(bulk::owned_by(portal))
        .exec(&**tx)
        .await?;
    Entity::delete_many().filter(Field::Id.eq(&from.id)).filter(bulk::owned_by(portal)).exec(&**tx).await?;
    let later = from.last_outbound_at > into.last_outbound_at;
    let document = match (&into.document_id, &from.document_id) {
        (Some(_), Some(_)) if !later => (&into.document_entity, &into.document_id),
        (Some(_), None) => (&into.document_entity, &into.document_id),
        _ => (&from.document_entity, &from.document_id),
    };
    let row = json!([
        into.id,
        into.phone.as_ref().or(from.phone.as_ref()),
        into.bsuid.as_ref().or(from.bsuid.as_ref()),
        into.lid.as_ref().or(from.lid.as_ref()),
        into.username.as_ref().or(from.username.as_ref()),
        into.display_name.as_ref().or(from.display_name.as_ref()),
        into.window_until.max(from.window_until),
        into.free_entry_until.max(from.free_entry_until),
        into.referral_at.max(from.referral_at),
        into.last_inbound_at.max(from.last_inbound_at),
        into.last_outbound_at.max(from.last_outbound_at),
        document.0,
        document.1,
        now
    ]);
    let columns = [
        text("id"),
        text("phone"),
        text("bsuid"),
        text("lid"),
        text("username"),
        text("display_name"),
        int("window_until"),
        int("free_entry_until"),
        int("referral_at"),
        int("last_inbound_at"),
        int("last_outbound_at"),
        text("document_entity"),
        text("document_id"),
        int("now"),
    ];
    let clause = Clause {
        set: "phone = v.phone, bsuid = v.bsuid, lid = v.lid, username = v.username, display_name = v.display_name, \
              window_until = v.window_until, free_entry_until = v.free_entry_until, referral_at = v.referral_at, \
              last_inbound_at = v.last_inbound_at, last_outbound_at = v.last_outbound_at, document_entity = v.document_entity, \
              document_id = v.document_id, updated_at = v.now",
        filter: "conversation.id = v.id",
        returning: "id",
    };
    bulk::update(&**tx, "conversation", portal, &columns, clause, &[row]).await.map(drop)
}

/// No id leads to this conversation any more.
pub async fn unlink(tx: &Tx, portal: &str, id: &str) -> DbResult<()> {
    let keys = conversation_key::Entity::delete_many().filter(conversation_key::Column::ConversationId.eq(id));
    keys.filter(bulk::owned_by(portal)).exec(&**tx).await?;
    Ok(())
}

/// The user is somebody else's number now: only these keys lead here.
pub async fn readdress(tx: &Tx, portal: &str, id: &str, who: &Identity, keys: &[Key], now: Ms) -> DbResult<()> {
    unlink(tx, portal, id).await?;
    let clause = Clause { set: "phone = v.phone, bsuid = v.bsuid, updated_at = v.now", filter: "conversation.id = v.id", returning: "id" };
    let columns = [text("id"), text("phone"), text("bsuid"), int("now")];
    bulk::update(&**tx, "conversation", portal, &columns, clause, &[json!([id, who.phone, who.bsuid, now])]).await?;
    learn_keys(tx, portal, id, keys, who, now).await
}

/// These ids lead to this conversation as well, as far as they lead nowhere yet.
pub async fn learn_keys(tx: &Tx, portal: &str, id: &str, keys: &[Key], who: &Identity, now: Ms) -> DbResult<()> {
    let rows: Vec<Value> = keys.iter().map(|key| json!([key.channel_id, key.kind, key.value, portal, id])).collect();
    let linked = insert_keys(tx, &rows).await?;
    if linked.is_empty() {
        return Ok(());
    }
    let wanted = keys.first().map(|key| (key.channel_id.clone(), who.clone()));
    learn(tx, portal, wanted.as_slice(), std::slice::from_ref(&id.to_owned()), now).await
}

/// The document that a conversation is about now.
pub async fn put_document(tx: &Tx, portal: &str, id: &str, document: (&str, &str), now: Ms) -> DbResult<()> {
    let clause = Clause {
        set: "document_entity = v.entity, document_id = v.document, updated_at = v.now",
        filter: "conversation.id = v.id",
        returning: "id",
    };
    let columns = [text("id"), text("entity"), text("document"), int("now")];
    bulk::update(&**tx, "conversation", portal, &columns, clause, &[json!([id, document.0, document.1, now])]).await.map(drop)
}

/// WhatsApp spells the number of a known user otherwise than we did: this spelling leads to them as well, and is answered to.
pub async fn respell(tx: &Tx, portal: &str, id: &str, key: &Key, now: Ms) -> DbResult<()> {
    insert_keys(tx, &[json!([key.channel_id, key.kind, key.value, portal, id])]).await?;
    let clause = Clause { set: "phone = v.phone, updated_at = v.now", filter: "conversation.id = v.id", returning: "id" };
    let columns = [text("id"), text("phone"), int("now")];
    bulk::update(&**tx, "conversation", portal, &columns, clause, &[json!([id, key.value, now])]).await.map(drop)
}
