//! Decides robot calls: spec, CRM facts, rendering, channel, recipients, template and window, for a group of calls at once.
//!
//! A call ends here as messages to deliver, as a refusal its process is told, or as an answer that needs no message; one transaction
//! stores all of it together with the end of the jobs. The facts of the group leave in one batch; nothing goes to a provider from here.

mod ask;
mod decide;
mod effect;
mod keep;
pub mod order;
mod prepare;

use super::consent::Standings;
use super::desk::{Desk, Sender};
use super::facts::Facts;
use super::phones::Candidates;
use super::results::WindowView;
use super::template_choice::Fault;
use super::{Ctx, JobError, Leftover, follow_up, gate, waits};
use crate::catalog::operation::Operation;
use crate::catalog::spec::ACTIVITY_SUFFIX;
use crate::db::entity::robot_call;
use crate::db::store::call;
use crate::db::store::portal::PortalStatus;
use crate::domain::clock::{DAY, HOUR, Ms, SECOND};
use crate::domain::content::Content;
use crate::domain::identity::Identity;
use crate::domain::refusal::{Code, Refusal};
use crate::queue::{Claimed, Group, Job};
use decide::spec_code;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// No call waits longer.
const LONGEST_WAIT: Ms = 30 * DAY;
/// The answer leaves that long before the step's own timeout.
const AHEAD: Ms = 10 * SECOND;

/// A call on its way to a decision, with what is known of it so far; all of it goes to the journal.
#[derive(Debug)]
struct Case {
    /// `None` when a page or script orders: there is no job.
    job: Option<Claimed>,
    /// What is stored with the first commit of an order.
    birth: Option<order::Birth>,
    call: robot_call::Model,
    properties: Map<String, Value>,
    facts: Facts,
    operation: Option<Operation>,
    params: Option<Map<String, Value>>,
    sender: Option<Sender>,
    candidates: Candidates,
    /// What everybody of the group agreed to.
    standings: Option<Arc<Standings>>,
    /// What is stored together with the decision.
    effects: Vec<effect::Effect>,
    window: Option<WindowView>,
}

/// One message of a decided call.
#[derive(Debug)]
struct Letter {
    who: Identity,
    content: Content,
    text: String,
    window: WindowView,
    /// The rule by which it is said otherwise than asked for.
    degraded: Option<&'static str>,
    /// A refusal concerns this recipient only: others of the call go.
    verdict: Result<gate::Verdict, Refusal>,
}

/// How a call is decided.
#[derive(Debug)]
enum Ending {
    /// At least one message.
    Send(Vec<Letter>),
    /// Results that need no message.
    Answer(Map<String, Value>),
    /// Waits for a client or a status.
    Wait(waits::Plan),
    /// Follow-ups are armed or ended; the process is answered at once.
    FollowUp(follow_up::Order),
    /// The process is told why not.
    Refused(Refusal),
    /// Not sent on purpose (`on_missing = skip`).
    Skipped(Refusal),
    /// Nobody is there any more.
    Dropped(&'static str),
}

/// Why a call is not decided with messages.
#[derive(Debug)]
enum Stop {
    Ended(Ending),
    Later(JobError),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Ended(Ending::Refused(refusal))
    }
}

impl From<waits::Fault> for Stop {
    fn from(fault: waits::Fault) -> Self {
        match fault {
            waits::Fault::Refused(refusal) => refusal.into(),
            waits::Fault::Later(error) => Self::Later(error),
        }
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(refusal) => refusal.into(),
            Fault::Skipped(refusal) => Self::Ended(Ending::Skipped(refusal)),
            Fault::Later(error) => Self::Later(error),
        }
    }
}

/// Decides the calls of one portal.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    match decide_all(ctx, &group.portal, &group.jobs).await {
        Ok(leftover) => leftover,
        Err(error) => group.jobs.into_iter().map(|job| (job, error.clone())).collect(),
    }
}

async fn decide_all(ctx: &Ctx, portal: &str, jobs: &[Claimed]) -> Result<Leftover, JobError> {
    let (cases, nothing) = load(ctx, portal, jobs).await?;
    let mut decided: Vec<(Case, Ending)> = Vec::new();
    let mut leftover = Leftover::new();
    match Desk::open(&ctx.db, portal).await? {
        Some(mut desk) if desk.portal.status != PortalStatus::Uninstalled => {
            // A file may take its time: it keeps nobody else waiting.
            let (slow, quick): (Vec<Case>, Vec<Case>) = cases.into_iter().partition(Case::fetches);
            leftover.extend(round(ctx, &mut desk, quick, &nothing).await?);
            for case in slow {
                let job = case.job.clone();
                match round(ctx, &mut desk, vec![case], &[]).await {
                    Ok(left) => leftover.extend(left),
                    Err(error) => leftover.extend(job.map(|job| (job, error))),
                }
            }
        }
        _ => {
            decided.extend(cases.into_iter().map(|case| (case, Ending::Dropped("portal uninstalled"))));
            leftover.extend(keep::store(ctx, None, decided, &nothing).await);
        }
    }
    ctx.wake.notify_waiters();
    Ok(leftover)
}

