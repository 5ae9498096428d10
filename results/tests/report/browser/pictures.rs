//! Pictures of whole pages: a failing, a passing, two undecided runs and one without a verdict, light and dark, and as somebody
//! sees the failing one who does not see all colours; compared with those in the repository. `UPDATE_PICTURES=1 cargo test -p results --test report pictures` draws them again; look at them then.
//!
//! Browsers and fonts differ a little, so squares are compared, not pixels: few may differ, and none of them much.

use super::chrome::{Chrome, chrome};
use crate::script::{Script, told, worked};
use crate::undecided::narrow;
use base64::Engine;
use history::History;
use serde_json::json;
use std::path::PathBuf;

/// How large the pictures are, against the page.
const SCALE: f64 = 0.5;
/// How many squares of a hundred may differ, and the height of two pages.
const DIFFERENT_PERCENT: f64 = 6.0;

/// Work on many decrees by clients of all nodes, before, during and after a cut and a kill.
fn work(script: &mut Script, until_ms: u64) -> &mut Script {
    script.phase(0, "set-up").phase(10, "run");
    let mut at_ms = 20;
    let mut number = 0;
    while at_ms < until_ms {
        let value = json!(number);
        for client in 0..10 {
            let from = at_ms + client * 3 % 11;
            let (f, input) = if client % 3 == 0 {
                ("propose", value.clone())
            } else {
                ("read", json!(null))
            };
            let to = from + 15 + (number * 7 + client * 5) % 20;
            let place = script.lines.len();
            script.op(client, f, &input, &value, from, to);
            for line in &mut script.lines[place..] {
                *line = line.replace("\"key\":147", &format!("\"key\":{}", 1000 + number));
            }
        }
        at_ms += 55;
        number += 1;
    }
    script
}

pub fn failing() -> History {
    let mut script = Script::new(&["partition", "kill"]);
    work(&mut script, 4_000);
    script.op(0, "propose", &json!(17), &json!(17), 4_362, 4_406);
    script.op(5, "propose", &json!(23), &json!(17), 4_370, 4_420);
    script.op(3, "propose", &json!(42), &json!(42), 4_792, 4_871);
    script.op(4, "read", &json!(null), &json!(42), 4_880, 4_890);
    script.kill(17, "n3", 4_418, 4_655).cut(18, true, 4_560, 6_020);
    script.cut(19, true, 1_000, 2_200).phase(6_100, "heal");
    script.history()
}

pub fn passing() -> History {
    let mut script = Script::new(&["partition", "kill"]);
    work(&mut script, 4_000)
        .kill(1, "n3", 800, 1_400)
        .cut(2, true, 2_000, 3_100);
    script.phase(4_100, "heal").phase(4_120, "recover");
    for client in 0..5 {
        script.op(
            client,
            "read",
            &json!(null),
            &json!(null),
            4_150 + client,
            4_170 + client,
        );
    }
    script.phase(4_200, "final");
    script.history()
}

pub fn unknown() -> History {
    let mut script = Script::new(&["kill"]);
    worked(&mut script);
    script.history()
}

/// The page of a run in which a node did not start.
pub fn error() -> String {
    let history = History::default();
    let why = "n3 did not start: exit status 1 after 0.2 s. No operation was run.".to_owned();
    let words = vec![
        "n3 stderr: bind: address already in use (10.0.0.3:7000)".to_owned(),
        "What it needs is said by harness doctor paxos --node-count 3.".to_owned(),
    ];
    let results = results::Results::error(Some(&crate::ci::info()), &history, why, words);
    let coverage = results::coverage::Coverage::of(&history);
    results::report_html(&results, &history, None, &coverage, None).unwrap()
}

