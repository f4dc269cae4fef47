/** One webhook: how far it is, what its receiver refused, and what can be done about it. */
import { useState } from "preact/hooks";
import { Button } from "../../ui/button.tsx";
import { type Question, useAct, useAdmin } from "../context.ts";
import { ago, count, moment, plural } from "../format.ts";
import { usePolled } from "../live.ts";
import { Act, Card, Fact, Facts, Load, Pill, RowActs } from "../parts/basics.tsx";
import { Pager, Table, usePages } from "../parts/table.tsx";
import { hrefOf } from "../route.ts";
import { goTo } from "../use-route.ts";
import { HookState, hostOf, Secret, type Webhook } from "./feed.tsx";

interface Probed {
  readonly taken: boolean;
  readonly answer: string;
  readonly ms: number;
}
interface Letter {
  readonly letterId: string;
  readonly events: number;
  readonly attempts: number;
  readonly why: string;
  readonly at: string;
}
interface LetterPage {
  readonly deadLetters: readonly Letter[];
  readonly pagination: { readonly hasMore: boolean; readonly after: string | null };
}

const EVERY_MS = 5_000;

export function WebhookView({ webhookId }: { readonly webhookId: string }) {
  const { api } = useAdmin();
  const path = `/admin/webhooks/${encodeURIComponent(webhookId)}`;
  const loaded = usePolled(path, EVERY_MS, () => api.get<Webhook>(path));
  return (
    <>
      <a class="back" href={hrefOf(["feed"])}>
        ← Events
      </a>
      <Load loaded={loaded}>
        {(hook) => (
          <>
            <div class="grid-2">
              <About hook={hook} />
              <Acts hook={hook} path={path} reload={loaded.reload} />
            </div>
            <DeadLetters path={path} reload={loaded.reload} />
          </>
        )}
      </Load>
    </>
  );
}

function About({ hook }: { readonly hook: Webhook }) {
  const { url, description, types, rooms, delivered, deadLetters, lastDeliveredAt, failing, disabled, by } = hook;
  return (
    <Card title={hostOf(url)}>
      {failing !== null && (
        <div class="notice is-bad">
          <span>
            {plural(failing.attempts, "attempt")} failed since {moment(failing.since)}: {failing.why}
          </span>
        </div>
      )}
      <Facts>
        <Fact name="Address">
          <code>{url}</code>
        </Fact>
        <Fact name="State">
          <HookState hook={hook} />
        </Fact>
        {disabled !== null && (
          <Fact name="Disabled">
            {disabled.reason}, {moment(disabled.at)}
          </Fact>
        )}
        <Fact name="For">{description ?? "–"}</Fact>
        <Fact name="Wants">{types?.join(", ") ?? "everything"}</Fact>
        <Fact name="Rooms">{rooms?.join(", ") ?? "all"}</Fact>
        <Fact name="Delivered">{count(delivered)}</Fact>
        <Fact name="Passed over">{count(deadLetters)}</Fact>
        <Fact name="Last delivery">{ago(lastDeliveredAt)}</Fact>
        <Fact name="Made by">{by}</Fact>
      </Facts>
    </Card>
  );
}

interface ActsProps {
  readonly hook: Webhook;
  readonly path: string;
  readonly reload: () => void;
}

function Acts({ hook, path, reload }: ActsProps) {
  const { api, tell } = useAdmin();
  const act = useAct();
  const [secret, setSecret] = useState<string | undefined>(undefined);
  const name = hostOf(hook.url);
  const ping = (): void =>
    void api.send<Probed>("POST", `${path}/ping`).then(
      ({ taken, answer, ms }) => tell(`${name} ${taken ? "took it" : "refused it"}: ${answer}, in ${ms} ms.`),
      (failure: Error) => tell(failure.message),
    );
  const isOn = hook.state === "active";
  const turn = (): void =>
    act(isOn ? PAUSE(name) : RESUME(name), () => api.send("PATCH", path, { paused: isOn }), "Changed.", reload);
  const rotate = (): void =>
    act(
      ROTATE,
      async () => setSecret((await api.send<{ readonly secret: string }>("POST", `${path}/secret`)).secret),
      "It has another secret.",
      reload,
    );
  const replay = (): void =>
    act(REPLAY, ({ choice }) => api.send("POST", `${path}/replay`, placeOf(choice)), "It was set back.", reload);
  const remove = (): void =>
    act(
      REMOVE(name),
      () => api.send("DELETE", path),
      "The webhook is deleted.",
      () => goTo(["feed"]),
    );
  return (
    <Card title="What can be done">
      <ul class="act-list">
        <li>
          <span>Posts a test at once, and says what was answered.</span>
          <Button onClick={ping}>Test</Button>
        </li>
        <Act
          name={isOn ? "Pause" : "Go on"}
          what={isOn ? "Nothing is posted until it goes on." : "Goes on where it was."}
          onClick={turn}
        />
        <Act name="Set back" what="What came since then comes again." onClick={replay} />
        <Act name="New secret" what="For a day posts are signed with both." onClick={rotate} />
        <Act name="Delete" what="With what it passed over." onClick={remove} isDanger />
      </ul>
      {secret !== undefined && <Secret secret={secret} />}
    </Card>
  );
}

