/** What is wrong strikes the eye; that nothing is wrong is said in one line. */
import { useAdmin } from "../context.ts";
import { plural } from "../format.ts";
import { problemsOf } from "../problems.ts";

export function Problems() {
  const { overview, history } = useAdmin();
  const { data, failure } = overview;
  if (failure !== undefined && failure.status === 0) {
    return (
      <div class="alarm alarm-bad" role="alert">
        <strong>The server does not answer</strong>
        <span>What is shown is from before. It is tried again every two seconds.</span>
      </div>
    );
  }
  if (failure?.status === 401) {
    return (
      <div class="alarm alarm-bad" role="alert">
        <strong>Sign in again</strong>
        <span>{failure.message} What is shown is from before.</span>
      </div>
    );
  }
  if (data === undefined) return null;
  const problems = problemsOf(data, history, Date.now());
  const instances = data.nodes.map(({ instance }) => instance).join(", ");
  if (problems.length === 0) {
    return (
      <div class="alarm alarm-good" role="status">
        <strong>All is well</strong>
        <span>
          {plural(data.nodes.length, "node")} ({instances}), every part healthy.
        </span>
      </div>
    );
  }
  const worst = problems[0]?.level ?? "warn";
  return (
    <div class={`alarm alarm-${worst}`} role="alert">
      <strong>{plural(problems.length, "thing needs", "things need")} attention</strong>
      <ul>
        {problems.map(({ level, what, detail }) => (
          <li key={what + detail} class={`problem-${level}`}>
            <b>{what}.</b> {detail}
          </li>
        ))}
      </ul>
    </div>
  );
}
