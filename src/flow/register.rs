//! Registration of robots, activities and event handlers in a portal: list, add missing, update changed, delete retired.
//!
//! Idempotent: each run looks at what is there. One robot's failure does not stop the others; it is stored with its reason and raises
//! an alarm. Definitions travel one by one, since the empty key of a select's first option would not survive a batch's query string.

use super::alarm::Kind;
use super::portal_cache::PortalFacts;
use super::portal_state::{self, Subject};
use super::register_plan::{BindStep, Definition, Step, bind_steps, hash_of, steps};
use super::{Ctx, JobError, Leftover, channel as channels, follow_up, register_placements, register_triggers, token};
use crate::bitrix::bizproc::{self, Registry};
use crate::bitrix::{BitrixError, Command, RestError, automation, placement};
use crate::db::entity::channel as channel_row;
use crate::db::entity::registration as registration_row;
use crate::db::store::channel;
use crate::db::store::portal as store;
use crate::db::store::portal::PortalStatus;
use crate::db::store::registration::{self, Outcome};
use crate::db::{DbResult, Tx};
use crate::domain::clock::{DAY, HOUR, MINUTE, Ms};
use crate::domain::ids::Ids;
use crate::i18n;
use crate::provider::registry;
use crate::queue::{self, Claimed, Group, Job, NewJob};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// Events that keep us informed about our own installation.
const EVENTS: [&str; 3] = ["ONAPPUNINSTALL", "ONAPPUPDATE", "ONAPPPAYMENT"];
/// At most one ready registration of a portal that somebody asked for.
const KEY: &str = "register";
/// The daily look has a key of its own, so that it never swallows a registration asked for now.
const DAILY: &str = "register-daily";
/// Pause between portals that are registered anew after a start.
const SPREAD: Ms = 500;
/// A deleted channel stays an option while a message of this time used it.
const CHANNEL_MEMORY: Ms = 90 * DAY;
/// Most characters of a stored reason.
const REASON_LIMIT: usize = 500;

/// Stores a registration to run at `at`; one that waits for later is brought forward. The caller commits and wakes.
pub async fn schedule(tx: &Tx, ids: &dyn Ids, portal: &str, reason: &str, (now, at): (Ms, Ms)) -> DbResult<()> {
    let job = NewJob::at(portal, Job::Register { reason: reason.to_owned() }, at).once(KEY);
    queue::enqueue(tx, ids, now, &[job]).await?;
    store::bring_forward_keyed(&**tx, portal, ("register", KEY), at).await?;
    Ok(())
}

/// One click or one API call: registers the portal's robots now.
///
/// # Errors
/// When the job cannot be stored.
pub async fn request(ctx: &Ctx, portal: &str, reason: &str) -> DbResult<()> {
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    schedule(&tx, &*ctx.ids, portal, reason, (now, now)).await?;
    tx.commit("register.requested").await?;
    ctx.wake.notify_waiters();
    Ok(())
}

/// At start: portals that were registered from another address or another set of robots are registered anew, paced. Also puts
/// back the timers that look after tokens, should a restored database lack them.
///
/// # Errors
/// When the database fails.
pub async fn notice_changes(ctx: &Ctx) -> DbResult<()> {
    let hash = registration_hash(ctx);
    let mut after: Option<String> = None;
    let mut spread: Ms = 0;
    loop {
        let page = store::list(ctx.db.read(), after.as_deref(), 100).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.member_id.clone());
        let now = ctx.clock.now();
        let tx = ctx.db.begin().await?;
        for row in page.iter().filter(|row| row.status != PortalStatus::Uninstalled.as_str()) {
            let idle = Job::RefreshToken { reason: token::IDLE.to_owned() };
            let idle = NewJob::at(&row.member_id, idle, row.token_changed_at.saturating_add(token::IDLE_AFTER)).once(token::IDLE);
            queue::enqueue(&tx, &*ctx.ids, now, &[idle]).await?;
            if row.status != PortalStatus::Active.as_str() {
                portal_state::look_again(&tx, Subject { portal: &row.member_id, version: row.token_version, ids: &*ctx.ids, now }).await?;
            }
            if row.registration_hash.as_deref() != Some(hash.as_str()) {
                let at = now.saturating_add(spread);
                schedule(&tx, &*ctx.ids, &row.member_id, "changed", (now, at)).await?;
                queue::enqueue(&tx, &*ctx.ids, now, &webhooks_of(ctx, &row.member_id, at).await?).await?;
                spread = spread.saturating_add(SPREAD);
            }
        }
        tx.commit("register.noticed").await?;
        ctx.wake.notify_waiters();
    }
    Ok(())
}

