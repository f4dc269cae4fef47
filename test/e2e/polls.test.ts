/** Polls and reactions of many, through the real server on both stores: over sockets and REST. */
import { expect, test } from "bun:test";
import { onBothStores } from "../support/both-stores.ts";
import { TestClient } from "../support/client.ts";
import { at, listAt, textAt } from "../support/json.ts";
import type { RestReply, TestServer } from "../support/server.ts";

/** Until another node, or the same one anew, has the rooms of one that was killed. */
const AWAY_MS_MAX = 40_000;
const CROWD = 120;
const CROWD_MS_MAX = 60_000;

let server: TestServer;

/** A node that was killed is missed until its lease ends: what is refused for that is asked again, as the protocol says. */
async function rest(user: string, method: string, path: string, body?: unknown): Promise<RestReply> {
  const headers = { "idempotency-key": crypto.randomUUID() };
  const deadline = performance.now() + AWAY_MS_MAX;
  for (;;) {
    const reply = await server.rest(method, `/v1/chat/rooms${path}`, { token: server.token({ user }), body, headers });
    if (reply.status !== 503 || performance.now() > deadline) return reply;
    await Bun.sleep(Number(at(reply.body, "error.details.retryAfterMs")));
  }
}

async function connect(user: string, wire: "msgpack" | "json" | "camel" | "snake"): Promise<TestClient> {
  return TestClient.connect(server, { token: server.token({ user }), wire });
}

