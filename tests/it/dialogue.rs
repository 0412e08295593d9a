//! `courier24 demo --story dialogue` as a customer runs it: the real binary, to its end, in both languages. The demo asserts its steps by
//! itself; here stand its exit code, that both languages tell the same, and what a reader must find.

use crate::support::binary::{KEY, Ran, run};

fn played(lang: &str) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["demo", "--story", "dialogue", "--once", "--lang", lang], &[])
}

/// What is the same in every language, in order: chapters, senders, sides, fields of the deal.
fn skeleton(told: &str) -> Vec<String> {
    let mark = |line: &str| {
        if line.starts_with("━━") {
            return Some("chapter".to_owned());
        }
        if line.contains("✓✓") {
            let robot = line.split(" · ").nth(1)?;
            return Some(if robot.is_ascii() && robot.contains('_') { robot.to_owned() } else { "answer".to_owned() });
        }
        if line.starts_with("                    ") && line.trim_start().starts_with("msg_") {
            return Some("client".to_owned());
        }
        line.split_once("(UF_CRM_").map(|(_, field)| field.trim_end_matches(')').to_owned())
    };
    told.lines().filter_map(mark).collect()
}

#[test]
fn the_dialogue_is_played_to_its_end_and_both_languages_tell_the_same() {
    let (ru, en) = std::thread::scope(|scope| {
        let (ru, en) = (scope.spawn(|| played("ru")), scope.spawn(|| played("en")));
        (ru.join().unwrap(), en.join().unwrap())
    });
    for ran in [&ru, &en] {
        assert_eq!(ran.code, Some(0), "{}\n{}", ran.out, ran.err);
        assert!(!ran.out.contains("talk-") && !ran.out.contains("{$"), "a text is missing: {}", ran.out);
    }
    let told = skeleton(&ru.out);
    assert_eq!(told, skeleton(&en.out));
    let count = |what: &str| told.iter().filter(|one| *one == what).count();
    assert_eq!((count("chapter"), count("client"), count("answer")), (10, 8, 1), "{told:?}");
    for robot in [
        "send_template",
        "send_buttons",
        "send_list",
        "request_location",
        "send_text",
        "wait_reply",
        "send_file",
        "send_contact",
        "follow_up",
    ] {
        assert!(count(robot) > 0, "{robot}: {told:?}");
    }
    for (ran, words) in [
        (
            &ru,
            [
                "нажимает [ После обеда ]",
                "Да, пятый этаж",
                "reply_code=yes, attempts_used=2",
                "Стоп",
                "error_code=opted_out",
                "← WhatsApp: клиент написал — Стоп",
            ],
        ),
        (
            &en,
            [
                "presses [ Afternoon ]",
                "Yes, fifth floor",
                "reply_code=yes, attempts_used=2",
                "Stop",
                "error_code=opted_out",
                "← WhatsApp: the client wrote — Stop",
            ],
        ),
    ] {
        for word in words {
            assert!(ran.out.contains(word), "{word}: {}", ran.out);
        }
    }
}

#[test]
fn an_unknown_story_is_told_which_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &["demo", "--story", "opera", "--once"], &[]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    for word in ["opera", "main-job", "dialogue"] {
        assert!(ran.err.contains(word), "{ran:?}");
    }
}

#[test]
fn a_step_that_does_not_hold_ends_the_demo_with_an_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("demo.key"), "no key").unwrap();
    let data = folder.path().to_str().unwrap();
    let ran = run(folder.path(), &["demo", "--story", "dialogue", "--once", "--lang", "en", "--data", data], &[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.out.contains("STEP NOT OBSERVED") && ran.out.contains("COURIER24_MASTER_KEY"),
        "the end of the service's log is shown: {ran:?}"
    );
}

#[test]
fn the_demo_clock_is_for_the_demo_only() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("PUBLIC_URL", "https://a.example"), ("MASTER_KEY", KEY)];
    let ran = run(folder.path(), &["serve", "--create", "--demo-clock", "clock"], &settings);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("--demo-clock") && ran.err.contains("COURIER24_ALLOW_PRIVATE_NETWORK"), "{ran:?}");
}