/// Decides some calls and stores what became of them.
async fn round(ctx: &Ctx, desk: &mut Desk, cases: Vec<Case>, nothing: &[Claimed]) -> Result<Leftover, JobError> {
    if cases.is_empty() && nothing.is_empty() {
        return Ok(Leftover::new());
    }
    let now = ctx.clock.now();
    let (mut decided, mut leftover): (Vec<(Case, Ending)>, Leftover) = (Vec::new(), Leftover::new());
    for (case, ending) in decide(ctx, desk, cases).await? {
        match ending {
            Ok(ending) => decided.push((case, ending)),
            Err(error) => match given_up(&case, &error, desk.portal.status, now) {
                Some(refusal) => decided.push((case, Ending::Refused(refusal))),
                None => leftover.extend(case.job.map(|job| (job, error))),
            },
        }
    }
    leftover.extend(keep::store(ctx, Some(&desk.portal), decided, nothing).await);
    ctx.wake.notify_waiters();
    Ok(leftover)
}

/// Splits jobs into calls to decide and jobs of calls that are decided or gone.
async fn load(ctx: &Ctx, portal: &str, jobs: &[Claimed]) -> Result<(Vec<Case>, Vec<Claimed>), JobError> {
    let id = |job: &Claimed| match &job.job {
        Job::RunCall { call_id } => Some(call_id.clone()),
        _ => None,
    };
    let ids: Vec<String> = jobs.iter().filter_map(id).collect();
    let mut calls: HashMap<String, robot_call::Model> =
        call::list(ctx.db.read(), portal, &ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let (mut cases, mut nothing) = (Vec::new(), Vec::new());
    for job in jobs {
        // A dead call's job was redriven: it is decided after all.
        match id(job).and_then(|id| calls.remove(&id)).filter(call::undecided) {
            Some(call) => cases.push(Case::new(Some(job.clone()), call)),
            None => nothing.push(job.clone()),
        }
    }
    Ok((cases, nothing))
}

impl Case {
    fn new(job: Option<Claimed>, call: robot_call::Model) -> Self {
        Self {
            properties: serde_json::from_str(&call.input).unwrap_or_default(),
            job,
            birth: None,
            call,
            facts: Facts::default(),
            operation: None,
            params: None,
            sender: None,
            candidates: Candidates::default(),
            standings: None,
            effects: Vec::new(),
            window: None,
        }
    }

    /// Whether deciding it fetches files of any size.
    fn fetches(&self) -> bool {
        let code = self.call.code.strip_suffix(ACTIVITY_SUFFIX).unwrap_or(&self.call.code);
        code.eq_ignore_ascii_case("send_file")
    }

    /// When the process has to be answered at the latest: own hours, the step's timeout, 30 days.
    fn deadline(&self, wait_hours: i64) -> Ms {
        self.deadline_in(wait_hours.saturating_mul(HOUR))
    }

    /// The same for a patience in ms.
    fn deadline_in(&self, patience: Ms) -> Ms {
        let from = self.call.accepted_at;
        let own = from.saturating_add(patience).min(from.saturating_add(LONGEST_WAIT));
        match self.call.timeout_seconds {
            seconds if seconds > 0 => {
                let timeout = seconds.saturating_mul(SECOND);
                // A step shorter than our margin is answered at half its time.
                own.min(from.saturating_add(if timeout > 2 * AHEAD { timeout - AHEAD } else { timeout / 2 }))
            }
            _ => own,
        }
    }
}

async fn decide(ctx: &Ctx, desk: &mut Desk, cases: Vec<Case>) -> Result<Vec<(Case, Result<Ending, JobError>)>, JobError> {
    let prepared = prepare::all(ctx, desk, cases).await;
    let open: Vec<&Case> = prepared.iter().filter(|(_, stop)| stop.is_none()).map(|(case, _)| case).collect();
    let known = decide::conversations(ctx, &desk.portal.id, &open).await?;
    let standings = Arc::new(ask::standings(ctx, &desk.portal.id, &open, &known).await?);
    let mut out = Vec::new();
    for (mut case, stop) in prepared {
        case.standings = Some(Arc::clone(&standings));
        let ending = match stop {
            Some(stop) => Err(stop),
            None => decide::one(ctx, desk, &mut case, &known).await,
        };
        out.push((
            case,
            match ending {
                Ok(ending) | Err(Stop::Ended(ending)) => Ok(ending),
                Err(Stop::Later(error)) => Err(error),
            },
        ));
    }
    Ok(out)
}

/// A call must not wait for its portal beyond its own time: then its process is told, or at least the journal.
fn given_up(case: &Case, error: &JobError, status: PortalStatus, now: Ms) -> Option<Refusal> {
    let why = match error {
        JobError::Defer { why, .. } | JobError::Retry { why, .. } => why,
        JobError::Fail { why } => return Some(paused(why, status)),
        JobError::LeaseLost => return None,
    };
    let last_try = matches!(error, JobError::Retry { .. }) && case.job.as_ref().is_some_and(|job| job.attempt >= job.max_attempts);
    (last_try || now >= case.deadline_in(prepare::patience(spec_code(&case.call.code), &case.properties))).then(|| paused(why, status))
}

/// The reason is for the journal; people are told what to do about it.
fn paused(why: &str, status: PortalStatus) -> Refusal {
    let refusal = Refusal::new(Code::PortalPaused, why);
    match status {
        PortalStatus::Paused | PortalStatus::Uninstalled => refusal,
        PortalStatus::AuthLost => refusal.with("words", "refusal-portal_paused-auth_lost"),
        PortalStatus::Active => refusal.with("words", "refusal-portal_paused-silent"),
    }
}
