//! Depth and age of the queue by lane, and the number of dead jobs, for `/metrics`.

use super::group::lane_name;
use crate::db::DbResult;
use crate::flow::Ctx;
use crate::queue;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(15);

/// Measures from time to time; never ends.
pub(super) async fn run(ctx: &Ctx) {
    loop {
        if let Err(error) = measure(ctx).await {
            tracing::warn!(error = %error, "the queue was not measured");
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn measure(ctx: &Ctx) -> DbResult<()> {
    for depth in queue::depths(ctx.db.read(), ctx.clock.now()).await? {
        metrics::gauge!("courier24_queue_depth", "lane" => lane_name(depth.lane)).set(float(depth.due));
        metrics::gauge!("courier24_queue_age_seconds", "lane" => lane_name(depth.lane)).set(float(depth.age_ms) / 1000.0);
    }
    metrics::gauge!("courier24_jobs_dead").set(float(queue::dead_count(ctx.db.read()).await?));
    Ok(())
}

/// Counts far below 2^53.
#[expect(clippy::as_conversions, reason = "there is no lossless conversion from i64 and none is needed for a gauge")]
fn float(count: i64) -> f64 {
    count as f64
}
