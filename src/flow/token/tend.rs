//! Jobs `refresh_token`: pairs that nobody used for long, and looks at portals that do not work.

use super::{IDLE, IDLE_AFTER};
use crate::bitrix::{BitrixError, Observation, TokenError};
use crate::db::store::portal::PortalStatus;
use crate::domain::clock::{DAY, HOUR, Ms, SECOND};
use crate::flow::portal_cache::PortalFacts;
use crate::flow::{Ctx, JobError, Leftover};
use crate::queue::{self, Claimed, Group, Job, NewJob};

/// Jobs `refresh_token`: idle pairs, and looks at portals that do not work.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let mut leftover = Leftover::new();
    for job in group.jobs {
        if let Err(error) = tend(ctx, &job).await {
            leftover.push((job, error));
        }
    }
    leftover
}

async fn tend(ctx: &Ctx, job: &Claimed) -> Result<(), JobError> {
    let reason = match &job.job {
        Job::RefreshToken { reason } => reason.clone(),
        other => return Err(JobError::Fail { why: format!("not a token job: {}", other.kind()) }),
    };
    let next = match ctx.portals.fresh(&job.portal).await? {
        None => None,
        Some(facts) if facts.status == PortalStatus::Uninstalled => None,
        Some(facts) if reason == IDLE => Some(tend_idle(ctx, &facts).await),
        Some(facts) => recheck(ctx, &facts).await?,
    };
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    queue::complete(&tx, &[job]).await?;
    if let Some(at) = next {
        let again = NewJob::at(&job.portal, Job::RefreshToken { reason: reason.clone() }, at.max(now.saturating_add(SECOND)));
        queue::enqueue(&tx, &*ctx.ids, now, &[again.once(reason)]).await?;
    }
    tx.commit("token.tended").await?;
    Ok(())
}

/// Refreshes a pair that is old; returns when to look next.
async fn tend_idle(ctx: &Ctx, facts: &PortalFacts) -> Ms {
    let now = ctx.clock.now();
    if now.saturating_sub(facts.token_changed_at) < IDLE_AFTER {
        return facts.token_changed_at.saturating_add(IDLE_AFTER);
    }
    match ctx.bitrix.tokens().refresh(&facts.member_id, facts.token_version).await {
        Ok(_) => now.saturating_add(IDLE_AFTER),
        Err(TokenError::Unavailable(_)) => now.saturating_add(HOUR),
        Err(_) => now.saturating_add(DAY),
    }
}

/// Asks the portal whether it works; returns when to look next, `None` when it does.
async fn recheck(ctx: &Ctx, facts: &PortalFacts) -> Result<Option<Ms>, JobError> {
    let portal = facts.member_id.as_str();
    let now = ctx.clock.now();
    if facts.status == PortalStatus::Active {
        // A hint (payment): an ordinary call tells the store by itself what is wrong.
        return match ctx.bitrix.call("token.recheck_active", portal, "app.info", serde_json::json!({})).await {
            Ok(info) if payment_expired(&info) => {
                ctx.bitrix.tokens().observed(portal, facts.token_version, Observation::Paused("payment".to_owned())).await;
                Ok(None)
            }
            Ok(_) | Err(BitrixError::Token(_) | BitrixError::Refused(_)) => Ok(None),
            Err(error) => Err(JobError::from_bitrix(&error, now)),
        };
    }
    let tomorrow = Some(now.saturating_add(DAY));
    let access = match ctx.bitrix.tokens().access_while_paused(portal).await {
        Ok(access) => access,
        Err(TokenError::NotInstalled) => return Ok(None),
        Err(TokenError::Unavailable(_)) => return Ok(Some(now.saturating_add(HOUR))),
        Err(TokenError::AuthLost | TokenError::Paused(_)) => return Ok(tomorrow),
    };
    let info = serde_json::json!({});
    let told = ctx.bitrix.call_with("token.recheck", portal, &access.client_endpoint, &access.access_token, "app.info", info).await;
    match told {
        Ok(info) if !payment_expired(&info) => {
            ctx.bitrix.tokens().observed(portal, access.version, Observation::Back).await;
            Ok(None)
        }
        _ => Ok(tomorrow),
    }
}

fn payment_expired(info: &serde_json::Value) -> bool {
    info.as_object().is_some_and(|info| crate::bitrix::form::text(info, "PAYMENT_EXPIRED").eq_ignore_ascii_case("y"))
}
