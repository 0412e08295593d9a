//! Patterns in rules: what they may read, what they may not do, and what is data whatever it looks like.

use crate::support::story::story;
use courier24::domain::clock::MINUTE;
use serde_json::json;

story! {
    /// With `expressions` a text takes facts of the CRM; without, braces are text.
    async fn braces_are_a_pattern_only_where_the_author_says_so(town) {
        town.client_writes("Здравствуйте").await;
        let text = "{{contact.name}}, {{upper deal.title}}: {{money deal.opportunity deal.currencyId}}";
        let step = town.fires("send_text", json!({"text": text, "expressions": "Y"})).await;
        town.settle().await;
        let told = town.told(step);
        assert_eq!(told["ok"], "Y", "{told:?}");
        let sent = told["rendered_text"].as_str().unwrap();
        assert!(sent.starts_with("Анна, ЗАКАЗ 118: 1") && sent.contains("500"), "{sent}");
        town.advance(MINUTE);
        let step = town.fires("send_text", json!({"text": "{{deal.title}} {{#if x}}"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["rendered_text"], "{{deal.title}} {{#if x}}");
        let params = json!(["1={{contact.name}}", "2={{deal.title}}"]);
        let step = town.sends_template(json!({"params": params, "expressions": "Y"})).await;
        town.settle().await;
        assert!(town.told(step)["rendered_text"].as_str().unwrap().contains("Анна! Заказ Заказ 118"));
    }
}

story! {
    /// A client who is named like a pattern stays a client: facts are never rendered.
    async fn a_fact_that_looks_like_a_pattern_stays_data(town) {
        town.client_writes("Здравствуйте").await;
        let evil = "{{portal.member_id}}{{#each contact}}{{this}}{{/each}}<b>&";
        town.portal.deal(512).title(evil);
        let step = town.fires("send_text", json!({"text": "Заказ {{deal.title}}", "expressions": "Y"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["rendered_text"], format!("Заказ {evil}"));
        let step = town.fires("send_text", json!({"text": format!("Заказ {evil}"), "to_timeline": "N"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["rendered_text"], format!("Заказ {evil}"), "Bitrix24's own substitution is data");
    }
}

story! {
    /// A value that is not there follows `on_missing` and is named.
    async fn a_missing_fact_follows_on_missing(town) {
        town.client_writes("Здравствуйте").await;
        let text = json!("Доставка: {{deal.UF_CRM_DELIVERY}}!");
        let told = town.refuses("send_text", json!({"text": text, "expressions": "Y"}), "value_missing").await;
        assert!(told.contains("deal.UF_CRM_DELIVERY"), "{told}");
        let step = town.fires("send_text", json!({"text": text, "expressions": "Y", "on_missing": "empty"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["rendered_text"], "Доставка: !");
        let step = town.fires("send_text", json!({"text": text, "expressions": "Y", "on_missing": "skip"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["status"], "skipped");
        let step = town.fires("send_text", json!({"text": "Доставка: {{default deal.UF_CRM_DELIVERY \"завтра\"}}", "expressions": "Y"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["rendered_text"], "Доставка: завтра");
    }
}

story! {
    /// Whatever is not a path, a listed helper, `if` or `unless` is refused with its place.
    async fn hostile_and_broken_patterns_are_refused(town) {
        town.client_writes("Здравствуйте").await;
        let deep = "{{#if deal.id}}".repeat(80) + &"{{/if}}".repeat(80);
        let patterns = [
            "{{deal.title", "{{#if deal.title}}", "{{#each deal}}{{this}}{{/each}}", "{{lookup deal 'title'}}", "{{> secrets}}",
            "{{#with deal}}{{title}}{{/with}}", "{{log deal.title}}", "{{env.PATH}}", "{{config.master_key}}", "{{no_such_helper deal.title}}",
            "{{{{raw}}}}x{{{{/raw}}}}", "{{@root.deal.title}}", "{{deal}}", "{{date deal.id zone='Mars/Base'}}", deep.as_str(),
        ];
        for pattern in patterns {
            let shown = pattern.chars().take(40).collect::<String>();
            let step = town.fires("send_text", json!({"text": format!("Заказ\n{pattern}"), "expressions": "Y"})).await;
            town.settle().await;
            let told = town.told(step);
            assert_eq!(told["error_code"], "pattern_invalid", "{shown}: {told:?}");
            assert_eq!(told["ok"], "N");
        }
        let told = town.refuses("send_text", json!({"text": "Заказ\n  {{nope deal.title}}", "expressions": "Y"}), "pattern_invalid").await;
        assert!(told.contains('2') && told.contains("nope"), "line and name: {told}");
        let told = town.refuses("send_text", json!({"text": "pattern:no_such", "expressions": "Y"}), "pattern_invalid").await;
        assert!(told.contains("no_such"), "{told}");
        assert_eq!(town.sends(), 0);
    }
}
