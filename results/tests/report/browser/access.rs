//! Names, roles and contrast, in both themes and on a narrow page. Where AXE_CORE names a copy of axe-core's script, its
//! rules are asked too.

use super::chrome::{Chrome, chrome};
use super::pictures::{failing, passing, unknown};
use crate::script::told;
use crate::several::several;
use crate::undecided::narrow;
use serde_json::{Value, json};

/// Texts with too little contrast to what is behind them: 4.5 to 1, large ones 3 to 1 (WCAG 2.2, 1.4.3).
const CONTRAST: &str = r"(() => {
  const parse = (colour) => { const n = colour.match(/[\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const over = (top, under) => under.map((part, place) => (place < 3 ? top[place] * top[3] + part * (1 - top[3]) : 1));
  const light = (colour) => colour.slice(0, 3).map((part) => { const c = part / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; })
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const ratio = (a, b) => { const [high, low] = [light(a), light(b)].sort((x, y) => y - x); return (high + 0.05) / (low + 0.05); };
  const behind = (element) => {
    const layers = [];
    for (let it = element; it; it = it.parentElement) layers.push(parse(getComputedStyle(it).backgroundColor));
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255, 1]);
  };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement, style = getComputedStyle(element);
    if (!node.data.trim() || !element.checkVisibility() || element.closest('script, style, svg')) continue;
    const size = parseFloat(style.fontSize), isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const got = ratio(parse(style.color), behind(element));
    if (got < (isLarge ? 3 : 4.5)) bad.push(`${got.toFixed(2)} ${node.data.trim().slice(0, 40)}`);
  }
  return bad;
})()";

/// What can be used or looked at and has no name.
fn nameless(chrome: &mut Chrome) -> Vec<String> {
    const NAMED: [&str; 12] = [
        "button",
        "link",
        "textbox",
        "searchbox",
        "combobox",
        "checkbox",
        "image",
        "img",
        "application",
        "region",
        "dialog",
        "group",
    ];
    chrome.call("Accessibility.enable", json!({}));
    let tree = chrome.call("Accessibility.getFullAXTree", json!({}));
    let is_nameless = |node: &&Value| {
        let role = node["role"]["value"].as_str().unwrap_or_default();
        let name = node["name"]["value"].as_str().unwrap_or_default();
        node["ignored"] == false && NAMED.contains(&role) && name.trim().is_empty()
    };
    let nodes = tree["nodes"].as_array().unwrap();
    assert!(nodes.len() > 100);
    nodes
        .iter()
        .filter(is_nameless)
        .map(|node| node["role"]["value"].to_string())
        .collect()
}

#[test]
fn everything_has_a_name_and_every_text_can_be_read() {
    let Some(mut chrome) = chrome() else { return };
    let narrow = narrow(&json!(0));
    for (name, page) in [
        ("failing", told(&failing()).2),
        ("several", told(&several(3)).2),
        ("passing", told(&passing()).2),
        ("unknown", told(&unknown()).2),
        ("undecided", narrow.2),
    ] {
        for theme in ["light", "dark"] {
            chrome.open(&page, &format!("?theme={theme}#op=0"));
            chrome.evaluate("document.querySelector('#as-table').click()");
            assert_eq!(nameless(&mut chrome), Vec::<String>::new(), "{name} {theme}");
            let bad = chrome.evaluate(CONTRAST);
            assert_eq!(bad, json!([]), "{name} {theme}");
            let headings = chrome.evaluate("[...document.querySelectorAll('h1, h2, h3')].filter((it) => it.checkVisibility()).map((it) => Number(it.tagName[1]))");
            let headings: Vec<u64> = serde_json::from_value(headings).unwrap();
            assert_eq!(headings.iter().filter(|level| **level == 1).count(), 1);
            let twice = chrome.evaluate("[...document.querySelectorAll('[id]')].map((it) => it.id).filter((id, place, all) => all.indexOf(id) !== place && !document.querySelector(`svg [id=${id}]`))");
            assert_eq!(twice, json!([]), "an id stands for one thing");
            axe(&mut chrome, name, theme);
        }
    }
    // And these checks can say no.
    chrome.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<button></button><p style=\"color:#999;background:#aaa\">pale</p>')");
    assert_eq!(nameless(&mut chrome), ["\"button\""]);
    assert_eq!(
        chrome.evaluate(CONTRAST)[0]
            .as_str()
            .unwrap()
            .split_once(' ')
            .unwrap()
            .1,
        "pale"
    );
}

/// Asks axe-core, where there is one, for serious findings.
fn axe(chrome: &mut Chrome, name: &str, theme: &str) {
    let Some(path) = std::env::var_os("AXE_CORE") else {
        return;
    };
    chrome.evaluate(&std::fs::read_to_string(path).unwrap());
    let found = chrome.evaluate("axe.run().then((all) => all.violations.filter((it) => ['serious', 'critical'].includes(it.impact)).map((it) => [it.id, it.nodes.map((node) => node.html.slice(0, 120))]))");
    println!("axe-core, {name}, {theme}: {found}");
    assert_eq!(found, json!([]));
}