/** Hours back, or a place with a name. */
function placeOf(choice: string | undefined): object {
  if (choice === "beginning" || choice === "now") return { from: choice };
  return { since: new Date(Date.now() - Number(choice) * 3_600_000).toISOString() };
}

function DeadLetters({ path, reload }: { readonly path: string; readonly reload: () => void }) {
  const { api, tell } = useAdmin();
  const act = useAct();
  const pages = usePages();
  const place = `${path}/dead-letters`;
  const loaded = usePolled(`${place} ${pages.after}`, EVERY_MS, () =>
    api.get<LetterPage>(place, { after: pages.after }),
  );
  const changed = (): void => {
    loaded.reload();
    reload();
  };
  const again = (letterId: string): void =>
    void api.send<Probed>("POST", `${place}/${encodeURIComponent(letterId)}/replay`).then(
      ({ taken, answer }) => {
        tell(taken ? "It was taken." : `It was refused again: ${answer}.`);
        changed();
      },
      (failure: Error) => tell(failure.message),
    );
  const forget = (letterId: string): void =>
    act(FORGET, () => api.send("DELETE", `${place}/${encodeURIComponent(letterId)}`), "It is forgotten.", changed);
  return (
    <Card title="What its receiver refused" isFlush>
      <Load loaded={loaded}>
        {({ deadLetters, pagination }) => (
          <>
            <Table
              label="Dead letters"
              rows={deadLetters}
              keyOf={({ letterId }) => letterId}
              empty="Nothing was passed over."
              columns={[
                { name: "When", show: ({ at }) => <span class="nowrap">{moment(at)}</span> },
                { name: "Events", isNumber: true, show: ({ events }) => count(events) },
                { name: "Attempts", isNumber: true, show: ({ attempts }) => count(attempts) },
                { name: "Why", show: ({ why }) => <Pill tone="bad">{why}</Pill> },
                {
                  name: "",
                  show: ({ letterId }) => (
                    <RowActs>
                      <Button small onClick={() => again(letterId)}>
                        Post again
                      </Button>
                      <Button small onClick={() => forget(letterId)}>
                        Forget…
                      </Button>
                    </RowActs>
                  ),
                },
              ]}
            />
            <Pager
              pages={pages}
              next={pagination.hasMore && pagination.after !== null ? pagination.after : undefined}
            />
          </>
        )}
      </Load>
    </Card>
  );
}

const PAUSE = (name: string): Question => ({
  title: `Pause the webhook to ${name}?`,
  effect: "Nothing is posted until it goes on. Nothing is lost: it goes on where it was.",
  verb: "Pause",
});
const RESUME = (name: string): Question => ({
  title: `Go on with the webhook to ${name}?`,
  effect: "What came meanwhile is posted now, in order.",
  verb: "Go on",
});
const ROTATE: Question = {
  title: "Give it another secret?",
  effect: "It is shown once. For a day what is posted is signed with both, then with the new one alone.",
  verb: "New secret",
};
const REPLAY: Question = {
  title: "Set it back?",
  effect: "Everything behind that place is posted again, in order. Receivers know repetitions by room and number.",
  verb: "Set back",
  isDangerous: true,
  choices: {
    name: "To",
    options: [
      ["1", "an hour ago"],
      ["24", "a day ago"],
      ["168", "a week ago"],
      ["beginning", "the beginning of the feed"],
      ["now", "now: what waits is left out"],
    ],
  },
};
const REMOVE = (name: string): Question => ({
  title: `Delete the webhook to ${name}?`,
  effect: "Nothing is posted there any more, and what was passed over is forgotten. It cannot be brought back.",
  verb: "Delete webhook",
  isDangerous: true,
});
const FORGET: Question = {
  title: "Forget what was refused?",
  effect: "It is not posted again. The events themselves stay in their rooms.",
  verb: "Forget it",
  isDangerous: true,
};
