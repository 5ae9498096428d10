//! A browser, driven over the DevTools protocol: commands are answered, events are kept.
//!
//! The crates that wrap the whole protocol are tens of thousands of generated lines; the few commands here are JSON.

use base64::Engine;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tungstenite::{Message, WebSocket};

/// A browser with one page. It ends with the value.
pub struct Chrome {
    process: Child,
    socket: WebSocket<TcpStream>,
    session: String,
    commands: u64,
    /// What the page asked for and said since it was last opened.
    events: Vec<Value>,
    /// The page's file and the browser's profile.
    folder: tempfile::TempDir,
}

/// A browser, or none where there is none, which is said; with CI=true that is a failure.
pub fn chrome() -> Option<Chrome> {
    if Command::new("chromium").arg("--version").output().is_ok() {
        return Some(Chrome::start());
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "skipped: chromium is not installed"
    );
    println!("skipped: chromium is not installed");
    None
}

impl Chrome {
    fn start() -> Chrome {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new("chromium")
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ])
            .args(["--hide-scrollbars", "--remote-debugging-port=0", "about:blank"])
            .arg(format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = log
            .by_ref()
            .map(|line| line.unwrap())
            .find_map(|line| Some(line.split_once("listening on ")?.1.to_owned()))
            .expect("the browser says where it listens");
        // What it says later has to go somewhere, or it would stop at a full pipe.
        std::thread::spawn(move || log.for_each(drop));
        let host = address.trim_start_matches("ws://").split('/').next().unwrap();
        let stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(300))).unwrap();
        let (socket, _) = tungstenite::client(&address, stream).unwrap();
        let mut chrome = Chrome {
            process,
            socket,
            session: String::new(),
            commands: 0,
            events: Vec::new(),
            folder,
        };
        let target = chrome.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = chrome.call("Target.attachToTarget", attach);
        chrome.session = session["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Network", "Log", "DOM"] {
            chrome.call(&format!("{domain}.enable"), json!({}));
        }
        chrome.call("Page.setLifecycleEventsEnabled", json!({"enabled": true}));
        chrome.resize(1300, 1000);
        chrome
    }

    /// Sends a command and waits for its answer.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.commands += 1;
        let mut command = json!({"id": self.commands, "method": method, "params": params});
        if !self.session.is_empty() {
            command["sessionId"] = self.session.as_str().into();
        }
        self.socket.send(Message::text(command.to_string())).unwrap();
        loop {
            let Some(mut message) = self.read() else { continue };
            assert!(message["error"].is_null(), "{method}: {}", message["error"]);
            return message["result"].take();
        }
    }

    /// Reads on: the answer to the last command, or nothing, when it was an event, which is kept.
    fn read(&mut self) -> Option<Value> {
        let Message::Text(text) = self.socket.read().unwrap() else {
            return None;
        };
        let message: Value = serde_json::from_str(&text).unwrap();
        if message["id"] == self.commands {
            return Some(message);
        }
        self.events.push(message);
        None
    }

    /// What an expression is in the page; a promise is waited for.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut answer = self.call("Runtime.evaluate", params);
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {}",
            answer["exceptionDetails"]
        );
        answer["result"]["value"].take()
    }

    /// The text of the element that a selector finds first.
    pub fn text(&mut self, selector: &str) -> String {
        let text = self.evaluate(&format!(
            "document.querySelector({}).textContent",
            json!(selector)
        ));
        text.as_str().unwrap().to_owned()
    }

    /// How large the page's window is.
    pub fn resize(&mut self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// Writes a page into a file, opens it with something after its path, and waits until its picture is drawn.
    pub fn open(&mut self, page: &str, after: &str) {
        let path = self.folder.path().join("report.html");
        std::fs::write(&path, page).unwrap();
        self.go_to(&path, after);
        self.evaluate(
            "new Promise((done) => { const look = () => document.querySelector('#run').dataset.ready || document.querySelector('#data-problem').textContent ? requestAnimationFrame(() => requestAnimationFrame(done)) : setTimeout(look, 5); look(); }).then(() => 0)",
        );
    }

    /// Opens a file, whatever it does then.
    pub fn go_to(&mut self, path: &Path, after: &str) {
        // Another fragment alone would not load the page again.
        self.call("Page.navigate", json!({"url": "about:blank"}));
        self.events.clear();
        let url = format!("file://{}{after}", path.display());
        let loader = self.call("Page.navigate", json!({"url": url}))["loaderId"].take();
        // Not asked of the page, whose scripts may be off.
        let is_loaded = |event: &Value| {
            let is_load = event["method"] == "Page.lifecycleEvent" && event["params"]["name"] == "load";
            is_load && event["params"]["loaderId"] == loader
        };
        while !self.events.iter().any(is_loaded) {
            self.read();
        }
    }

    /// Presses a key, as a keyboard does. Names of more than one letter are those of keys: `Tab`, `Escape`.
    pub fn press(&mut self, key: &str) {
        let (text, code) = match key {
            "Tab" => ("", 9),
            "Enter" => ("\r", 13),
            "Escape" => ("", 27),
            key if key.len() == 1 => (key, 0),
            _ => ("", 0),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event = json!({"type": kind, "key": key, "text": text, "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", event);
        }
        self.settle();
    }

    /// Waits until what was asked for is drawn, and the address is written.
    pub fn settle(&mut self) {
        self.evaluate("new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 230)).then(() => 0)");
    }

    /// What the page asked the network for, itself left out.
    pub fn requests(&self) -> Vec<String> {
        let of = |event: &Value| {
            let is_request =
                event["method"] == "Network.requestWillBeSent" && event["params"]["type"] != "Document";
            let url = event["params"]["request"]["url"].as_str()?;
            (is_request && !url.starts_with("data:")).then(|| url.to_owned())
        };
        self.events.iter().filter_map(of).collect()
    }

    /// What is on the console.
    pub fn console(&self) -> Vec<String> {
        let methods = [
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
            "Log.entryAdded",
        ];
        let is_said = |event: &&Value| methods.iter().any(|method| event["method"] == *method);
        self.events
            .iter()
            .filter(is_said)
            .map(|event| event["params"].to_string())
            .collect()
    }

    /// The whole page as a PNG, at a scale.
    pub fn picture(&mut self, scale: f64) -> Vec<u8> {
        let size = self.call("Page.getLayoutMetrics", json!({}))["cssContentSize"].take();
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": scale});
        let options = json!({"format": "png", "clip": clip, "captureBeyondViewport": true});
        let picture = self.call("Page.captureScreenshot", options);
        let picture = picture["data"].as_str().unwrap();
        base64::engine::general_purpose::STANDARD.decode(picture).unwrap()
    }
}

impl Drop for Chrome {
    fn drop(&mut self) {
        // It takes its own children with it when it is asked; what is left then has gone already.
        let close = json!({"id": 0, "method": "Browser.close"});
        if self.socket.send(Message::text(close.to_string())).is_ok() {
            while self.socket.read().is_ok() {}
        } else {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}
