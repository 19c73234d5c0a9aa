"use client";

import { useState } from "react";

export default function Page() {
  const [result, setResult] = useState("");

  async function submit(event) {
    event.preventDefault();
    const body = JSON.stringify(Object.fromEntries(new FormData(event.target)));
    const login = await fetch("/api/login", { method: "POST", body });
    const me = await fetch("/api/me");
    setResult(me.ok ? `Hello ${(await me.json()).user}` : `login ${login.status}, me ${me.status}`);
  }

  return (
    <form id="login" onSubmit={submit}>
      <label>Email <input name="email" type="email" /></label>
      <label>Password <input name="password" type="password" /></label>
      <button>Sign in</button>
      <p id="result" role="status">{result}</p>
    </form>
  );
}