/// The share of squares of 8 by 8 pixels that differ, and that of the height; computed by the browser, which knows PNG.
fn difference(chrome: &mut Chrome, one: &[u8], other: &[u8]) -> (f64, f64) {
    let url = |png: &[u8]| {
        format!(
            "data:image/png;base64,{}",
            base64::engine::general_purpose::STANDARD.encode(png)
        )
    };
    let compare = r"(async () => {
      const read = async (url) => {
        const image = new Image();
        image.src = url;
        await image.decode();
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [Math.ceil(image.width / 8), Math.ceil(image.height / 8)];
        const pen = canvas.getContext('2d');
        pen.imageSmoothingQuality = 'high';
        pen.drawImage(image, 0, 0, canvas.width, canvas.height);
        return pen.getImageData(0, 0, canvas.width, canvas.height);
      };
      const [a, b] = [await read(ONE), await read(OTHER)];
      const height = Math.min(a.height, b.height), squares = height * Math.min(a.width, b.width);
      let different = 0;
      for (let at = 0; at < squares * 4; at += 4) {
        if ([0, 1, 2].some((part) => Math.abs(a.data[at + part] - b.data[at + part]) > 40)) different++;
      }
      return [different / squares * 100, Math.abs(a.height - b.height) / height * 100];
    })()";
    let compare = compare
        .replace("ONE", &json!(url(one)).to_string())
        .replace("OTHER", &json!(url(other)).to_string());
    serde_json::from_value(chrome.evaluate(&compare)).unwrap()
}

/// How somebody sees who does not see all colours: the browser's own imitation of it.
const VISIONS: [(&str, &str); 2] = [("deuteranopia", "deuteranopia"), ("greyscale", "achromatopsia")];

fn look(chrome: &mut Chrome, page: &str, theme: &str, vision: &str) -> Vec<u8> {
    chrome.open(page, &format!("?theme={theme}"));
    chrome.call("Emulation.setEmulatedVisionDeficiency", json!({"type": vision}));
    let picture = chrome.picture(SCALE);
    chrome.call("Emulation.setEmulatedVisionDeficiency", json!({"type": "none"}));
    picture
}

#[test]
fn pages_look_as_they_did_when_somebody_looked() {
    let Some(mut chrome) = chrome() else { return };
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/report/pictures");
    let is_update = std::env::var_os("UPDATE_PICTURES").is_some();
    let mut all = Vec::new();
    for (name, history) in [
        ("failing", failing()),
        ("passing", passing()),
        ("unknown", unknown()),
    ] {
        let (_, _, page) = told(&history);
        for theme in ["light", "dark"] {
            all.push((format!("{name}-{theme}"), look(&mut chrome, &page, theme, "none")));
        }
    }
    let (_, _, page) = narrow(&json!(0));
    all.push((
        "undecided-light".to_owned(),
        look(&mut chrome, &page, "light", "none"),
    ));
    all.push((
        "error-light".to_owned(),
        look(&mut chrome, &error(), "light", "none"),
    ));
    let (_, _, page) = told(&failing());
    for (name, vision) in VISIONS {
        all.push((
            format!("failing-{name}"),
            look(&mut chrome, &page, "light", vision),
        ));
    }
    let all: Vec<(PathBuf, Vec<u8>)> = all
        .into_iter()
        .map(|(name, picture)| (folder.join(format!("{name}.png")), picture))
        .collect();
    if is_update {
        std::fs::create_dir_all(&folder).unwrap();
        for (path, picture) in &all {
            std::fs::write(path, picture).unwrap();
        }
    }
    for (path, picture) in &all {
        let before = std::fs::read(path).unwrap();
        let (different, height) = difference(&mut chrome, &before, picture);
        println!(
            "{}: {different:.2} % differ, height {height:.2} %",
            path.display()
        );
        if different > DIFFERENT_PERCENT || height > DIFFERENT_PERCENT {
            let seen = std::env::temp_dir().join(path.file_name().unwrap());
            std::fs::write(&seen, picture).unwrap();
            panic!(
                "{} differs ({different:.1} % of squares, height {height:.1} %): look at {}; if it is right, UPDATE_PICTURES=1",
                path.display(),
                seen.display()
            );
        }
    }
    // And the comparison can say no: light is not dark, and a failing run not a passing one.
    for (one, other) in [(0, 1), (0, 2), (2, 4)] {
        let (different, height) = difference(&mut chrome, &all[one].1, &all[other].1);
        assert!(
            different > DIFFERENT_PERCENT || height > DIFFERENT_PERCENT,
            "{different} {height}"
        );
    }
}
