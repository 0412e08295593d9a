//! What Meta tells about the business and about people's will: limits and marketing preferences (reference/whatsapp.md 2.6, 2.8, 5.13).

use crate::domain::clock::Ms;
use crate::domain::event::{ConsentEvent, LimitEvent};
use crate::domain::identity::Identity;
use crate::provider::json;
use serde_json::Value;

/// Rows of `user_preferences` about marketing, each with its moment. Other categories are not known to exist.
pub(super) fn preferences(value: &Value) -> Vec<(Option<Ms>, ConsentEvent)> {
    json::items(value, "user_preferences").iter().filter_map(preference).collect()
}

fn preference(row: &Value) -> Option<(Option<Ms>, ConsentEvent)> {
    json::at(row, "category").filter(|category| category == "marketing_messages")?;
    let stop = match json::at(row, "value")?.as_str() {
        "stop" => true,
        "resume" => false,
        _ => return None,
    };
    let phone = json::at(row, "wa_id").as_deref().and_then(json::digits);
    let identity = Identity { phone, bsuid: json::at(row, "user_id"), ..Identity::default() };
    let words = json::at(row, "detail").unwrap_or_default();
    let told = ConsentEvent { identity, stop, by_user: true, words };
    (!told.identity.keys().is_empty()).then(|| (json::moment(row.get("timestamp")), told))
}

/// The daily limit of `phone_number_quality_update` or `business_capability_update`: the portfolio's number before the tier's word.
pub(super) fn limit(value: &Value) -> Option<LimitEvent> {
    let number = ["max_daily_conversations_per_business", "max_daily_conversation_per_phone"].iter().find_map(|key| {
        let told = value.get(*key)?;
        // Seen as a number, as text, and as a tier's word.
        if let Some(word) = told.as_str().and_then(LimitEvent::of_tier) {
            return Some(word);
        }
        let number = told.as_i64().or_else(|| told.as_str()?.trim().parse().ok())?;
        // Unlimited is told as -1.
        (number >= -1 && number != 0).then_some(LimitEvent { limit: (number > 0).then_some(number) })
    });
    number.or_else(|| LimitEvent::of_tier(&json::at(value, "current_limit")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn stop_and_resume_are_read_and_others_are_left() {
        let value = json!({"user_preferences": [
            {"wa_id": "79160000001", "detail": "User requested to stop marketing messages", "category": "marketing_messages", "value": "stop", "timestamp": 1_795_330_800},
            {"user_id": "RU.1", "category": "marketing_messages", "value": "resume", "timestamp": "1795330801"},
            {"wa_id": "79160000001", "category": "marketing_messages", "value": "later"},
            {"wa_id": "79160000001", "category": "calls", "value": "stop"},
            {"category": "marketing_messages", "value": "stop"}]});
        let read = preferences(&value);
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].0, read[0].1.stop, read[0].1.identity.phone.as_deref()), (Some(1_795_330_800_000), true, Some("79160000001")));
        assert_eq!((read[1].1.stop, read[1].1.identity.bsuid.as_deref()), (false, Some("RU.1")));
    }

    #[test]
    fn the_number_goes_before_the_tier() {
        let read = |value: Value| limit(&value).map(|told| told.limit);
        assert_eq!(read(json!({"current_limit": "TIER_250", "max_daily_conversations_per_business": 2000})), Some(Some(2_000)));
        assert_eq!(read(json!({"current_limit": "TIER_10K"})), Some(Some(10_000)));
        assert_eq!(read(json!({"max_daily_conversation_per_phone": "-1"})), Some(None));
        assert_eq!(read(json!({"max_daily_conversations_per_business": "TIER_UNLIMITED"})), Some(None));
        assert_eq!(read(json!({"event": "FLAGGED"})), None);
    }
}
