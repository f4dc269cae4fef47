/** The dashboard over two nodes: for operators alone, with figures of both, and with an alarm when one of them is killed. */
import { afterAll, beforeAll, expect } from "bun:test";
import { TestBrowser, type TestPage } from "../support/chromium.ts";
import { TestClient } from "../support/client.ts";
import { pageTest } from "../support/page-test.ts";
import { takePicture } from "../support/picture.ts";
import { redisIsThere } from "../support/redis-servers.ts";
import { TwoNodes } from "../support/two-nodes.ts";

const OPERATOR = "an-operator-token-of-the-tests";
const START_MS_MAX = 90_000;
const isThere = await redisIsThere();

let nodes: TwoNodes;
let browser: TestBrowser;
let opened: TestPage;

beforeAll(async () => {
  if (!isThere) return;
  [nodes, browser] = await Promise.all([TwoNodes.start({ STOA_METRICS_TOKEN: OPERATOR }), TestBrowser.start()]);
  const token = nodes.one.token({ user: "root", role: "admin" });
  const kept = [{ name: "stoa-account", value: JSON.stringify({ token }) }];
  opened = await browser.open(`${nodes.one.http}/admin`, {
    viewport: { width: 1_280, height: 720 },
    storageState: { cookies: [], origins: [{ origin: nodes.one.http, localStorage: kept }] },
  });
  opened.page.setDefaultTimeout(45_000);
}, START_MS_MAX);
afterAll(async () => {
  await browser?.stop();
  await nodes?.dispose();
});

pageTest(
  "figures of the server need the operator's token, and are of all nodes; a node that is killed strikes the eye",
  async () => {
    const { page } = opened;
    await page.getByText("are for operators").waitFor();
    expect(await page.getByText("Request to answer").count()).toBe(0);
    await page.getByRole("button", { name: "See the whole server" }).click();
    await page.getByLabel("Operator token").fill(OPERATOR);
    await page.getByRole("button", { name: "Use it" }).click();
    await page.getByText("2 nodes (").waitFor();
    const clients = await Promise.all(
      [nodes.one, nodes.two, nodes.two].map((node, i) =>
        TestClient.connect(node, { token: node.token({ user: `person-${i}` }), wire: "json" }),
      ),
    );
    await page.getByRole("img", { name: "Now: connections 3." }).waitFor();
    await page.evaluate("location.hash = '#/nodes'");
    const rows = page.getByRole("table", { name: "Nodes", exact: true }).locator("tbody tr");
    await rows.nth(1).waitFor();
    expect((await rows.locator("b").allTextContents()).toSorted()).toEqual(["one", "two"]);
    await nodes.two.kill();
    const alarm = page.getByRole("alert");
    await alarm.getByText("Node two is gone.").waitFor();
    await page.getByRole("img", { name: "something is down" }).waitFor();
    await rows.nth(1).waitFor({ state: "detached" });
    expect(await rows.count()).toBe(1);
    await takePicture(page, "dashboard-node-gone");
    await Promise.all(clients.slice(0, 1).map((client) => client.close()));
  },
  150_000,
  isThere,
);
