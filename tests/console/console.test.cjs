// The console in a real browser: what a newcomer does, and what every page owes to whoever reads it.
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { after, before, test: named } = require("node:test");
const { chromium } = require("playwright-core");
const kiln = require("./kiln.cjs");

const AXE = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const CHROMIUM = process.env.PATH.split(path.delimiter)
  .map((folder) => path.join(folder, "chromium"))
  .find((program) => fs.existsSync(program));
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
// A type that no map serves, until the overlay says that it is like ADT^A01.
const MESSAGE = [
  "MSH|^~\\&|DESK|NORTH|KILN|LAKE|20260102030405||ADT^Z01^ADT_A01|D1|P|2.5.1",
  "EVN|A01|20260102030405",
  "PID|1||4711^^^NORTH^MR||Marlow^Ida||19700101|F",
  "PV1|1|I|4W^412^A||||||||||||||||88^^^NORTH^VN",
];
const OVERLAY = "map: ADT_A01\nevents: [ADT^Z01]\n";
const SCREENS = {
  desktop: { viewport: { width: 1400, height: 900 } },
  phone: { viewport: { width: 390, height: 844 } },
  dark: { viewport: { width: 1400, height: 900 }, colorScheme: "dark" },
};

// Where pictures for the documentation go; none are taken without.
const PICTURES = process.env.KILN_PICTURES;
const PAGES = ["/", "/messages", "/messages/message?at=0/0", "/dead", "/playground", "/playground?example=adt-a01-admit-medical.hl7"];

// What is waited for without an end of its own ends with its test.
const TIMEOUT_MS = 300_000;
const test = (name, what) => named(name, { timeout: TIMEOUT_MS }, what);

let served;
let browser;

before(async () => {
  served = await kiln.start();
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
});

after(async () => {
  await browser?.close();
  assert.equal(await served?.stop(), 0);
});

// A page of a fresh browser, and what its console complains of.
async function open(options, at) {
  const context = await browser.newContext({ baseURL: served.address, ...options });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (said) => ["error", "warning"].includes(said.type()) && complaints.push(said.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  const answer = await page.goto(at);
  assert.equal(answer.status(), 200, at);
  return { page, complaints, close: () => context.close() };
}

// A picture of what a newcomer sees there.
async function picture(page, name) {
  if (PICTURES) await page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
}

test("a newcomer gets from a dead letter to an overlay and to FHIR", async () => {
  served.send(`${MESSAGE.join("\r")}\r`);
  const { page, complaints, close } = await open(SCREENS.desktop, "/dead");
  while (!(await page.getByText("One waits for a decision").isVisible())) await page.reload();
  await picture(page, "dead-letters");
  await page.getByRole("button", { name: "Look at them" }).click();
  assert.equal(await page.getByText("Marlow").count(), 0);
  await page.getByLabel("Your name").fill("Ida");
  await page.getByLabel("Purpose").fill("ticket 4711");
  await page.getByRole("button", { name: "Show what they say" }).click();
  await page.getByText("Marlow^Ida").first().waitFor();
  await page.getByRole("button", { name: "Try it in the playground" }).click();

  await page.getByText("no map for message type ADT^Z01").waitFor();
  await page.getByLabel("Overlay").fill(OVERLAY);
  const family = page.locator(".json li", { hasText: '"family": "Marlow"' }).first();
  await family.waitFor();
  // Pointing at either side lights up the other.
  const source = page.locator('[data-at^="2.5.1.1"]').first();
  await source.hover();
  await page.waitForFunction((line) => line.classList.contains("lit"), await family.elementHandle());
  await picture(page, "playground");
  await page.mouse.move(0, 0);
  await family.locator("a").first().focus();
  await page.waitForFunction((value) => value.classList.contains("lit"), await source.elementHandle());

  const inForce = async () => (await (await page.request.get("/readyz")).json()).mapping.version;
  const version = await inForce();
  fs.writeFileSync(path.join(served.overlay, "desk.yaml"), OVERLAY);
  while ((await inForce()) === version);
  await page.goto("/dead");
  await page.getByRole("button", { name: "Retry all 1" }).click();
  await page.getByText("1 retried.").waitFor();
  await page.goto("/");
  await page.getByRole("rowheader", { name: "Encounter" }).waitFor();
  await picture(page, "flow");
  assert.deepEqual(complaints, []);
  await close();
});

test("a message is found, looked into and replayed", async () => {
  served.send(`${MESSAGE.join("\r").replace("Z01", "A01").replace("|D1|", "|D2|")}\r`);
  const { page, complaints, close } = await open(SCREENS.desktop, "/messages");
  await page.getByLabel("Control id (MSH-10)").fill("D2");
  await page.getByRole("button", { name: "Find" }).click();
  await page.getByText("One found.").waitFor();
  await page.getByRole("link", { name: "D2" }).click();
  while (!(await page.getByText("Emitted by maps").isVisible())) await page.reload();
  assert.equal(await page.getByText("Marlow").count(), 0);
  await page.getByLabel("Your name").fill("Ida");
  await page.getByLabel("Purpose").fill("ticket 4712");
  await page.getByRole("button", { name: "Show what they say" }).click();
  await page.getByText('"family": "Marlow"').first().waitFor();
  await page.getByRole("button", { name: "Replay by the maps in force" }).click();
  await page.getByText("were emitted behind what was there").waitFor();
  await page.getByRole("link", { name: "What became of it" }).click();
  await page.getByText("Emitted by the replay console").waitFor();
  await picture(page, "message");
  assert.deepEqual(complaints, []);
  await close();
});

test("the playground works without a script", async () => {
  const { page, close } = await open({ ...SCREENS.desktop, javaScriptEnabled: false }, "/playground");
  await page.getByLabel("HL7v2 message").fill(MESSAGE.join("\n").replace("Z01", "A01"));
  await page.getByRole("button", { name: "Convert" }).click();
  const family = page.locator(".json li", { hasText: '"family": "Marlow"' }).first();
  await family.getByRole("link").first().click();
  assert.match(page.url(), /#p2\.5\.1\.1/);
  await close();
});

for (const [screen, options] of Object.entries(SCREENS)) {
  test(`every page can be read by everybody: ${screen}`, async (t) => {
    for (const at of PAGES) {
      const { page, complaints, close } = await open(options, at);
      // What drives the browser may run code that the page's own policy forbids.
      await page.evaluate(AXE);
      const { violations } = await page.evaluate((rules) => window.axe.run({ runOnly: rules }), WCAG);
      const told = violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
      assert.deepEqual(told, [], at);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      assert.equal(wide, false, `${at} is wider than the screen`);
      const bytes = await page.evaluate(() =>
        performance
          .getEntries()
          .filter((entry) => entry.encodedBodySize)
          .reduce((sum, entry) => sum + entry.encodedBodySize, 0),
      );
      t.diagnostic(`${at}: ${Math.round(bytes / 1024)} KiB`);
      assert.deepEqual(complaints, [], at);
      await close();
    }
  });
}

// Figures, not verdicts: the machine may have other work.
test("how soon a page is there", async (t) => {
  for (const at of PAGES) {
    const paints = [];
    while (paints.length < 5) {
      const { page, close } = await open(SCREENS.desktop, at);
      const paint = await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
      paints.push(Math.round(await paint.jsonValue()));
      await close();
    }
    paints.sort((one, other) => one - other);
    t.diagnostic(`${at}: first paint after ${paints[2]} ms, at most ${paints[4]} ms`);
  }
});
