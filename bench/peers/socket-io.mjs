/**
 * What people pick today: Socket.IO on Node with its default engine, one process, no adapter, no store.
 * Run with Node. Compression stays off, as it is by default.
 */
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer((_request, response) => response.end("ready"));
const io = new Server(http);

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
