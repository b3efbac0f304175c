//! A browser of its own for every test: started, told what to do, and stopped by what started it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use url::{ParseError, Url};

/// A browser; it ends with the value.
pub struct Browser {
    runtime: Runtime,
    client: Client,
    driver: Child,
    _profile: TempDir,
}

/// A command of `ChromeDriver` that `WebDriver` does not have.
#[derive(Debug)]
struct Own(&'static str, Value);

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.expect("there is a session"), self.0))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.1.to_string()))
    }
}

impl Browser {
    /// `None`, after a word on stderr, where there is no `ChromeDriver`.
    pub fn start() -> Option<Browser> {
        let mut command = Command::new("chromedriver");
        let Ok(mut driver) = command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn() else {
            // Past the harness, which keeps what a passing test prints.
            // Not captured, as what is printed by a test that passes is.
            let _ = std::io::stderr().write_all(b"skipped: no chromium found (chromedriver does not start)\n");
            return None;
        };
        let mut lines = BufReader::new(driver.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
        let started = lines.find(|line| line.contains("started successfully on port")).expect("it says its port");
        let port = started.trim_end_matches('.').rsplit(' ').next().expect("a line has a word").to_owned();
        let profile = tempfile::tempdir().unwrap();
        let flags = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1280,900",
        ];
        let mut arguments: Vec<String> = flags.map(str::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let wanted = json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        });
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            builder.capabilities(serde_json::from_value(wanted).unwrap());
            builder.connect(&format!("http://127.0.0.1:{port}")).await.expect("Chromium starts")
        });
        Some(Browser { runtime, client, driver, _profile: profile })
    }

    /// Opens a page and waits for it.
    pub fn open(&self, page: &Path) {
        let address = Url::from_file_path(page).expect("it is absolute");
        self.runtime.block_on(self.client.goto(address.as_str())).unwrap();
    }

    /// What an expression of JavaScript comes to.
    pub fn eval(&self, expression: &str) -> Value {
        self.runtime.block_on(self.client.execute(&format!("return ({expression});"), vec![])).unwrap()
    }

    /// A command of the `DevTools` protocol.
    pub fn devtools(&self, method: &str, parameters: &Value) -> Value {
        let body = json!({ "cmd": method, "params": parameters });
        self.runtime.block_on(self.client.issue_cmd(Own("goog/cdp/execute", body))).unwrap()
    }

    /// What came to a log since it was last asked for: `browser` or `performance`.
    pub fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.runtime.block_on(self.client.issue_cmd(Own("se/log", json!({ "type": kind })))).unwrap();
        entries.as_array().expect("a log is a list").clone()
    }

    /// A window of this size, in CSS pixels.
    pub fn resize(&self, width: u64, height: u64) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
        // The page answers to a new size in one of its next frames; a busy machine takes its time.
        let settled = format!(
            "window.innerWidth === {width} && [...document.querySelectorAll('#chart > .uplot')]
               .every((chart) => chart.offsetWidth <= chart.parentElement.clientWidth)"
        );
        until(|| self.eval(&settled) == true);
    }

    /// `light` or `dark`, on `screen` or in `print`.
    pub fn scheme(&self, medium: &str, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "media": medium, "features": features }));
    }

    /// A real click in the middle of what a selector finds. On a busy machine Chromium may still draw what was there before it
    /// scrolled, and says that the click would go elsewhere: then it is tried again.
    pub fn click(&self, selector: &str) {
        let into_view =
            format!("document.querySelector({selector:?}).scrollIntoView({{ block: 'center', behavior: 'instant' }})");
        let mut clicked = Ok(());
        for _ in 0..5 {
            self.eval(&into_view);
            self.still();
            let found = self.client.find(fantoccini::Locator::Css(selector));
            clicked = self.runtime.block_on(async { found.await.unwrap().click().await });
            if clicked.is_ok() {
                break;
            }
        }
        clicked.unwrap();
    }

    /// Opens what can be opened, as its click would.
    pub fn unfold(&self, selector: &str) {
        self.eval(&format!("document.querySelector({selector:?}).open = true"));
        self.still();
    }

    /// Waits until the page has not moved for 300 ms, at most 10 s.
    pub fn still(&self) {
        let place = || self.eval("[window.scrollX, window.scrollY, document.scrollingElement.scrollHeight]");
        let (mut last, mut same) = (place(), 0);
        until(|| {
            let now = place();
            same = if now == last { same + 1 } else { 0 };
            last = now;
            same == 3
        });
    }

    /// The mouse goes to a point of the window.
    pub fn hover(&self, x: f64, y: f64) {
        self.devtools("Input.dispatchMouseEvent", &json!({ "type": "mouseMoved", "x": x, "y": y }));
    }

    /// A key goes down and up.
    pub fn key(&self, name: &str, code: u32) {
        for kind in ["rawKeyDown", "keyUp"] {
            let key = json!({ "type": kind, "key": name, "code": name, "windowsVirtualKeyCode": code });
            self.devtools("Input.dispatchKeyEvent", &key);
        }
    }

    /// What the window shows, as a PNG.
    pub fn picture(&self) -> Vec<u8> {
        self.runtime.block_on(self.client.screenshot()).unwrap()
    }

    /// What a printer would get, as a PDF.
    pub fn print(&self) -> Vec<u8> {
        self.runtime.block_on(self.client.print(fantoccini::wd::PrintConfiguration::default())).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The end of the session ends Chromium; without it that would live on.
        let _ = self.runtime.block_on(self.client.clone().close());
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Waits until it is so, at most 10 s: what never comes, the test finds.
fn until(mut so: impl FnMut() -> bool) {
    for _ in 0..100 {
        std::thread::sleep(std::time::Duration::from_millis(100));
        if so() {
            return;
        }
    }
}
