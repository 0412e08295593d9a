//! Tabs of our application in the portal's cards: list, bind missing, unbind retired or moved ones.
//!
//! A tab is bound only where its page exists (`FlowSettings::pages`). Other placements that somebody bound by hand to other
//! addresses are left alone; those under our own address are ours.

use super::Ctx;
use crate::bitrix::placement::{self, Binding};
use crate::bitrix::{BitrixError, RestError};
use crate::i18n;
use serde_json::Value;

/// Codes under which a failed tab is stored beside the robots.
pub(super) const PREFIX: &str = "placement:";

/// Tabs and the pages behind them.
const TABS: [(&str, &str); 4] = [
    ("CRM_DEAL_DETAIL_TAB", "deal-tab"),
    ("CRM_LEAD_DETAIL_TAB", "lead-tab"),
    ("CRM_CONTACT_DETAIL_TAB", "contact-tab"),
    ("CRM_COMPANY_DETAIL_TAB", "company-tab"),
];

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Bind(&'static str, String),
    Unbind(Binding),
}

/// What one run came to: codes that failed with their reason, and codes that are fine.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) failed: Vec<(String, RestError)>,
    pub(super) fine: Vec<String>,
}

/// Parts of the registration's hash: tabs and their address.
pub(super) fn hash_parts(ctx: &Ctx) -> Vec<String> {
    wanted(ctx).into_iter().flat_map(|(code, handler)| [code.to_owned(), handler]).collect()
}

fn wanted(ctx: &Ctx) -> Vec<(&'static str, String)> {
    if !ctx.settings.pages {
        return Vec::new();
    }
    TABS.iter().map(|(code, page)| (*code, format!("{}/b24/placement/{page}", ctx.settings.public_url))).collect()
}

fn steps(wanted: &[(&'static str, String)], bound: &[Binding]) -> Vec<Step> {
    let ours = |binding: &Binding| {
        TABS.iter().any(|(code, page)| binding.name == *code && binding.handler.ends_with(&format!("/b24/placement/{page}")))
    };
    let there = |code: &str, handler: &str| bound.iter().any(|binding| binding.name == code && binding.handler == handler);
    let stays = |binding: &Binding| wanted.iter().any(|(code, handler)| binding.name == *code && binding.handler == *handler);
    let retired = bound.iter().filter(|binding| ours(binding) && !stays(binding)).cloned().map(Step::Unbind);
    let missing = wanted.iter().filter(|(code, handler)| !there(code, handler)).map(|(code, handler)| Step::Bind(code, handler.clone()));
    retired.chain(missing).collect()
}

/// Brings the portal's tabs in line.
///
/// # Errors
/// "Come again"; refusals of single tabs are in the outcome.
pub(super) async fn bring(ctx: &Ctx, portal: &str) -> Result<Outcome, BitrixError> {
    let mut outcome = Outcome::default();
    if !ctx.settings.pages {
        return Ok(outcome);
    }
    let listed = match ctx.bitrix.call("register.placements", portal, "placement.get", Value::Object(serde_json::Map::new())).await {
        Ok(listed) => placement::read_placements(&listed),
        Err(BitrixError::Refused(error)) if !error.temporary() => {
            outcome.failed.push((format!("{PREFIX}list"), error));
            return Ok(outcome);
        }
        Err(error) => return Err(error),
    };
    let wanted = wanted(ctx);
    for step in steps(&wanted, &listed) {
        take(ctx, portal, step, &mut outcome).await?;
    }
    let codes = wanted.iter().map(|(code, _)| *code).chain(["list"]).map(|code| format!("{PREFIX}{code}"));
    outcome.fine = codes.filter(|code| outcome.failed.iter().all(|(failed, _)| failed != code)).collect();
    Ok(outcome)
}

async fn take(ctx: &Ctx, portal: &str, step: Step, outcome: &mut Outcome) -> Result<(), BitrixError> {
    let (told, code) = match &step {
        Step::Bind(code, handler) => {
            let params = placement::placement_bind(code, handler, &i18n::map("page-tab"));
            (ctx.bitrix.call("register.placement_bind", portal, "placement.bind", params).await, *code)
        }
        Step::Unbind(binding) => {
            let params = serde_json::json!({"PLACEMENT": binding.name, "HANDLER": binding.handler});
            (ctx.bitrix.call("register.placement_unbind", portal, "placement.unbind", params).await, binding.name.as_str())
        }
    };
    match told {
        Ok(_) => Ok(()),
        Err(BitrixError::Refused(error)) if error.temporary() => {
            Err(BitrixError::Later { at: ctx.clock.now() + crate::domain::clock::MINUTE, why: error.line() })
        }
        // Bound by a run that died before it could say so.
        Err(BitrixError::Refused(error)) if error.says_already() || matches!(step, Step::Unbind(_)) => Ok(()),
        Err(BitrixError::Refused(error)) => {
            outcome.failed.push((format!("{PREFIX}{code}"), error));
            Ok(())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_tabs_are_bound_and_moved_ones_unbound() {
        let binding = |name: &str, handler: &str| Binding { name: name.to_owned(), handler: handler.to_owned() };
        let wanted = [
            ("CRM_DEAL_DETAIL_TAB", "https://new/b24/placement/deal-tab".to_owned()),
            ("CRM_LEAD_DETAIL_TAB", "https://new/b24/placement/lead-tab".to_owned()),
        ];
        let old = binding("CRM_DEAL_DETAIL_TAB", "https://old/b24/placement/deal-tab");
        let bound = [
            old.clone(),
            binding("CRM_LEAD_DETAIL_TAB", "https://new/b24/placement/lead-tab"),
            binding("LEFT_MENU", "https://new/b24/app"),
        ];
        assert_eq!(steps(&wanted, &bound), [Step::Unbind(old.clone()), Step::Bind("CRM_DEAL_DETAIL_TAB", wanted[0].1.clone())]);
        assert_eq!(steps(&[], &[old.clone()]), [Step::Unbind(old)], "without pages there are no tabs");
    }
}
