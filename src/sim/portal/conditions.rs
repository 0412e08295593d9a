//! Standing conditions of a portal and faults: people, payment, plan, address, limits.

use super::config::User;
use super::error::Refusal;
use super::faults::{Fault, FaultRule};
use super::limits::Bucket;
use super::server;
use super::simulation::Portal;

impl Portal {
    /// Somebody deleted a CRM item; its processes end with it.
    pub fn remove_item(&self, type_id: i64, id: i64) {
        let now = self.core.clock.now();
        let document = super::document::Document::item(type_id, id);
        let mut state = self.core.state();
        super::engine::terminate(&mut state, now, |_, workflow| workflow.document == document);
        state.crm.items.remove(&(type_id, id));
    }

    /// Adds or replaces an employee.
    pub fn put_user(&self, user: User) {
        self.core.state().users.insert(user.id, user);
    }

    /// Dismisses an employee: his tokens answer `authorization_error`.
    pub fn dismiss(&self, user: i64) {
        if let Some(user) = self.core.state().users.get_mut(&user) {
            user.active = false;
        }
    }

    /// Ends all access tokens now; refresh tokens stay good.
    pub fn expire_tokens(&self) {
        self.core.auth.registry().expire_access(&self.core.member_id, self.core.clock.now());
    }

    /// Revokes all refresh tokens: the next refresh answers `invalid_grant`.
    pub fn revoke_refresh_tokens(&self) {
        self.core.auth.registry().revoke_refresh(&self.core.member_id);
    }

    /// The portal moves to a new address; the old one answers 302 from now on. Returns the new domain.
    ///
    /// # Errors
    /// No port or no thread to be had.
    pub fn rename(&self) -> std::io::Result<String> {
        let (listener, port) = server::listen(0)?;
        self.listen_on(listener, port)?;
        let domain = format!("{}:{port}", self.core.config.host);
        self.core.state().domain.clone_from(&domain);
        self.sync_auth();
        Ok(domain)
    }

    /// Payment of the application ended (or was made): REST and refresh answer `PAYMENT_REQUIRED`, steps do not run.
    pub fn set_unpaid(&self, unpaid: bool) {
        self.core.state().switches.unpaid = unpaid;
        self.sync_auth();
    }

    /// The commercial plan ended (or began): REST answers "only on commercial plans".
    pub fn set_plan_ended(&self, ended: bool) {
        self.core.state().switches.plan_ended = ended;
    }

    /// The portal is closed for good: `PORTAL_DELETED`.
    pub fn delete_portal(&self) {
        self.core.state().switches.deleted = true;
    }

    /// Another licence, such as `ru_project` (free, no automation).
    pub fn set_license(&self, license: &str) {
        self.core.state().license = license.to_owned();
        self.sync_auth();
    }

    /// Scopes of the main application change, as an administrator may do on its card.
    pub fn grant(&self, scopes: &[&str]) {
        if let Some(install) = self.core.state().installs.get_mut(&self.core.config.client_id) {
            install.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        }
        self.sync_auth();
    }

    /// What `bizproc.event.send` tells for a workflow that is gone; engines differ in code and text.
    pub fn set_engine_error(&self, status: u16, code: &str, text: &str) {
        self.core.state().switches.engine_error = Some(Refusal::new(status, code, text));
    }

    /// Real time that resuming a workflow takes inside `bizproc.event.send`.
    pub fn set_resume(&self, resume: std::time::Duration) {
        self.core.state().switches.resume = resume;
    }

    /// Another request bucket; `None` switches it off.
    pub fn set_bucket(&self, bucket: Option<Bucket>) {
        self.core.state().limits.bucket = bucket;
    }

    /// Another ten-minute budget per method; `None` switches it off.
    pub fn set_operating_limit(&self, limit_ms: Option<i64>) {
        self.core.state().limits.operating_limit_ms = limit_ms;
    }

    /// Declared time of one call of a method.
    pub fn set_cost(&self, method: &str, cost_ms: i64) {
        self.core.state().limits.costs_ms.insert(method.to_owned(), cost_ms);
    }

    /// Takes methods away or (with `false`) gives them back.
    pub fn set_missing(&self, method: &str, missing: bool) {
        let mut state = self.core.state();
        if missing {
            state.missing_methods.insert(method.to_lowercase());
        } else {
            state.missing_methods.remove(&method.to_lowercase());
        }
    }

    /// The next `times` calls of `method` meet this fault; `None` = until cleared. `*` = any method.
    pub fn fault(&self, method: &str, times: impl Into<Option<u32>>, fault: Fault) {
        self.fault_rule(FaultRule { method: method.into(), skip: 0, times: times.into(), fault });
    }

    /// Adds a fault rule.
    pub fn fault_rule(&self, rule: FaultRule) {
        self.core.state().faults.rules.push(rule);
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.core.state().faults.rules.clear();
    }
}
