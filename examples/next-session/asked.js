// What was asked of the server, so that a test can show that nothing was asked twice.
export const asked = (globalThis.asked ??= {});

export function count(request) {
  const line = `${request.method} ${new URL(request.url).pathname}`;
  asked[line] = (asked[line] ?? 0) + 1;
}
