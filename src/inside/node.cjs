// Gives Node's own clients (fetch, WebSocket, http and https) the gateway of a rehearsal: before version 24 they know no
// proxy variables. It is loaded before the program by NODE_OPTIONS, and touches nothing else of it.
"use strict";
const net = require("node:net");
const tls = require("node:tls");
const http = require("node:http");
const https = require("node:https");

const gateway = new URL(process.env.REHEARSAL_GATEWAY);
const direct = new Set((process.env.NO_PROXY ?? "").split(",").map((name) => name.trim()).filter(Boolean));

// A byte stream to a host and port of the world: an HTTP CONNECT through the gateway.
function tunnel(host, port, done) {
  const socket = net.connect({ host: gateway.hostname, port: Number(gateway.port) });
  let answer = "";
  const fail = (error) => {
    socket.destroy();
    done(error);
  };
  const hear = (chunk) => {
    answer += chunk.toString("latin1");
    if (!answer.includes("\r\n\r\n")) return;
    socket.off("data", hear);
    socket.off("error", fail);
    socket.off("end", hangUp);
    if (/^HTTP\/1\.1 2/.test(answer)) done(null, socket);
    else fail(new Error(`${host}:${port} is not in this world (${answer.split("\r\n")[0]})`));
  };
  const hangUp = () => fail(new Error("the gateway hung up"));
  socket.once("error", fail);
  socket.once("end", hangUp);
  socket.on("data", hear);
  const name = net.isIPv6(host) ? `[${host}]` : host;
  socket.write(`CONNECT ${name}:${port} HTTP/1.1\r\nHost: ${name}:${port}\r\n\r\n`);
}

function open(options, secure, done) {
  const host = (options.hostname || options.host || "localhost").replace(/^\[|\]$/g, "");
  const port = options.port || (secure ? 443 : 80);
  const wrap = (socket) => {
    const servername = options.servername || (net.isIP(host) ? undefined : host);
    const ALPNProtocols = options.ALPNProtocols || ["http/1.1"];
    const safe = tls.connect({ ...options, host: undefined, port: undefined, path: undefined, socket, servername, ALPNProtocols });
    const fail = (error) => done(error);
    safe.once("error", fail);
    safe.once("secureConnect", () => {
      safe.off("error", fail);
      done(null, safe);
    });
  };
  if (options.socketPath || direct.has(host)) {
    const socket = net.connect(options.socketPath ? { path: options.socketPath } : { host, port });
    const fail = (error) => done(error);
    socket.once("error", fail);
    socket.once("connect", () => {
      socket.off("error", fail);
      secure ? wrap(socket) : done(null, socket);
    });
    return;
  }
  tunnel(host, port, (error, socket) => {
    if (error) done(error);
    else if (secure) wrap(socket);
    else done(null, socket);
  });
}

http.globalAgent.createConnection = (options, done) => void open(options, false, done);
https.globalAgent.createConnection = (options, done) => void open(options, true, done);

// The client behind fetch is made at its first use, and is found by this symbol (undici).
const slot = Symbol.for("undici.globalDispatcher.1");
if (typeof fetch === "function") {
  fetch("data:,").catch(() => {});
  const Agent = globalThis[slot]?.constructor;
  if (Agent) globalThis[slot] = new Agent({ connect: (options, done) => open(options, options.protocol === "https:", done) });
}
