//! What processes in customers' portals depend on: ids, types, choices and defaults of every robot as the portal was told them.
//!
//! The table says the same as the description of the robots; it is written out here a second time, so that neither drifts alone.

use crate::support::story::story;
use courier24::domain::refusal::Code;
use courier24::sim::portal::Robot;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// `id:type`, `*` = several values, `=a|b|c` = choices, `!x` = default.
const CHANNEL: &str = "channel:select";
const RECIPIENT: &str = "channel:select phone:string* phone_choice:select=first_valid|last_replied|all!first_valid";
const SENDING: &str = "on_closed_window:select=fail|template|hold!fail hold_hours:int!24 fallback_template:string fallback_params:string* \
    wait_for:select=none|accepted|delivered|read!accepted wait_hours:int!24 write_fields:string* to_timeline:bool!Y to_open_line:bool!N expressions:bool!N \
    on_missing:select=fail|empty|skip!fail";
const SENT: &str = "status:string ok:bool message_id:string recipient:string error_code:string error_text:text window_open:bool \
    window_until:datetime rendered_text:text cost:double currency:string";
const VERDICT: &str = "ok:bool error_code:string error_text:text";

/// Code, own properties, own results, whether it sends.
const ROBOTS: [(&str, &str, &str, bool); 17] = [
    ("send_text", "text:text preview_link:bool", "", true),
    ("send_template", "template:string params:string* header:string button_params:string*", "category:string", true),
    (
        "send_buttons",
        "header:string text:text footer:string buttons:string* wait_reply:bool!N reply_minutes:int",
        "reply_id:string reply_title:string reply_text:text timed_out:bool",
        true,
    ),
    (
        "send_list",
        "header:string text:text footer:string list_button:string rows:string* wait_reply:bool!N reply_minutes:int",
        "reply_id:string reply_title:string reply_text:text timed_out:bool",
        true,
    ),
    ("send_link", "header:string text:text footer:string button_title:string url:string", "", true),
    (
        "send_file",
        "kind:select=auto|image|video|audio|voice|document|sticker!auto source:string* file:file caption:text file_name:string",
        "media_kind:string",
        true,
    ),
    ("send_contact", "contact_ids:string* user:user name:string company:string phones:string* emails:string*", "", true),
    ("send_location", "latitude:double longitude:double name:string address:string", "", true),
    ("request_location", "text:text wait_reply:bool!N reply_minutes:int", "latitude:double longitude:double timed_out:bool", true),
    (
        "wait_reply",
        "channel:select phone:string* reply_minutes:int expected:string* ask_again:text attempts:int",
        "reply_code:string reply_text:text reply_type:string reply_file:string reply_id:string attempts_used:int timed_out:bool",
        false,
    ),
    ("wait_status", "message_id:string wait_for:select=accepted|delivered|read wait_hours:int!24", SENT, false),
    (
        "check_window",
        "channel:select phone:string*",
        "window_open:bool window_until:datetime minutes_left:int free_text_allowed:bool",
        false,
    ),
    ("check_number", "channel:select phone:string*", "exists:string recipient:string", false),
    ("chat_link", "channel:select text:text", "link:string qr_url:string", false),
    (
        "follow_up",
        "when:select=before_window_closes|after_window_closed|after_silence|at offset_minutes:int at:datetime calendar:string text:text \
         template:string params:string* stop_on:select*=reply|stage_change|won_lost|opt_out chain:string repeat:int",
        "follow_up_id:string due_at:datetime",
        false,
    ),
    ("cancel_follow_ups", "chain:string phone:string*", "cancelled:int", false),
    ("set_consent", "phone:string* action:select=opt_in|opt_out|read scope:select=marketing|all evidence:text", "consent:string", false),
];

