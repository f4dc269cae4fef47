/** One person of the tenant: whether they are there and from where, whether they may come in, and what is done about them. */
import { type Question, useAct, useAdmin } from "../context.ts";
import { ago, count, moment } from "../format.ts";
import { type Loaded, usePolled } from "../live.ts";
import { Act, Pill, Card, Nothing, Fact, Facts, Load } from "../parts/basics.tsx";
import { Table } from "../parts/table.tsx";
import { hrefOf } from "../route.ts";
import { type Access, STATUS_TONES, What } from "./people.tsx";

interface Presence {
  readonly userId: string;
  readonly displayName: string | null;
  readonly status: string;
  readonly customStatus: string | null;
  readonly lastSeen: string | null;
}
interface Connection {
  readonly connectionId: string;
  readonly node: string;
  readonly transport: string;
  readonly address: string;
  readonly device: string;
  readonly userAgent: string;
  readonly connectedAt: string;
}

const EVERY_MS = 5_000;
const DAY_MS = 86_400_000;
const FOR_HOW_LONG: readonly (readonly [string, string])[] = [
  [String(DAY_MS / 24), "for an hour"],
  [String(DAY_MS), "for a day"],
  [String(7 * DAY_MS), "for a week"],
  [String(30 * DAY_MS), "for 30 days"],
  ["", "until reinstated"],
];

export function PersonView({ userId }: { readonly userId: string }) {
  const { api } = useAdmin();
  const id = encodeURIComponent(userId);
  const presence = usePolled(`user ${userId}`, EVERY_MS, () => api.get<Presence>(`/users/${id}`));
  const found = usePolled(`connections ${userId}`, EVERY_MS, () =>
    api.get<{ connections: readonly Connection[] }>("/admin/connections", { userId }),
  );
  const access = usePolled(`access of ${userId}`, EVERY_MS, async () => {
    const { entries } = await api.get<{ entries: readonly Access[] }>("/admin/access");
    return entries.filter((entry) => entry.userId === userId);
  });
  return (
    <>
      <a class="back" href={hrefOf(["people"])}>
        ← People
      </a>
      <div class="grid-2">
        <About userId={userId} presence={presence} access={access} connections={found.data?.connections.length} />
        <ActsCard
          userId={userId}
          isOut={access.data?.some(({ suspended }) => suspended === true) === true}
          reload={access.reload}
        />
      </div>
      <Card title="Connections" isFlush>
        <Load loaded={found}>
          {({ connections }) => (
            <Table
              label="Connections"
              rows={connections}
              keyOf={({ connectionId }) => connectionId}
              empty="Not connected to any node."
              columns={[
                {
                  name: "Device",
                  show: (one) => <b title={one.userAgent}>{one.device === "" ? "a program" : one.device}</b>,
                },
                { name: "Transport", show: ({ transport }) => transport },
                { name: "Address", show: ({ address }) => <code>{address === "" ? "–" : address}</code> },
                { name: "Node", isMinor: true, show: ({ node }) => node },
                { name: "Since", show: ({ connectedAt }) => ago(connectedAt) },
              ]}
            />
          )}
        </Load>
      </Card>
    </>
  );
}

interface AboutProps {
  readonly userId: string;
  readonly presence: Loaded<Presence>;
  readonly access: Loaded<readonly Access[]>;
  readonly connections: number | undefined;
}

function About({ userId, presence, access, connections }: AboutProps) {
  const { data, failure } = presence;
  if (failure?.status === 404) {
    return (
      <Card title={userId}>
        <Nothing>Nobody of this id was ever here. They can be suspended all the same.</Nothing>
        {access.data?.map((entry) => (
          <What key={entry.at} access={entry} />
        ))}
      </Card>
    );
  }
  return (
    <Card title={data?.displayName ?? userId}>
      <Load loaded={presence}>
        {({ status, customStatus, lastSeen }) => (
          <Facts>
            <Fact name="Id">
              <code>{userId}</code>
            </Fact>
            <Fact name="Status">
              <Pill tone={STATUS_TONES[status] ?? "quiet"}>{status}</Pill>
            </Fact>
            <Fact name="Says">{customStatus ?? "–"}</Fact>
            <Fact name="Last seen">{status === "offline" ? moment(lastSeen) : "now"}</Fact>
            <Fact name="Connections">{count(connections)}</Fact>
            <Fact name="May come in">
              <MayComeIn entries={access.data ?? []} />
            </Fact>
          </Facts>
        )}
      </Load>
    </Card>
  );
}

