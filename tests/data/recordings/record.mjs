// Records the HARs beside this file, in a real Chromium, of the applications in `servers.mjs` under their own names:
//
//   node servers.mjs 41873 &
//   rehearsal up --map https://app.acme-shop.io=41873 --map https://api.acme-pay.net=41873 … --format json
//   npm i playwright-core@1 && node record.mjs SOCKS_PORT FOLDER
//
// Each flow is recorded twice: as Playwright writes a HAR, and as Chrome's own developer tools do. For the latter the tools'
// front end, which Chromium brings along, is opened beside the page, and its own exporter is asked.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [port, folder] = process.argv.slice(2);
const executablePath = process.env.CHROME_BIN ?? "/usr/bin/chromium";

const flows = {
  login: async (page) => {
    await page.goto("https://app.acme-shop.io/");
    await page.getByText("done").waitFor();
  },
  oauth: async (page) => {
    await page.goto("https://app.example-crm.com/");
    await page.click("#start");
    await page.click("#go");
    await page.waitForURL("**/login?error=state");
  },
  frame: async (page) => {
    await page.goto("https://www.example-daily.org/");
    await page.frameLocator("iframe").getByText("done").waitFor();
  },
};

const args = ["--no-sandbox", "--ignore-certificate-errors", "--disable-quic"];

async function playwright(name, flow) {
  const browser = await chromium.launch({
    executablePath,
    args,
    proxy: { server: `socks5://127.0.0.1:${port}` },
  });
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    recordHar: { path: join(folder, `${name}.playwright.har`) },
  });
  await flow(await context.newPage());
  await context.close();
  await browser.close();
}

async function chrome(name, flow) {
  const profile = mkdtempSync(join(tmpdir(), "recording-"));
  const program = spawn(executablePath, [
    ...args,
    "--headless=new",
    "--no-first-run",
    `--user-data-dir=${profile}`,
    `--proxy-server=socks5://127.0.0.1:${port}`,
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
    "about:blank",
  ]);
  try {
    let said = "";
    const endpoint = await new Promise((resolve) =>
      program.stderr.on("data", (text) => {
        said += text;
        const found = /DevTools listening on (\S+)/.exec(said);
        if (found) resolve(found[1]);
      }),
    );
    const at = new URL(endpoint).host;
    const browser = await chromium.connectOverCDP(`http://${at}`);
    const context = browser.contexts()[0];
    const page = context.pages()[0];
    const target = await (await context.newCDPSession(page)).send("Target.getTargetInfo");
    const session = await browser.newBrowserCDPSession();
    await session.send("Target.createTarget", {
      url: `devtools://devtools/bundled/devtools_app.html?ws=${at}/devtools/page/${target.targetInfo.targetId}&panel=network`,
    });
    const deadline = Date.now() + 30000;
    let tools;
    while (!tools && Date.now() < deadline) {
      const list = await (await fetch(`http://${at}/json/list`)).json();
      tools = list.find((one) => one.url.startsWith("devtools://"));
    }
    const socket = new WebSocket(tools.webSocketDebuggerUrl);
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    let last = 0;
    const evaluate = (expression) =>
      new Promise((resolve, reject) => {
        const id = ++last;
        const heard = (event) => {
          const message = JSON.parse(event.data);
          if (message.id !== id) return;
          socket.removeEventListener("message", heard);
          const failed = message.error ?? message.result.exceptionDetails;
          return failed ? reject(new Error(JSON.stringify(failed))) : resolve(message.result.result.value);
        };
        socket.addEventListener("message", heard);
        const params = { expression, awaitPromise: true, returnByValue: true };
        socket.send(JSON.stringify({ id, method: "Runtime.evaluate", params }));
      });
    await evaluate(`(async () => {
      for (;;) {
        const { TargetManager } = (await import("devtools://devtools/bundled/core/sdk/sdk.js")).TargetManager;
        if (TargetManager.instance().targets().length > 0) return;
        await new Promise((done) => setTimeout(done, 50));
      }
    })()`);
    // Requests of pages before are kept, as "Preserve log" does.
    await evaluate(`(async () => {
      const Common = await import("devtools://devtools/bundled/core/common/common.js");
      Common.Settings.Settings.instance().moduleSetting("network-log.preserve-log").set(true);
    })()`);
    await flow(page);
    const har = await evaluate(`(async () => {
      const HAR = await import("devtools://devtools/bundled/models/har/har.js");
      const Logs = await import("devtools://devtools/bundled/models/logs/logs.js");
      const requests = Logs.NetworkLog.NetworkLog.instance().requests();
      return JSON.stringify({ log: await HAR.Log.Log.build(requests, { sanitize: false }) }, null, 2);
    })()`);
    writeFileSync(join(folder, `${name}.chrome.har`), har);
    if (name === "login") {
      const without = await evaluate(`(async () => {
        const HAR = await import("devtools://devtools/bundled/models/har/har.js");
        const Logs = await import("devtools://devtools/bundled/models/logs/logs.js");
        const requests = Logs.NetworkLog.NetworkLog.instance().requests();
        return JSON.stringify({ log: await HAR.Log.Log.build(requests, { sanitize: true }) }, null, 2);
      })()`);
      writeFileSync(join(folder, `${name}.chrome-sanitized.har`), without);
    }
    await browser.close();
  } finally {
    const ended = new Promise((resolve) => program.on("exit", resolve));
    program.kill();
    await ended;
    rmSync(profile, { recursive: true, force: true });
  }
}

for (const [name, flow] of Object.entries(flows)) {
  for (const [dialect, record] of Object.entries({ playwright, chrome })) {
    try {
      await record(name, flow);
      console.log(`${name}: ${dialect}`);
    } catch (error) {
      console.error(`${name}: ${dialect}: ${error}`);
      process.exitCode = 1;
    }
  }
}
