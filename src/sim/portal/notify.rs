//! `im.notify.*` (reference/bitrix24.md L).

use super::call::{Call, Reply};
use super::error::Refusal;
use super::params::as_int;
use super::state::{Notification, State};

const ATTACH_LIMIT: usize = 60_000;

pub(crate) fn personal(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    add(call, state, false)
}

pub(crate) fn system(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    add(call, state, true)
}

fn add(call: &Call, state: &mut State, system: bool) -> Result<Reply, Refusal> {
    if call.caller.client_id.is_none() && call.params.word("CLIENT_ID").is_none() {
        return Err(Refusal::new(403, "WRONG_AUTH_TYPE", "Access for this method not allowed by session authorization."));
    }
    let user = call.params.any_case("USER_ID").and_then(as_int).filter(|user| *user > 0);
    let user = user.ok_or_else(|| Refusal::bad("USER_ID_EMPTY", "User ID can't be empty"))?;
    let message = call.params.word("MESSAGE").ok_or_else(|| Refusal::bad("MESSAGE_EMPTY", "Message can't be empty"))?;
    if call.params.any_case("ATTACH").is_some_and(|attach| attach.to_string().chars().count() > ATTACH_LIMIT) {
        return Err(Refusal::bad("ATTACH_OVERSIZE", "You have exceeded the maximum allowable size of attach"));
    }
    if !state.users.get(&user).is_some_and(|user| user.active) {
        return Ok(Reply::of(false));
    }
    let tag = call.params.word("TAG").unwrap_or_default();
    if !tag.is_empty() {
        state.notifications.retain(|one| !(one.user == user && one.tag == tag));
    }
    let id = state.next_id();
    state.notifications.push(Notification { id, at: call.now, user, message, tag, system });
    Ok(Reply::of(id))
}
