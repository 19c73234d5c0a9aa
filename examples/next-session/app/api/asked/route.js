import { asked } from "../../../asked";

export const dynamic = "force-dynamic";

export async function GET() {
  return Response.json(asked);
}
