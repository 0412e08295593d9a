//! Claim, lease, heartbeat, dispatch, scheduler ticks.
