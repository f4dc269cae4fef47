/** The frame around all views: where one can go, who one is, and what is asked before something is done. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { account, signOut } from "../ui/account.ts";
import { Icon, type IconName, Logo } from "../ui/icon.tsx";
import { IconButton } from "../ui/button.tsx";
import { setTheme, theme, type Theme } from "../ui/theme.ts";
import { toast } from "../ui/toast.tsx";
import type { AdminApi } from "./api.ts";
import { type Admin, AdminContext, type Question, useAdmin } from "./context.ts";
import { usePolled } from "./live.ts";
import { forgetOperator, setOperator } from "./operator.ts";
import { AskDialog, type Asked } from "./parts/ask-dialog.tsx";
import { problemsOf } from "./problems.ts";
import { type Overview, PulseHistory } from "./pulse-history.ts";
import { hrefOf, type Route } from "./route.ts";
import { useRoute } from "./use-route.ts";
import { AssistantView } from "./views/assistant.tsx";
import { AuditView } from "./views/audit.tsx";
import { DeliveryView } from "./views/delivery.tsx";
import { FeedView } from "./views/feed.tsx";
import { KeepingView } from "./views/keeping.tsx";
import { ModerationView } from "./views/moderation.tsx";
import { NodesView } from "./views/nodes.tsx";
import { OverviewView } from "./views/overview.tsx";
import { PeopleView } from "./views/people.tsx";
import { PersonView } from "./views/person.tsx";
import { RoomView } from "./views/room.tsx";
import { RoomsView } from "./views/rooms.tsx";
import { WebhookView } from "./views/webhook.tsx";

interface Place {
  readonly name: string;
  readonly title: string;
  readonly icon: IconName;
  readonly show: (route: Route) => ComponentChildren;
}

const PLACES: readonly Place[] = [
  { name: "overview", title: "Overview", icon: "poll", show: () => <OverviewView /> },
  { name: "nodes", title: "Nodes", icon: "server", show: () => <NodesView /> },
  {
    name: "rooms",
    title: "Rooms",
    icon: "chat",
    show: ({ parts: [, id] }) => (id === undefined ? <RoomsView /> : <RoomView key={id} roomId={id} />),
  },
  {
    name: "people",
    title: "People",
    icon: "people",
    show: ({ parts: [, id] }) => (id === undefined ? <PeopleView /> : <PersonView key={id} userId={id} />),
  },
  {
    name: "moderation",
    title: "Moderation",
    icon: "shield",
    show: ({ parts: [, tab, id] }) => <ModerationView tab={tab} roomId={id} />,
  },
  {
    name: "audit",
    title: "Audit log",
    icon: "file",
    show: ({ query }) => <AuditView key={JSON.stringify(query)} query={query} />,
  },
  {
    name: "delivery",
    title: "Delivery",
    icon: "send",
    show: ({ query }) => <DeliveryView key={JSON.stringify(query)} query={query} />,
  },
  {
    name: "keeping",
    title: "Keeping & erasing",
    icon: "archive",
    show: ({ parts: [, tab] }) => <KeepingView tab={tab} />,
  },
  {
    name: "feed",
    title: "Events",
    icon: "bell",
    show: ({ parts: [, id] }) => (id === undefined ? <FeedView /> : <WebhookView key={id} webhookId={id} />),
  },
  { name: "assistant", title: "Assistant", icon: "spark", show: () => <AssistantView /> },
];
const POLL_MS = 2_000;
/** Where an operator has not said who they are, asking every two seconds would be noise. */
const REFUSED_POLL_MS = 60_000;