/// Looks at the webhooks that were registered at providers through their API: our address may be another one now.
async fn webhooks_of(ctx: &Ctx, portal: &str, at: Ms) -> DbResult<Vec<NewJob>> {
    let living = channel::list(ctx.db.read(), portal).await?;
    let registers = |row: &channel_row::Model| {
        registry::find(&row.kind)
            .zip(channels::config(ctx, row).ok())
            .is_some_and(|(provider, config)| provider.build_subscriptions(&config).is_some())
    };
    Ok(living.iter().filter(|row| registers(row)).map(|row| channels::sync_job(portal, &row.id, at)).collect())
}

/// What this binary at this address registers, channels apart: they have their own occasion.
fn registration_hash(ctx: &Ctx) -> String {
    let handler = handler(ctx, "robot");
    let mut parts = vec![handler.clone()];
    for spec in ctx.catalog.robots() {
        for activity in [false, true] {
            parts.push(ctx.catalog.registration(spec, activity, &handler, &[]).to_string());
        }
    }
    parts.extend(register_placements::hash_parts(ctx));
    parts.extend(settings_page(ctx));
    parts.extend(crate::domain::trigger::Trigger::ALL.map(crate::domain::trigger::Trigger::code));
    hash_of(parts.iter().map(String::as_str))
}

/// Address of the robots' settings page, when there is one.
fn settings_page(ctx: &Ctx) -> Option<String> {
    ctx.settings.pages.then(|| handler(ctx, "placement/robot-settings"))
}

fn handler(ctx: &Ctx, route: &str) -> String {
    format!("{}/b24/{route}", ctx.settings.public_url)
}

/// Jobs `register`.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let mut leftover = Leftover::new();
    for job in group.jobs {
        if let Err(error) = register(ctx, &job).await {
            leftover.push((job, error));
        }
    }
    leftover
}

/// What one run came to.
#[derive(Debug, Default)]
struct Report {
    outcomes: Vec<Outcome>,
    gone: Vec<String>,
    /// Requests that are still to be made.
    left: usize,
}

impl Report {
    fn done(&mut self, definition: &Definition) {
        let definition_hash = Some(definition.hash.clone());
        self.outcomes.push(Outcome { code: definition.code.clone(), definition_hash, error: None });
    }

    fn failed(&mut self, code: &str, error: &RestError) {
        let reason: String = error.line().chars().take(REASON_LIMIT).collect();
        let reason = if reason.is_empty() { format!("http {}", error.status) } else { reason };
        self.outcomes.push(Outcome { code: code.to_owned(), definition_hash: None, error: Some(reason) });
    }

    /// Robots and reasons in one line; empty when nothing failed.
    fn failures(&self) -> String {
        let lines: Vec<String> =
            self.outcomes.iter().filter_map(|it| it.error.as_ref().map(|error| format!("{}: {error}", it.code))).collect();
        lines.join("; ")
    }
}

async fn register(ctx: &Ctx, job: &Claimed) -> Result<(), JobError> {
    let now = ctx.clock.now();
    let facts = match ctx.portals.fresh(&job.portal).await? {
        Some(facts) if facts.status != PortalStatus::Uninstalled => facts,
        _ => return finish(ctx, job, None).await,
    };
    if facts.status != PortalStatus::Active {
        // Brought forward as soon as the portal is back.
        return Err(JobError::Defer { at: now.saturating_add(HOUR), why: format!("portal {}", facts.status.as_str()) });
    }
    let mut report = Report::default();
    match work(ctx, &facts, &mut report).await {
        Ok(()) => finish(ctx, job, Some(report)).await,
        Err(BitrixError::Budget { at }) => {
            keep_progress(ctx, &job.portal, &report).await?;
            // Each run begins with a look at what is there: with the budget of that one request none would get beyond it.
            let at = at.saturating_add(ctx.bitrix.time_of(report.left + 1));
            Err(JobError::Defer { at, why: format!("portal budget used, {} requests left", report.left) })
        }
        Err(error) => {
            keep_progress(ctx, &job.portal, &report).await?;
            Err(JobError::from_bitrix(&error, ctx.clock.now()))
        }
    }
}

/// What the portal told of what is there.
#[derive(Default)]
struct Listed {
    robots: HashMap<Registry, Vec<String>>,
    /// The plan has no automation, or the token may not.
    refused: Option<RestError>,
    events: Vec<placement::Binding>,
    triggers: Option<Result<Value, RestError>>,
    tabs: Option<Result<Value, RestError>>,
}

