/**
 * The built SDK in Node: `node client-in-node.mjs MODULE URL TOKEN ROOM COUNT [ws]`. Joins, says COUNT messages, waits until all of
 * them came, prints what it saw as JSON.
 */
const [module, url, token, room, count, sockets] = process.argv.slice(2);
const { StoaClient } = await import(module);
const options = sockets === "ws" ? { WebSocket: (await import("ws")).default } : {};
const client = new StoaClient({ url, token, ...options });
const seen = [];
const transports = new Set();
client.on("message", ({ message }) => seen.push(message.content));
client.on("status", ({ state, transport }) => state === "open" && transports.add(transport));
await client.connect();
await client.join(room);
await Promise.all(Array.from({ length: Number(count) }, (_, i) => client.send(room, `n${i}`)));
while (seen.length < Number(count)) await new Promise((resolve) => setTimeout(resolve, 10));
client.close();
process.stdout.write(JSON.stringify({ seen, transports: [...transports], pending: client.pending.length }));