export function Dashboard({ api }: { readonly api: AdminApi }) {
  const route = useRoute();
  const [asked, setAsked] = useState<Asked | undefined>(undefined);
  const { overview, history } = useOverview(api);
  const ask = (question: Question): ReturnType<Admin["ask"]> =>
    new Promise((resolve) => {
      const answered: Asked["answered"] = (answer) => {
        setAsked(undefined);
        resolve(answer);
      };
      setAsked({ question, answered });
    });
  const { userId: user = "", tenant = "" } = account.value ?? {};
  const admin: Admin = { api, user, tenant, ask, tell: (text) => toast(text), overview, history };
  const place = PLACES.find(({ name }) => name === (route.parts[0] ?? "overview")) ?? PLACES[0];
  return (
    <AdminContext.Provider value={admin}>
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        Skip to content
      </button>
      <div class="frame">
        <Side current={place?.name ?? ""} />
        <main id="main" tabIndex={-1}>
          <h1>{place?.title}</h1>
          {place?.show(route)}
        </main>
      </div>
      {asked !== undefined && <AskDialog key={asked.question.title} {...asked} />}
    </AdminContext.Provider>
  );
}

/** Only what is new is asked for. */
function useOverview(api: AdminApi): Pick<Admin, "overview" | "history"> {
  const history = useRef(new PulseHistory());
  const nodes = useRef<readonly string[]>([]);
  const [isRefused, setRefused] = useState(false);
  const overview = usePolled("overview", isRefused ? REFUSED_POLL_MS : POLL_MS, async () => {
    try {
      const read = await api.get<Overview>("/admin/overview", { since: history.current.since(nodes.current) });
      setRefused(false);
      history.current.add(read);
      nodes.current = read.nodes.map(({ node }) => node);
      return read;
    } catch (failure) {
      setRefused((failure as { readonly status?: number }).status === 403);
      throw failure;
    }
  });
  return { overview, history: history.current };
}

function Side({ current }: { readonly current: string }) {
  const { user, tenant, overview, history } = useAdmin();
  const { data } = overview;
  const worst = data === undefined ? undefined : problemsOf(data, history, Date.now())[0]?.level;
  const nav = useRef<HTMLElement>(null);
  // On a small screen it is one line that scrolls.
  useEffect(
    () =>
      nav.current
        ?.querySelector(`[href="${hrefOf([current])}"]`)
        ?.scrollIntoView({ block: "nearest", inline: "nearest" }),
    [current],
  );
  return (
    <header class="side">
      <a class="brand" href={hrefOf(["overview"])}>
        <Logo size={28} />
        <span>
          Stoa <small>{tenant}</small>
        </span>
      </a>
      <nav ref={nav} aria-label="Dashboard">
        {PLACES.map(({ name, title, icon }) => (
          <a key={name} href={hrefOf([name])} aria-current={current === name ? "page" : undefined}>
            <Icon name={icon} />
            <span>{title}</span>
            {name === "nodes" && worst !== undefined && (
              <i
                class={`dot-${worst}`}
                role="img"
                aria-label={worst === "bad" ? "something is down" : "needs attention"}
              />
            )}
          </a>
        ))}
      </nav>
      <div class="side-foot">
        <span class="cut" title={user}>
          {user}
        </span>
        <Operator />
        <ThemeButton />
        <IconButton icon="leave" label="Sign out" small onClick={leave} />
      </div>
    </header>
  );
}

function leave(): void {
  forgetOperator();
  signOut();
}

function Operator() {
  const { ask, overview } = useAdmin();
  if (overview.failure?.status !== 403) return null;
  const enter = async (): Promise<void> => {
    const answer = await ask({
      title: "See the whole server",
      effect:
        "Figures of all nodes and tenants together need the token of /metrics (STOA_METRICS_TOKEN). It is kept for this tab only.",
      verb: "Use it",
      reason: "required",
      reasonName: "Operator token",
    });
    if (answer?.reason === undefined) return;
    setOperator(answer.reason);
    overview.reload();
  };
  return <IconButton icon="lock" label="See the whole server" small onClick={() => void enter()} />;
}

const THEME_ICONS = { system: "system", light: "sun", dark: "moon" } as const satisfies Record<Theme, IconName>;
const NEXT: Readonly<Record<Theme, Theme>> = { system: "light", light: "dark", dark: "system" };

function ThemeButton() {
  const now = theme.value;
  return (
    <IconButton
      icon={THEME_ICONS[now]}
      label={`Colours: ${now === "system" ? "as the system says" : now}. Change`}
      small
      onClick={() => setTheme(NEXT[now])}
    />
  );
}
