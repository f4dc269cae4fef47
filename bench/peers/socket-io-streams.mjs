/**
 * Socket.IO on several Node processes with its Redis Streams adapter: what `socket-io.mjs` is, on NODES nodes. Ready when
 * each knows of the others. The stream is kept longer than by default, so that a node that lags behind loses nothing.
 */
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-streams-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";

const STREAM_ENTRIES_MAX = 1_000_000;

const nodes = Number(process.env.NODES ?? 2);
const redis = new Redis({ host: "127.0.0.1", port: Number(process.env.REDIS_PORT ?? 6379), protocol: 2 });
const http = createServer(async (_request, response) => {
  response.statusCode = (await io.of("/").adapter.serverCount()) === nodes ? 200 : 503;
  response.end("ready");
});
const io = new Server(http, { adapter: createAdapter(redis, { maxLen: STREAM_ENTRIES_MAX }) });

io.on("connection", (socket) => {
  let room = "lobby";
  socket.on("join", (name) => {
    room = name;
    socket.join(name);
    socket.emit("joined");
  });
  socket.on("message", (data) => {
    io.to(room).emit("message", data);
  });
});

http.listen(Number(process.env.PORT ?? 0), "127.0.0.1", 4096);
