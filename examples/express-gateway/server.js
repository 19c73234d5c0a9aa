// A page and its API on one host, with express-session: node server.js

const express = require("express");
const session = require("express-session");

const app = express();
if (process.env.TRUST_PROXY) app.set("trust proxy", Number(process.env.TRUST_PROXY));

const asked = {};
app.use((request, _response, next) => {
  if (request.path !== "/asked") {
    const line = `${request.method} ${request.path}`;
    asked[line] = (asked[line] ?? 0) + 1;
  }
  next();
});
app.get("/asked", (_request, response) => response.json(asked));

app.use(express.static("front"));
app.use("/api", express.json());
app.use("/api", session({
  secret: "an example's key",
  resave: false,
  saveUninitialized: false,
  cookie: { secure: true, httpOnly: true, sameSite: "lax" },
}));
app.post("/api/login", (request, response) => {
  if (request.body.password !== "correct horse") return response.status(400).json({ detail: "wrong password" });
  request.session.user = request.body.email;
  response.json({ detail: "welcome" });
});
app.get("/api/me", (request, response) => {
  if (!request.session.user) return response.status(401).json({ detail: "not logged in" });
  response.json({ user: request.session.user });
});

app.listen(Number(process.env.PORT ?? 4103), "127.0.0.1");