onBothStores(
  { STOA_RATE_PER_SECOND: "100000", STOA_RATE_BURST: "100000" },
  (started) => {
    server = started;
  },
  () => {
    test("a poll is asked in one dialect, voted on in others, and told to all with the results of all votes", async () => {
      const clients = [
        await connect("ann", "msgpack"),
        await connect("bob", "json"),
        await connect("cleo", "camel"),
        await connect("dora", "snake"),
      ] as const;
      const [ann, bob, cleo, dora] = clients;
      await ann.ack({ type: "create_room", roomId: "asked", name: "Asked", roomType: "public" });
      for (const client of clients) await client.join("asked");
      const closesAt = new Date(Date.now() + 3_600_000).toISOString();
      const options = [{ text: "here" }, { text: "there" }, { text: "online" }];
      const poll = { question: "Where?", options, maxChoices: 2, closesAt };
      const messageId = textAt(await dora.say("asked", "", { messageType: "poll", poll }), "messageId");
      for (const client of clients) {
        expect(await client.message("asked", "Where?")).toMatchObject({
          messageId,
          poll: { question: "Where?", options: options.map((option) => ({ ...option, votes: 0 })), choicesMax: 2 },
        });
      }

      await ann.ack({ type: "vote_poll", roomId: "asked", messageId, choices: [0, 2] });
      await bob.ack({ type: "vote_poll", roomId: "asked", messageId, choices: [2] });
      await cleo.ack({ type: "vote_poll", roomId: "asked", messageId, choices: [1] });
      await cleo.ack({ type: "vote_poll", roomId: "asked", messageId, choices: [] });
      const voted = await rest("dora", "PUT", `/asked/messages/${messageId}/poll/vote`, { choices: [1, 2] });
      expect(at(voted.body, "data.poll")).toMatchObject({ voters: 3, mine: [1, 2], isClosed: false });
      for (const client of clients) {
        const results = await client.event("asked", "message_updated", (event) => {
          return at(event, "change.poll.voters") === 3 && JSON.stringify(at(event, "change.poll.votes")) === "[1,1,3]";
        });
        expect(results).not.toHaveProperty("by");
      }
      expect((await bob.refused({ type: "vote_poll", roomId: "asked", messageId, choices: [0, 1, 2] }))["code"]).toBe(
        "invalid_field",
      );

      const voters = await rest("ann", "GET", `/asked/messages/${messageId}/poll/voters?limit=2`);
      expect(listAt(voters.body, "data.voters")).toMatchObject([
        { userId: "ann", choices: [0, 2] },
        { userId: "bob", choices: [2] },
      ]);
      expect(at(voters.body, "data.pagination")).toMatchObject({ total: 3, hasMore: true, after: "bob" });
      const rest2 = await rest("ann", "GET", `/asked/messages/${messageId}/poll/voters?after=bob`);
      expect(listAt(rest2.body, "data.voters")).toMatchObject([{ userId: "dora", choices: [1, 2] }]);

      expect((await rest("cleo", "POST", `/asked/messages/${messageId}/poll/close`, {})).status).toBe(403);
      expect((await rest("dora", "POST", `/asked/messages/${messageId}/poll/close`, {})).status).toBe(200);
      expect((await bob.refused({ type: "vote_poll", roomId: "asked", messageId, choices: [0] }))["code"]).toBe(
        "poll_closed",
      );
      const late = await rest("bob", "PUT", `/asked/messages/${messageId}/poll/vote`, { choices: [0] });
      expect([late.status, at(late.body, "error.code")]).toEqual([409, "poll_closed"]);
      const history = await rest("bob", "GET", "/asked/messages");
      expect(at(history.body, "data.messages.0.poll")).toMatchObject({ isClosed: true, voters: 3, mine: [2] });
    });

    const secretVote = async () => {
      await rest("ann", "POST", "", { roomId: "secret", name: "Secret", type: "group", participants: ["bob"] });
      const poll = { question: "Fire Ann?", options: [{ text: "yes" }, { text: "no" }], anonymous: true };
      const sent = await rest("ann", "POST", "/secret/messages", { content: "", poll });
      expect(sent.status).toBe(201);
      const messageId = textAt(sent.body, "data.messageId");
      await rest("bob", "PUT", `/secret/messages/${messageId}/poll/vote`, { choices: [0] });
      await server.kill();
      await server.restart();
      const voters = await rest("ann", "GET", `/secret/messages/${messageId}/poll/voters`);
      expect([voters.status, at(voters.body, "error.code")]).toEqual([403, "forbidden"]);
      for (const [user, mine] of [
        ["ann", []],
        ["bob", [0]],
      ] as const) {
        const message = await rest(user, "GET", `/secret/messages/${messageId}`);
        expect(at(message.body, "data.poll")).toMatchObject({ isAnonymous: true, voters: 1, mine });
      }
      const changed = await rest("bob", "PUT", `/secret/messages/${messageId}/poll/vote`, { choices: [1] });
      expect(at(changed.body, "data.poll")).toMatchObject({
        options: [
          { text: "yes", votes: 0 },
          { text: "no", votes: 1 },
        ],
        voters: 1,
      });
      expect((await rest("ann", "GET", "/secret/messages/msg_1/poll/voters")).status).toBe(404);
    };
    test("of an anonymous poll only the voter is told what they chose, also after a restart", secretVote, CROWD_MS_MAX);

    test(
      "reactions are counted exactly beyond the names that are kept, and listed by pages",
      async () => {
        await rest("ann", "POST", "", { roomId: "liked", name: "Liked", type: "public" });
        const sent = await rest("ann", "POST", "/liked/messages", { content: "like me" });
        const messageId = textAt(sent.body, "data.messageId");
        const crowd = Array.from({ length: CROWD }, (_, i) => `u${String(i).padStart(3, "0")}`);
        await Promise.all(
          crowd.map(async (user) => {
            await rest(user, "POST", "/liked/join", {});
            const reacted = await rest(user, "POST", `/liked/messages/${messageId}/reactions`, { emoji: "👍" });
            expect(reacted.status).toBe(201);
          }),
        );
        const last = crowd.at(-1) ?? "";
        const again = await rest(last, "POST", `/liked/messages/${messageId}/reactions`, { emoji: "👍" });
        expect(at(again.body, "data.seq")).toBe(0);
        await rest("u000", "DELETE", `/liked/messages/${messageId}/reactions/${encodeURIComponent("👍")}`);

        const names: string[] = [];
        for (let after = ""; ; after = names.at(-1) ?? "") {
          const query = `emoji=${encodeURIComponent("👍")}&limit=50${after === "" ? "" : `&after=${after}`}`;
          const page = await rest("ann", "GET", `/liked/messages/${messageId}/reactions?${query}`);
          expect(at(page.body, "data.count")).toBe(CROWD - 1);
          names.push(...listAt(page.body, "data.users").map((user) => textAt(user, "userId")));
          if (at(page.body, "data.pagination.hasMore") !== true) break;
        }
        expect(names).toEqual(crowd.slice(1));

        for (const user of [last, "u000", "ann"]) {
          const message = await rest(user, "GET", `/liked/messages/${messageId}`);
          expect(at(message.body, "data.reactionCounts")).toEqual({ "👍": CROWD - 1 });
          expect(listAt(message.body, "data.reactions.👍")).toHaveLength(10);
          expect(at(message.body, "data.myReactions")).toEqual(user === last ? ["👍"] : []);
        }
        const all = await rest(last, "GET", `/liked/messages/${messageId}/reactions`);
        expect(listAt(all.body, "data.reactions")).toMatchObject([{ emoji: "👍", count: CROWD - 1, mine: true }]);
      },
      CROWD_MS_MAX,
    );
  },
);