/// The closed list of answers to bad input.
const CODES: &str = "phone_missing phone_invalid channel_not_found channel_unavailable unsupported_by_channel text_empty text_too_long \
    too_many_buttons too_many_rows duplicate_ids media_invalid media_too_large media_unreachable template_not_found template_not_approved \
    template_params_mismatch pattern_invalid value_missing window_closed opted_out limit_reached quiet_hours provider_rejected \
    unknown_outcome portal_paused robot_unknown property_invalid";

#[derive(Debug, PartialEq, Eq)]
struct Promise {
    kind: String,
    multiple: bool,
    choices: Vec<String>,
    default: Option<String>,
}

fn promises(text: &str) -> BTreeMap<String, Promise> {
    let one = |word: &str| {
        let (word, default) = word.split_once('!').map_or((word, None), |(word, default)| (word, Some(default.to_owned())));
        let (word, choices) = word.split_once('=').unwrap_or((word, ""));
        let (id, kind) = word.split_once(':').unwrap();
        let choices = choices.split('|').filter(|choice| !choice.is_empty()).map(str::to_owned).collect();
        (id.to_owned(), Promise { kind: kind.trim_end_matches('*').to_owned(), multiple: kind.ends_with('*'), choices, default })
    };
    text.split_whitespace().map(one).collect()
}

fn holds(robot: &Robot, wanted: &BTreeMap<String, Promise>) {
    for (id, promise) in wanted {
        let known = robot.properties.iter().find(|property| property.id == *id);
        let known = known.unwrap_or_else(|| panic!("{}: property {id}", robot.code));
        assert_eq!((known.kind.as_str(), known.multiple), (promise.kind.as_str(), promise.multiple), "{}: {id}", robot.code);
        let options = known.descriptor.get("OPTIONS").and_then(Value::as_object);
        let told: BTreeSet<&String> = options.map(|options| options.keys().collect()).unwrap_or_default();
        if !promise.choices.is_empty() {
            assert_eq!(told, promise.choices.iter().collect::<BTreeSet<_>>(), "{}: choices of {id}", robot.code);
        }
        if let Some(default) = &promise.default {
            let told = known.default.as_str().map_or_else(|| known.default.to_string(), str::to_owned);
            assert_eq!(told, *default, "{}: default of {id}", robot.code);
        }
    }
}

story! {
    /// Every robot and its activity has the ids, types, choices and defaults that were promised, and answers with the results promised.
    async fn robots_are_as_promised(town) {
        let codes: BTreeSet<String> = ROBOTS.iter().flat_map(|(code, ..)| [(*code).to_owned(), format!("{code}.activity")]).collect();
        let told: BTreeSet<String> = town.portal.robots().into_iter().map(|robot| robot.code).collect();
        assert_eq!(codes.difference(&told).collect::<Vec<_>>(), Vec::<&String>::new(), "not registered");
        for (code, properties, results, sends) in ROBOTS {
            let mut wanted = promises(properties);
            let mut answers = promises(results);
            answers.extend(promises(VERDICT));
            if sends {
                wanted.extend(promises(RECIPIENT));
                wanted.extend(promises(SENDING));
                answers.extend(promises(SENT));
            } else if code == "follow_up" {
                wanted.extend(promises(RECIPIENT));
                answers.extend(promises(SENT));
            } else if wanted.contains_key("channel") {
                wanted.extend(promises(CHANNEL));
            }
            for code in [code.to_owned(), format!("{code}.activity")] {
                let robot = town.portal.robot(&code).unwrap();
                assert_eq!(robot.use_subscription, "Y", "{code}");
                holds(&robot, &wanted);
                for (id, promise) in &answers {
                    let known = robot.return_properties.iter().find(|property| property.id == *id);
                    let known = known.unwrap_or_else(|| panic!("{code}: result {id}"));
                    assert_eq!(known.kind, promise.kind, "{code}: result {id}");
                }
            }
        }
    }
}

#[test]
fn the_closed_list_is_the_one_that_was_promised() {
    let promised: BTreeSet<&str> = CODES.split_whitespace().collect();
    let known: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(known, promised);
    assert_eq!(Code::ALL.len(), promised.len(), "each stands once");
}
