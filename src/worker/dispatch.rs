//! Which handler works which kind of job: one line a kind.

use crate::flow::{self, Ctx, Leftover};
use crate::queue::{Group, Job};

/// Hands a group to its handler. A lane that carries several kinds is split in the order of its jobs.
pub(super) async fn dispatch(ctx: &Ctx, group: Group) -> Leftover {
    let mut leftover = Leftover::new();
    let Group { portal, lane, jobs } = group;
    let mut jobs = jobs.into_iter().peekable();
    while let Some(first) = jobs.next() {
        let kind = first.job.kind();
        let mut alike = vec![first];
        while let Some(next) = jobs.next_if(|next| next.job.kind() == kind) {
            alike.push(next);
        }
        leftover.extend(handle(ctx, Group { portal: portal.clone(), lane, jobs: alike }).await);
    }
    leftover
}

async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let Some(first) = group.jobs.first() else { return Leftover::new() };
    match &first.job {
        Job::RunCall { .. } => flow::run_call::handle(ctx, group).await,
        Job::Deliver { .. } => flow::deliver::handle(ctx, group).await,
        Job::Receive { .. } => flow::receive::handle(ctx, group).await,
        Job::Answer { .. } => flow::answer::handle(ctx, group).await,
        Job::Deadline { .. } => flow::deadline::handle(ctx, group).await,
        Job::Update { .. } => flow::write_back::handle_updates(ctx, group).await,
        Job::Create { .. } => flow::write_back::handle_creations(ctx, group).await,
        Job::FindDocument { .. } => flow::find_document::handle(ctx, group).await,
        Job::CreateLead { .. } => flow::find_document::handle_leads(ctx, group).await,
        Job::FetchMedia { .. } => flow::fetch_media::handle(ctx, group).await,
        Job::Trigger { .. } => flow::write_back::handle_triggers(ctx, group).await,
        Job::Register { .. } => flow::register::handle(ctx, group).await,
        Job::SyncTemplates { .. } => flow::sync_templates::handle(ctx, group).await,
        Job::Notify { .. } => flow::alarm::handle(ctx, group).await,
        Job::PortalEvent { .. } => flow::portal_event::handle(ctx, group).await,
        Job::MarkOptIn { .. } => flow::mark_opt_in::handle(ctx, group).await,
        Job::AutoReply { .. } => flow::auto_reply::handle(ctx, group).await,
        Job::Purge { .. } => flow::purge::handle(ctx, group).await,
        Job::FollowUp { .. } => flow::follow_up::fire::handle(ctx, group).await,
        Job::ReadDocument { .. } => flow::follow_up::document::handle(ctx, group).await,
        Job::BindEvents { .. } => flow::follow_up::bind::handle(ctx, group).await,
        Job::WindowTimer { .. } => flow::window_timer::handle(ctx, group).await,
        Job::RefreshToken { .. } => flow::token::handle(ctx, group).await,
    }
}
