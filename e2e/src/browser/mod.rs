//! A real Chromium, used as a person would use it: what pages do in it, and the errors it reports.

use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;
use thirtyfour::{ChromeCapabilities, LoggingPrefsLogLevel};

use crate::api::eventually;

mod driver;
mod gate;
mod site;

pub use self::driver::{Driver, MISSING};
pub use self::gate::Gate;
pub use self::site::{Received, Site};

/// Lets the browser run unattended, in a container, and without calling home.
const ARGUMENTS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-US",
    // A page may be of a site that is not on the developer's own machine.
    "--host-resolver-rules=MAP *.example 127.0.0.1",
    // Its own name says that nobody looks at it, and such visits are not counted.
    "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/142.0.0.0 Safari/537.36",
];

/// A browser with a new profile and one window.
pub struct Browser {
    driver: WebDriver,
    _profile: TempDir,
}

/// The accessibility checker, unchanged from its package.
const AXE: &str = include_str!("../../vendor/axe-core/axe.min.js");

impl Browser {
    /// Opens a browser, runs `test` in it, and closes it whatever happens.
    ///
    /// # Panics
    /// If the browser does not start, or if a page has an error that `test` does not expect.
    pub async fn run(test: impl AsyncFnOnce(&Self)) {
        Self::run_in(HEADLESS, test).await;
    }

    /// The same in a whole Chromium, which keeps the pages that somebody leaves, to go back to them.
    ///
    /// # Panics
    /// As [`run`](Self::run).
    pub async fn run_whole(test: impl AsyncFnOnce(&Self)) {
        Self::run_in(WHOLE, test).await;
    }

    async fn run_in(program: &str, test: impl AsyncFnOnce(&Self)) {
        let profile = tempfile::tempdir().expect("a folder");
        let capabilities = capabilities(program, &profile).expect("capabilities");
        let driver = WebDriver::new(Driver::shared().url(), capabilities).await;
        let driver = driver.unwrap_or_else(|error| panic!("no browser: {error}"));
        let ended = driver.run_and_quit(async |driver| {
            let browser = Self { driver, _profile: profile };
            test(&browser).await;
            assert_eq!(browser.errors().await, [] as [String; 0], "the pages have errors");
            WebDriverResult::Ok(())
        });
        ended.await.expect("the browser closes");
    }

    /// Opens a page and waits until it is loaded.
    pub async fn open(&self, url: &str) {
        self.driver.goto(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// What a script returns; it may return a promise.
    pub async fn run_script<T: DeserializeOwned>(&self, script: &str) -> T {
        let result = self.driver.execute(script, vec![]).await;
        let result = result.unwrap_or_else(|error| panic!("{script}: {error}"));
        result.convert().unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Clicks on the element, as a mouse does.
    pub async fn click(&self, selector: &str) {
        let element = self.element(selector).await;
        element.click().await.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Types into the field in place of its content.
    pub async fn type_into(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        element.clear().await.expect("a field");
        element.send_keys(text).await.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// The visible text of the element.
    pub async fn text(&self, selector: &str) -> String {
        let script = format!("return document.querySelector({}).innerText", json!(selector));
        self.run_script(&script).await
    }

    /// The texts in a table's body, row by row, visible or not.
    pub async fn rows(&self, table: &str) -> Vec<Vec<String>> {
        let script = format!(
            "return [...document.querySelectorAll({})].map(\
               row => [...row.cells].map(cell => cell.textContent))",
            json!(format!("{table} tbody tr"))
        );
        self.run_script(&script).await
    }

    /// Waits until a script returns true.
    pub async fn until(&self, what: &str, script: &str) {
        let script = format!("return Boolean({script})");
        eventually(what, async || self.run_script::<bool>(&script).await.then_some(())).await;
    }

    /// Runs `script` before the scripts of every page that is opened from now on.
    pub async fn before_pages(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": script})).await;
    }

    /// Sends a command to the browser's developer tools.
    pub async fn devtools(&self, method: &str, parameters: Value) -> Value {
        let result = self.driver.cdp().send_raw(method, parameters).await;
        result.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Sets the size of the window, and whether the user prefers a dark page.
    pub async fn look(&self, width: u32, height: u32, is_dark: bool) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = if is_dark { "dark" } else { "light" };
        let feature = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": feature})).await;
    }

    /// A picture of the window, as PNG.
    pub async fn picture(&self) -> Vec<u8> {
        self.driver.screenshot_as_png().await.expect("a picture")
    }

    /// The accessibility violations of the page, one line each.
    pub async fn barriers(&self) -> Vec<String> {
        let check = "return axe.run().then(({ violations }) => violations.flatMap(\
             ({ id, impact, nodes }) => nodes.map(({ html }) => `${impact} ${id}: ${html}`)))";
        self.run_script::<Value>(&format!("{AXE}; window.axe = axe; return null")).await;
        self.run_script(check).await
    }

    /// The errors since the last call: of scripts, of the console, of the network, and breaches of a
    /// page's policy.
    pub async fn errors(&self) -> Vec<String> {
        let log = self.driver.browser_log().await.expect("a log");
        let is_error = |level: &str| level == "SEVERE";
        log.into_iter().filter(|e| is_error(&e.level)).map(|entry| entry.message).collect()
    }

    /// The warnings of the console since the last look at its log.
    pub async fn warnings(&self) -> Vec<String> {
        let log = self.driver.browser_log().await.expect("a log");
        log.into_iter().filter(|e| e.level == "WARNING").map(|entry| entry.message).collect()
    }

    /// Opens another window and works there from now on.
    pub async fn second_window(&self) {
        let window = self.driver.new_tab().await.expect("a window");
        self.driver.switch_to_window(window).await.expect("the window");
    }

    /// Closes this window and goes back to the first one.
    pub async fn close_window(&self) {
        self.driver.close_window().await.expect("it closes");
        let first = self.driver.windows().await.expect("windows").remove(0);
        self.driver.switch_to_window(first).await.expect("the window");
    }

    /// Goes back, like the browser's button.
    pub async fn back(&self) {
        self.driver.back().await.expect("a page");
    }

    async fn element(&self, selector: &str) -> WebElement {
        let query = self.driver.query(By::Css(selector)).wait(Duration::from_secs(10), POLL);
        query.first().await.unwrap_or_else(|error| panic!("{selector}: {error}"))
    }
}

/// How often an element is looked for.
const POLL: Duration = Duration::from_millis(20);

/// Chromium without the parts that only a person sees, where it is installed: it starts with a
/// tenth of the work. Not the script on the path: a browser outlives that when it is stopped.
const HEADLESS: &str = "/usr/lib/chromium/chromium-headless-shell";
/// All of Chromium, where that package installs it.
const WHOLE: &str = "/usr/lib/chromium/chromium";

fn capabilities(program: &str, profile: &TempDir) -> WebDriverResult<ChromeCapabilities> {
    let mut capabilities = DesiredCapabilities::chrome();
    for argument in ARGUMENTS {
        capabilities.add_arg(argument)?;
    }
    if Path::new(program).exists() {
        // The headless one takes no folder that is given; chromedriver makes one.
        capabilities.set_binary(program)?;
    } else {
        capabilities.add_arg(&format!("--user-data-dir={}", profile.path().display()))?;
    }
    capabilities.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    Ok(capabilities)
}