/// Asks for everything at once: each run begins with it, and the portal's budget is small while its robots are registered.
async fn list(ctx: &Ctx, portal: &str) -> Result<Listed, BitrixError> {
    let asks = [
        bizproc::list("robots", Registry::Robot),
        bizproc::list("activities", Registry::Activity),
        placement::event_get("events"),
        automation::trigger_list("triggers"),
        placement::placement_get("placements"),
    ];
    // Without pages nobody asks for placements.
    let asks = if ctx.settings.pages { asks.as_slice() } else { asks.split_last().map_or(asks.as_slice(), |(_, rest)| rest) };
    let mut told = ctx.bitrix.batch("register.list", portal, asks).await?.into_iter();
    let mut listed = Listed::default();
    for registry in Registry::ALL {
        match told.next() {
            Some(Ok(result)) => {
                listed.robots.insert(registry, bizproc::read_list(&result));
            }
            Some(Err(error)) if error.temporary() => return Err(temporary(ctx, &error)),
            Some(Err(error)) => listed.refused = Some(error),
            None => {}
        }
    }
    if let Some(Ok(result)) = told.next() {
        listed.events = placement::read_events(&result);
    }
    listed.triggers = told.next();
    listed.tabs = told.next();
    Ok(listed)
}

/// Everything over the wire. An error means "come again"; refusals of single robots are in the report.
async fn work(ctx: &Ctx, facts: &PortalFacts, report: &mut Report) -> Result<(), BitrixError> {
    let portal = facts.member_id.as_str();
    let unavailable = |error: crate::db::DbError| BitrixError::Later { at: ctx.clock.now() + MINUTE, why: error.to_string() };
    let wanted = definitions(ctx, facts).await.map_err(unavailable)?;
    let known = registration::list(ctx.db.read(), portal).await.map_err(unavailable)?;
    let listed = list(ctx, portal).await?;
    let retired = known.iter().map(|row| &row.code).filter(|code| !wanted.iter().any(|definition| definition.code == **code));
    let own =
        |code: &&String| ["event:", register_triggers::PREFIX, register_placements::PREFIX].iter().any(|prefix| code.starts_with(prefix));
    report.gone.extend(retired.filter(|code| !own(code)).cloned());
    let robots = match &listed.refused {
        // No robot would succeed.
        Some(error) => {
            wanted.iter().for_each(|definition| report.failed(&definition.code, error));
            Vec::new()
        }
        None => steps(&wanted, &listed.robots, &registered_hashes(&known)),
    };
    let events = bind_steps(&EVENTS, &handler(ctx, "event"), &listed.events);
    // Triggers and tabs take one request each.
    report.left = robots.len() + events.len() + 2;
    for step in robots {
        take_step(ctx, portal, step, report).await?;
        report.left -= 1;
    }
    for step in events {
        take_bind_step(ctx, portal, step, report).await?;
        report.left -= 1;
    }
    let failed: Vec<&str> = report.outcomes.iter().filter(|it| it.error.is_some()).map(|it| it.code.as_str()).collect();
    let mended: Vec<String> = EVENTS.iter().map(|event| format!("event:{event}")).filter(|code| !failed.contains(&code.as_str())).collect();
    report.gone.extend(mended);
    triggers(ctx, facts, listed.triggers, report).await?;
    report.left -= 1;
    if let Some(told) = listed.tabs {
        let tabs = register_placements::bring(ctx, portal, told).await?;
        tabs.failed.iter().for_each(|(code, error)| report.failed(code, error));
        report.gone.extend(tabs.fine);
    }
    Ok(())
}

