/** The socket's protocol as an AsyncAPI 3 document: what stands in docs/asyncapi.json and is served at /docs/asyncapi.json. */
import { CLOSE_CODES } from "./errors.ts";
import { SUBPROTOCOLS } from "./codec.ts";
import { clientFrameSchema, type JsonSchema, refTo } from "./json-schema.ts";
import { createSchema, type SchemaOptions } from "./schema.ts";
import { EVENT_SCHEMAS, SERVER_RECORDS, SERVER_SCHEMAS } from "./server-schemas.ts";

const VERSION = "1";

export function asyncApiDocument(options: SchemaOptions): JsonSchema {
  const client = Object.values(createSchema(options));
  const schemas: Record<string, JsonSchema> = { ...SERVER_RECORDS };
  const messages: Record<string, JsonSchema> = {};
  const add = (name: string, payload: JsonSchema, summary: string): void => {
    schemas[name] = payload;
    messages[name] = { name, title: name, summary, contentType: "application/json", payload: refTo(name) };
  };
  for (const spec of client) add(`client_${spec.type}`, clientFrameSchema(spec), `A client sends ${spec.type}.`);
  for (const [type, schema] of Object.entries(EVENT_SCHEMAS)) schemas[`event_${type}`] = schema;
  schemas["RoomEvent"] = { oneOf: Object.keys(EVENT_SCHEMAS).map((type) => refTo(`event_${type}`)) };
  for (const [type, schema] of Object.entries(SERVER_SCHEMAS)) add(type, schema, `The server sends ${type}.`);
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Stoa: the socket",
      version: VERSION,
      description: `Frames of the subprotocol ${SUBPROTOCOLS.json}. ${SUBPROTOCOLS.msgpack} has the same fields by position, the dialects have them under other names: see docs/PROTOCOL.md. ${closeCodes()}`,
      license: { name: "MIT" },
    },
    defaultContentType: "application/json",
    servers: {
      local: { host: "localhost:8080", protocol: "ws", security: [{ $ref: "#/components/securitySchemes/bearer" }] },
    },
    channels: {
      chat: {
        address: "/chat",
        description: "One WebSocket carries all rooms of a user.",
        messages: Object.fromEntries(
          Object.keys(messages).map((name) => [name, { $ref: `#/components/messages/${name}` }]),
        ),
        bindings: { ws: { method: "GET", query: TOKEN_QUERY, bindingVersion: "0.1.0" } },
      },
    },
    operations: {
      send: operation(
        "receive",
        "What a client sends.",
        client.map(({ type }) => `client_${type}`),
      ),
      receive: operation("send", "What a client gets.", Object.keys(SERVER_SCHEMAS)),
    },
    components: {
      schemas,
      messages,
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  };
}

const TOKEN_QUERY: JsonSchema = {
  type: "object",
  properties: { token: { type: "string", description: "A JWT, where no header can be set." } },
};

/** In AsyncAPI's words the application is the server: it receives what clients send. */
function operation(action: "send" | "receive", summary: string, names: readonly string[]): JsonSchema {
  const messages = names.map((name) => ({ $ref: `#/channels/chat/messages/${name}` }));
  return { action, summary, channel: { $ref: "#/channels/chat" }, messages };
}

function closeCodes(): string {
  const codes = Object.values(CLOSE_CODES).map(
    ({ code, reason, reconnect }) => `${code} ${reason}${reconnect ? " (reconnect)" : ""}`,
  );
  return `Close codes: ${codes.join(", ")}.`;
}
