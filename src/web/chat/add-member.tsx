/** Brings somebody into the room by their id. */
import { useSignal } from "@preact/signals";
import { Button } from "../ui/button.tsx";
import { attempt } from "./actions.ts";
import { session } from "./session.ts";

export function AddMember({ roomId }: { readonly roomId: string }) {
  const userId = useSignal("");
  const add = async (event: Event): Promise<void> => {
    event.preventDefault();
    const wanted = userId.value.trim();
    if (wanted === "") return;
    const done = await attempt(
      session().client.request({ type: "add_member", roomId, userId: wanted, role: "member" }),
      `${wanted} is in the room now.`,
    );
    if (done !== undefined) userId.value = "";
  };
  return (
    <form class="row" onSubmit={add}>
      <input
        class="input grow"
        placeholder="Add by user id"
        aria-label="Add by user id"
        value={userId.value}
        onInput={(event) => {
          userId.value = event.currentTarget.value;
        }}
      />
      <Button type="submit">Add</Button>
    </form>
  );
}