/// Brings the portal's triggers in line; `listed` = what it answered about them.
async fn triggers(
    ctx: &Ctx,
    facts: &PortalFacts,
    listed: Option<Result<Value, RestError>>,
    report: &mut Report,
) -> Result<(), BitrixError> {
    let portal = facts.member_id.as_str();
    let stored = |code: &str| format!("{}{code}", register_triggers::PREFIX);
    let listed = match listed {
        Some(Ok(result)) => automation::read_triggers(&result),
        Some(Err(error)) if error.temporary() => return Err(temporary(ctx, &error)),
        Some(Err(error)) if !error.says_no_method() => {
            report.failed(&stored("list"), &error);
            return Ok(());
        }
        // A plan or edition without triggers.
        Some(Err(_)) | None => return Ok(()),
    };
    let wanted = register_triggers::wanted(facts);
    let mut failed = Vec::new();
    let steps = register_triggers::steps(&wanted, &listed);
    let command = |(index, step): (usize, &register_triggers::TriggerStep)| Command {
        key: format!("t{index}"),
        method: step.method.to_owned(),
        params: step.params.clone(),
    };
    let commands: Vec<Command> = steps.iter().enumerate().map(command).collect();
    // One request for all: the portal's budget is small while its robots are registered.
    let told = if commands.is_empty() { Vec::new() } else { ctx.bitrix.batch("register.trigger", portal, &commands).await? };
    for (step, told) in steps.into_iter().zip(told) {
        match told {
            Err(error) if error.temporary() => return Err(temporary(ctx, &error)),
            Err(error) if !error.says_not_found() => {
                report.failed(&stored(&step.code), &error);
                failed.push(step.code);
            }
            Ok(_) | Err(_) => {}
        }
    }
    let mended = wanted.iter().map(|(code, _)| code.as_str()).chain(["list"]).filter(|code| failed.iter().all(|other| other != code));
    report.gone.extend(mended.map(stored));
    Ok(())
}

fn registered_hashes(known: &[registration_row::Model]) -> HashMap<String, String> {
    known.iter().filter_map(|row| row.definition_hash.clone().map(|hash| (row.code.clone(), hash))).collect()
}

fn temporary(ctx: &Ctx, error: &RestError) -> BitrixError {
    BitrixError::Later { at: ctx.clock.now() + 10 * crate::domain::clock::SECOND, why: error.line() }
}

/// A refusal that may pass makes the job come again; others belong to the robot.
fn verdict(ctx: &Ctx, told: Result<Value, BitrixError>) -> Result<Result<(), RestError>, BitrixError> {
    match told {
        Ok(_) => Ok(Ok(())),
        Err(BitrixError::Refused(error)) if error.temporary() => Err(temporary(ctx, &error)),
        Err(BitrixError::Refused(error)) => Ok(Err(error)),
        Err(error) => Err(error),
    }
}

async fn take_step(ctx: &Ctx, portal: &str, step: Step, report: &mut Report) -> Result<(), BitrixError> {
    match step {
        Step::Add(definition) => {
            let added = add(ctx, portal, &definition).await?;
            let settled = match added {
                Err(error) if error.says_already() => update(ctx, portal, &definition).await?,
                other => other,
            };
            settle(portal, report, &definition, settled);
        }
        Step::Update(definition) => {
            let updated = update(ctx, portal, &definition).await?;
            let settled = match updated {
                Err(error) if error.says_not_found() => add(ctx, portal, &definition).await?,
                other => other,
            };
            settle(portal, report, &definition, settled);
        }
        Step::Delete(registry, code) => {
            let told = ctx.bitrix.call("register.delete", portal, &registry.method("delete"), bizproc::delete_params(&code)).await;
            match verdict(ctx, told)? {
                Err(error) if !error.says_not_found() => report.failed(&code, &error),
                _ => report.gone.push(code),
            }
        }
    }
    Ok(())
}

async fn add(ctx: &Ctx, portal: &str, definition: &Definition) -> Result<Result<(), RestError>, BitrixError> {
    let method = definition.registry.method("add");
    verdict(ctx, ctx.bitrix.call("register.add", portal, &method, definition.params.clone()).await)
}

async fn update(ctx: &Ctx, portal: &str, definition: &Definition) -> Result<Result<(), RestError>, BitrixError> {
    let method = definition.registry.method("update");
    verdict(ctx, ctx.bitrix.call("register.update", portal, &method, bizproc::update_params(&definition.params)).await)
}

fn settle(portal: &str, report: &mut Report, definition: &Definition, settled: Result<(), RestError>) {
    match settled {
        Ok(()) => report.done(definition),
        Err(error) => {
            tracing::warn!(portal.id = portal, robot = definition.code, error.code = error.code, "robot not registered");
            report.failed(&definition.code, &error);
        }
    }
}

async fn take_bind_step(ctx: &Ctx, portal: &str, step: BindStep, report: &mut Report) -> Result<(), BitrixError> {
    match step {
        BindStep::Bind(event) => {
            let params = placement::event_bind(&event, &handler(ctx, "event"));
            let told = ctx.bitrix.call("register.bind", portal, "event.bind", params).await;
            if let Err(error) = verdict(ctx, told)?
                && !error.says_already()
            {
                report.failed(&format!("event:{event}"), &error);
            }
        }
        BindStep::Unbind(binding) => {
            let params = placement::event_unbind(&binding.name, &binding.handler);
            // A former address that stays bound only costs the portal a call into nowhere.
            let _ = verdict(ctx, ctx.bitrix.call("register.unbind", portal, "event.unbind", params).await)?;
        }
    }
    Ok(())
}