#[test]
fn the_page_fits_a_telephone_and_moves_sideways_only_within_its_cards() {
    let Some(mut chrome) = chrome() else { return };
    let (_, _, page) = told(&failing());
    for (page, width) in [
        (&page, 360),
        (&page, 820),
        (&page, 1300),
        (&told(&several(5)).2, 360),
    ] {
        chrome.resize(width, 800);
        chrome.open(page, "");
        assert_eq!(
            chrome.evaluate("document.documentElement.scrollWidth"),
            width,
            "{width}"
        );
    }
    // Printed, it is the drawing of the whole run, without the tools and without the canvas.
    chrome.call("Emulation.setEmulatedMedia", json!({"media": "print"}));
    let shown = "['#tools', '#window', 'svg.whole-run'].map((name) => document.querySelector(name).checkVisibility())";
    assert_eq!(chrome.evaluate(shown), json!([false, false, true]));
}

#[test]
fn the_names_of_the_lanes_stay_while_the_drawing_moves_sideways() {
    let Some(mut chrome) = chrome() else { return };
    // For each name of the drawing that is shown: how far its copy is from it in height, and whether that is in the card.
    const NAMES: &str = "(() => {
      const card = document.querySelector('.picture').getBoundingClientRect();
      const scroll = [...document.querySelectorAll('.picture .scroll')].find((it) => it.checkVisibility());
      scroll.scrollLeft = 300;
      const boxes = (selector) => [...scroll.querySelectorAll(selector)].map((it) => it.getBoundingClientRect());
      const own = boxes('.timeline .lane-name, .timeline .client-name'), copies = boxes('.names .lane-name, .names .client-name');
      return own.map((box, place) => [Math.abs(box.top - copies[place].top) < 1, copies[place].left >= card.left && copies[place].right < card.right, box.right > card.left]);
    })()";
    let (_, _, page) = told(&failing());
    for reach in ["nearest", "all"] {
        chrome.resize(360, 800);
        chrome.open(&page, "");
        chrome.evaluate(&format!("document.querySelector('.reach .{reach}')?.click()"));
        let names: Vec<[bool; 3]> = serde_json::from_value(chrome.evaluate(NAMES)).unwrap();
        assert!(names.len() >= 8, "{reach}: {names:?}");
        assert!(
            names.iter().all(|it| *it == [true, true, false]),
            "{reach}: {names:?}"
        );
    }
    // And this check can say no.
    chrome.evaluate(
        "document.querySelectorAll('svg.names').forEach((it) => { it.style.position = 'static'; })",
    );
    let names: Vec<[bool; 3]> = serde_json::from_value(chrome.evaluate(NAMES)).unwrap();
    assert!(names.iter().all(|it| !it[1]), "{names:?}");
    // Where all of the drawing is seen they are not needed.
    chrome.resize(1_400, 800);
    let shown = "[...document.querySelectorAll('svg.names')].some((it) => it.checkVisibility())";
    assert_eq!(chrome.evaluate(shown), false);
}

#[test]
fn what_is_printed_is_light_whatever_the_screen_is() {
    let Some(mut chrome) = chrome() else { return };
    let (_, _, page) = told(&failing());
    let dark = json!([{"name": "prefers-color-scheme", "value": "dark"}]);
    let colours = "(() => { const style = getComputedStyle(document.querySelector('.card')); return [style.backgroundColor, style.color]; })()";
    for (after, features) in [("?theme=dark", json!([])), ("", dark)] {
        chrome.call(
            "Emulation.setEmulatedMedia",
            json!({"media": "screen", "features": features}),
        );
        chrome.open(&page, after);
        let screen = json!(["rgb(23, 27, 33)", "rgb(232, 235, 239)"]);
        assert_eq!(chrome.evaluate(colours), screen, "{after}");
        chrome.call(
            "Emulation.setEmulatedMedia",
            json!({"media": "print", "features": features}),
        );
        let paper = json!(["rgb(255, 255, 255)", "rgb(28, 33, 39)"]);
        assert_eq!(chrome.evaluate(colours), paper, "{after}");
    }
}

#[test]
fn a_flag_is_in_one_line_however_narrow_the_page_is() {
    let Some(mut chrome) = chrome() else { return };
    let history = failing();
    let (mut results, ..) = told(&history);
    let mut run = crate::ci::info();
    run.node_args = vec!["--bug".to_owned(), "accept-below-promise".to_owned()];
    results.run = Some(run);
    let coverage = results::coverage::Coverage::of(&history);
    let page = results::report_html(&results, &history, None, &coverage, None).unwrap();
    chrome.open(&page, "");
    let flags = "[...document.querySelectorAll('.detail .word, .replays .word')].filter((it) => it.textContent.startsWith('--'))";
    let words = chrome.evaluate(&format!("{flags}.map((it) => it.textContent)"));
    assert_eq!(words, json!(["--bug", "--times"]));
    let broken = |chrome: &mut Chrome| {
        (360..1_000)
            .step_by(8)
            .filter(|width| {
                chrome.resize(*width, 800);
                let is_broken =
                    format!("{flags}.some((it) => it.getClientRects().length > 1 || it.offsetHeight > 32)");
                chrome.evaluate(&is_broken) == true
            })
            .count()
    };
    assert_eq!(broken(&mut chrome), 0);
    // And this check can say no.
    chrome.evaluate("document.querySelectorAll('.word').forEach((it) => { it.style.display = 'inline'; })");
    assert!(broken(&mut chrome) > 0);
}
