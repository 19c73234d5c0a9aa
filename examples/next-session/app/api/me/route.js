import { cookies } from "next/headers";
import { count } from "../../../asked";

export async function GET(request) {
  count(request);
  const session = cookies().get("session");
  if (!session) return Response.json({ detail: "not logged in" }, { status: 401 });
  return Response.json({ user: session.value });
}
