import { useState } from "react";
import { createRoot } from "react-dom/client";

const API = "https://api.cat-therapist-hub.com";
const credentials = import.meta.env.VITE_CREDENTIALS ?? "include";

function App() {
  const [result, setResult] = useState("");

  async function submit(event) {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.target));
    const headers = { "content-type": "application/json" };
    const login = await fetch(`${API}/login`, { method: "POST", credentials, headers, body: JSON.stringify(fields) });
    const me = await fetch(`${API}/me`, { credentials });
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

createRoot(document.getElementById("root")).render(<App />);
