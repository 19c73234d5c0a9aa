// Three small applications with a fault each, told apart by their host: what the recordings beside this file were made of.
// `node servers.mjs PORT` listens on the loopback interface alone.

import http from "node:http";

const page = (body, script = "") =>
  `<!doctype html><link rel="icon" href="data:,"><title>app</title>${body}<script>${script}</script>`;
const cookies = (request) =>
  Object.fromEntries(
    (request.headers.cookie ?? "").split(/; */).filter(Boolean).map((pair) => pair.split("=", 2)),
  );
const html = (response, text, headers = {}) => {
  response.writeHead(200, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store", ...headers });
  response.end(text);
};
const json = (response, status, value, headers = {}) => {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers });
  response.end(JSON.stringify(value));
};
const to = (response, location, headers = {}) => {
  response.writeHead(302, { location, "cache-control": "no-store", ...headers });
  response.end();
};

const shop = {
  // The page logs in, then asks who it is.
  "app.acme-shop.io": (request, response) =>
    html(
      response,
      page(
        '<p id="said"></p>',
        `const api = "https://api.acme-pay.net", include = { credentials: "include" };
         addEventListener("load", async () => {
           await fetch(api + "/login", { ...include, method: "POST", headers: { "content-type": "application/json" },
             body: JSON.stringify({ email: "ada.lovelace@acme-shop.io", password: "correct horse" }) });
           const me = await fetch(api + "/me", include);
           said.textContent = "done " + me.status;
         });`,
      ),
    ),
  // Its session is SameSite=Lax, and the page is another site's.
  "api.acme-pay.net": (request, response, path) => {
    const cors = {
      "access-control-allow-origin": "https://app.acme-shop.io",
      "access-control-allow-credentials": "true",
      vary: "origin",
    };
    if (request.method === "OPTIONS") {
      response.writeHead(204, {
        ...cors,
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "content-type",
      });
      return response.end();
    }
    if (path === "/login") {
      const line = "session=eyJhbGciOiJIUzI1NiJ9.s3cr3t; Path=/; HttpOnly; Secure; SameSite=Lax";
      return json(response, 200, { user: "Ada Lovelace", id: 48151623 }, { ...cors, "set-cookie": line });
    }
    const known = "session" in cookies(request);
    return json(response, known ? 200 : 401, known ? { user: "Ada Lovelace" } : { detail: "who are you?" }, cors);
  },
};

const crm = {
  "app.example-crm.com": (request, response, path, url) => {
    const known = cookies(request);
    if (path === "/callback") {
      // The state was set SameSite=Strict, and whoever comes back comes from another site.
      return known.oauth_state === url.searchParams.get("state")
        ? to(response, "/", { "set-cookie": "crm_session=5e55; Path=/; Secure; HttpOnly; SameSite=Lax" })
        : to(response, "/login?error=state");
    }
    if (path === "/auth/start") {
      const back = encodeURIComponent("https://app.example-crm.com/callback");
      return to(response, `https://idp.example-id.net/authorize?client_id=crm&state=n0nce&redirect_uri=${back}`, {
        "set-cookie": "oauth_state=n0nce; Path=/; Secure; HttpOnly; SameSite=Strict",
      });
    }
    if (path === "/login") return html(response, page('<a id="start" href="/auth/start">Log in</a>'));
    return "crm_session" in known ? html(response, page("<p>Welcome</p>")) : to(response, "/login");
  },
  "idp.example-id.net": (request, response, path, url) => {
    if (path === "/authorize" && "idp_session" in cookies(request)) {
      return to(response, `${url.searchParams.get("redirect_uri")}?code=c0de&state=${url.searchParams.get("state")}`);
    }
    if (path === "/authorize") return to(response, `/signin?continue=${encodeURIComponent(url.pathname + url.search)}`);
    if (request.method === "POST") {
      return to(response, url.searchParams.get("continue"), {
        "set-cookie": "idp_session=1d9; Path=/; Secure; HttpOnly; SameSite=Lax",
      });
    }
    return html(
      response,
      page('<form method="post"><input name="user" value="ada"><input name="password" value="pw"><button id="go">Go</button></form>'),
    );
  },
};

const news = {
  "www.example-daily.org": (request, response) =>
    html(response, page('<h1>News</h1><iframe src="https://comments.example-widget.net/embed"></iframe>')),
  // The widget has no SameSite: what it sets in its frame is Lax for some browsers.
  "comments.example-widget.net": (request, response, path) => {
    if (path === "/embed") {
      return html(
        response,
        page(
          '<p id="said"></p>',
          `addEventListener("load", async () => {
             const answer = await fetch("/api/thread");
             said.textContent = "done " + answer.status;
           });`,
        ),
        { "set-cookie": "reader=r34der; Path=/; Secure; HttpOnly" },
      );
    }
    const known = "reader" in cookies(request);
    return json(response, known ? 200 : 401, known ? { comments: [] } : { detail: "no reader" });
  },
};

const hosts = { ...shop, ...crm, ...news };

http
  .createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const url = new URL(request.url, `https://${request.headers.host}`);
      const app = hosts[url.hostname];
      if (app) return app(request, response, url.pathname, url);
      response.writeHead(404);
      response.end();
    });
  })
  .listen(Number(process.argv[2]), "127.0.0.1");
