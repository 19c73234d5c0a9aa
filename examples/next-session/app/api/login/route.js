import { cookies } from "next/headers";
import { count } from "../../../asked";

export async function POST(request) {
  count(request);
  const { email, password } = await request.json();
  if (password !== "correct horse") return Response.json({ detail: "wrong password" }, { status: 400 });
  cookies().set("session", email, {
    httpOnly: true,
    secure: true,
    sameSite: "lax",
    path: "/",
    domain: process.env.COOKIE_DOMAIN || undefined,
  });
  return Response.json({ detail: "welcome" });
}