function MayComeIn({ entries }: { readonly entries: readonly Access[] }) {
  if (entries.length === 0) return <Pill tone="good">yes</Pill>;
  return (
    <>
      {entries.map((entry) => (
        <What key={entry.at} access={entry} />
      ))}
    </>
  );
}

interface ActsProps {
  readonly userId: string;
  readonly isOut: boolean;
  readonly reload: () => void;
}

function ActsCard({ userId, isOut, reload }: ActsProps) {
  const { api, user } = useAdmin();
  const act = useAct();
  const path = `/admin/users/${encodeURIComponent(userId)}`;
  const because = (reason: string | undefined): object => (reason === undefined ? {} : { reason });
  const disconnect = (): void =>
    act(
      DISCONNECT(userId),
      ({ reason }) => api.send("POST", `${path}/disconnect`, because(reason)),
      `${userId} was disconnected.`,
      reload,
    );
  const revoke = (): void =>
    act(
      REVOKE(userId),
      ({ reason }) => api.send("POST", `${path}/tokens/revoke`, because(reason)),
      `The tokens of ${userId} are revoked.`,
      reload,
    );
  const suspend = (): void =>
    act(
      SUSPEND(userId),
      ({ reason, choice }) => {
        const durationMs = choice === undefined || choice === "" ? {} : { durationMs: Number(choice) };
        return api.send("PUT", `${path}/suspension`, { ...because(reason), ...durationMs });
      },
      `${userId} is suspended.`,
      reload,
    );
  const reinstate = (): void =>
    act(
      { title: `Let ${userId} in again?`, effect: "They may connect again, with a good token.", verb: "Reinstate" },
      () => api.send("DELETE", `${path}/suspension`),
      `${userId} may come in again.`,
      reload,
    );
  const hold = (): void =>
    act(
      {
        title: `Legal hold on ${userId}?`,
        effect: "Nothing that they wrote is deleted, neither by age nor by an erasure, until the hold is lifted.",
        verb: "Place hold",
        reason: "optional",
      },
      ({ reason }) => api.send("PUT", `/admin/holds/users/${encodeURIComponent(userId)}`, because(reason)),
      `${userId} is on hold.`,
    );
  return (
    <Card title="What can be done">
      <ul class="act-list">
        <Act name="Disconnect" what="Ends their connections on all nodes; they may come back." onClick={disconnect} />
        <Act name="Revoke tokens" what="Every token issued until now is refused; new ones are good." onClick={revoke} />
        {isOut ? (
          <Act name="Reinstate" what="Lets them in again." onClick={reinstate} />
        ) : (
          <Act
            name="Suspend"
            what="Keeps them out, whatever their token."
            onClick={suspend}
            isDanger
            isOff={userId === user}
          />
        )}
        <Act name="Legal hold" what="Nothing of theirs is deleted any more." onClick={hold} />
        <li>
          <span>What they did, and what was done about them.</span>
          <a class="button is-plain" href={hrefOf(["audit"], { userId })}>
            Audit log
          </a>
        </li>
      </ul>
    </Card>
  );
}

const DISCONNECT = (userId: string): Question => ({
  title: `Disconnect ${userId}?`,
  effect: "All of their connections end, on all nodes, within two seconds. Their client may connect again at once.",
  verb: "Disconnect",
  reason: "optional",
});
const REVOKE = (userId: string): Question => ({
  title: `Revoke all tokens of ${userId}?`,
  effect: `Every token of ${userId} that was issued until now is refused, and connections with one end. It cannot be undone; new tokens are good.`,
  verb: "Revoke tokens",
  isDangerous: true,
  reason: "optional",
});
const SUSPEND = (userId: string): Question => ({
  title: `Suspend ${userId}?`,
  effect: "Their connections end and no token of theirs is accepted. What they wrote stays.",
  verb: "Suspend",
  isDangerous: true,
  reason: "optional",
  choices: { name: "How long", options: FOR_HOW_LONG },
});