async fn definitions(ctx: &Ctx, facts: &PortalFacts) -> DbResult<Vec<Definition>> {
    let used_since = ctx.clock.now().saturating_sub(CHANNEL_MEMORY);
    let living = channel::list(ctx.db.read(), &facts.member_id).await?;
    let deleted = channel::list_deleted_in_use(ctx.db.read(), &facts.member_id, used_since).await?;
    let options = channel_labels(facts, &living, &deleted);
    let handler = handler(ctx, "robot");
    let user: Option<i64> = facts.installer_user_id.parse().ok();
    let mut definitions = Vec::new();
    for spec in ctx.catalog.robots() {
        for registry in Registry::ALL {
            let mut params = ctx.catalog.registration(spec, registry == Registry::Activity, &handler, &options);
            if let (Some(user), Some(map)) = (user, params.as_object_mut()) {
                map.insert("AUTH_USER_ID".to_owned(), json!(user));
            }
            if let (Some(page), Some(map)) = (settings_page(ctx), params.as_object_mut()) {
                map.insert("USE_PLACEMENT".to_owned(), json!("Y"));
                map.insert("PLACEMENT_HANDLER".to_owned(), json!(page));
            }
            definitions.push(Definition::new(registry, params));
        }
    }
    Ok(definitions)
}

/// Options of the `channel` select: the empty one names the default channel, then every channel by its id, the deleted ones last.
fn channel_labels(facts: &PortalFacts, living: &[channel_row::Model], deleted: &[channel_row::Model]) -> Vec<(String, String)> {
    let lang = i18n::language_for(&facts.lang);
    let label = |key: &str, name: &str| {
        let args = BTreeMap::from([("name".to_owned(), name.to_owned())]);
        i18n::text(lang, key, &args)
    };
    let chosen = facts.settings.get("default_channel").and_then(Value::as_str).unwrap_or_default();
    let default = living.iter().find(|channel| channel.id == chosen).or_else(|| living.first());
    let first = match default {
        Some(channel) => label("registration-channel-default", &channel.name),
        None => label("registration-channel-none", ""),
    };
    let mut options = vec![(String::new(), first)];
    options.extend(living.iter().map(|channel| (channel.id.clone(), channel.name.clone())));
    options.extend(deleted.iter().map(|channel| (channel.id.clone(), label("registration-channel-deleted", &channel.name))));
    options
}

async fn keep_progress(ctx: &Ctx, portal: &str, report: &Report) -> DbResult<()> {
    if report.outcomes.is_empty() {
        return Ok(());
    }
    let tx = ctx.db.begin().await?;
    registration::save(&*tx, portal, &report.outcomes, ctx.clock.now()).await?;
    tx.commit("register.progress").await
}

async fn finish(ctx: &Ctx, job: &Claimed, report: Option<Report>) -> Result<(), JobError> {
    let portal = job.portal.as_str();
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    queue::complete(&tx, &[job]).await?;
    if let Some(report) = report {
        let failures = report.failures();
        registration::forget(&*tx, portal, &report.gone).await?;
        registration::save(&*tx, portal, &report.outcomes, now).await?;
        let hash = failures.is_empty().then(|| registration_hash(ctx));
        store::set_registration(&*tx, portal, hash.as_deref(), now).await?;
        let subject = Subject { portal, version: 0, ids: &*ctx.ids, now };
        if !failures.is_empty() {
            let robots = report.outcomes.iter().filter(|it| it.error.is_some()).map(|it| it.code.as_str());
            portal_state::alarm(&tx, subject, Kind::RegistrationFailed, &robots.collect::<Vec<_>>().join(", ")).await?;
            tracing::warn!(portal.id = portal, failures, "registration incomplete");
        }
        follow_up::bind::look_again(&tx, ctx, portal, now).await?;
        // Robots vanish with an update of the application, and its event comes once or never.
        let again = NewJob::at(portal, Job::Register { reason: "daily".to_owned() }, now.saturating_add(DAY)).once(DAILY);
        queue::enqueue(&tx, &*ctx.ids, now, &[again]).await?;
    }
    tx.commit("register.stored").await?;
    ctx.wake.notify_waiters();
    Ok(())
}
