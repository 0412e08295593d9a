//! The operator API: reads through `db::store`, writes through `flow`. One file a family; shapes in `shape`.

pub mod call;
pub mod card;
pub mod channel;
pub mod close;
pub mod consent;
pub mod conversation;
pub mod cursor;
pub mod erase;
pub mod events;
pub mod file;
pub mod follow_up;
pub mod inbox;
pub mod installation;
pub mod job;
pub mod kind;
pub mod message;
pub mod openapi;
pub mod overview;
mod page_send;
pub mod pairing;
pub mod portal;
pub mod preview;
pub mod profile;
pub mod quick_reply;
pub mod robot;
pub mod send;
pub mod session;
pub mod settings;
pub mod shape;
pub mod theme;

use super::State;
use super::problem::{Code, Problem};
use crate::db::entity::portal::Model as PortalRow;
use crate::db::store::api_portal;
use crate::domain::phone;
use crate::flow::portal_view::PortalView;

/// The portal named in the path, whatever its status.
async fn portal_row(state: &State, member_id: &str) -> Result<PortalRow, Problem> {
    api_portal::find(state.ctx.db.read(), member_id).await?.ok_or_else(|| Problem::new(Code::PortalUnknown))
}

/// The portal named in the path, when something is to be changed there.
async fn live_portal(state: &State, member_id: &str) -> Result<PortalRow, Problem> {
    let row = portal_row(state, member_id).await?;
    if row.status == "uninstalled" { Err(Problem::new(Code::PortalUninstalled)) } else { Ok(row) }
}

/// A query parameter that must be one of a few words.
fn one_of(name: &str, given: Option<&str>, allowed: &[&str]) -> Result<(), Problem> {
    match given {
        Some(word) if !allowed.contains(&word) => {
            Err(Problem::new(Code::QueryInvalid).with("name", name).with("allowed", allowed.join(", ")))
        }
        _ => Ok(()),
    }
}

/// Digits of a phone however it is written; a number without a country code is read as the portal's own robots would read it.
fn phone_digits(row: &PortalRow, text: &str) -> String {
    let region = PortalView::of(row).region;
    phone::normalise(text, &region).unwrap_or_else(|_| text.chars().filter(char::is_ascii_digit).collect())
}
