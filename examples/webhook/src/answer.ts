export interface Approver {
  /** Approval's address, from our own configuration: a token goes nowhere else. */
  readonly approval: string;
  /** A token of the person who answers. */
  readonly token: string;
  readonly answer: "approve" | "deny";
}

/**
 * Calls back with the person's token. Saying the same again does no harm, so whoever is unsure says it again.
 * @returns what came of it; null when nobody could take the answer now
 */
export async function callBack(
  hold: string,
  { approval, token, answer }: Approver,
): Promise<string | null> {
  let response: Response;
  try {
    response = await fetch(new URL(`/v1/approvals/${hold}/answer`, approval), {
      method: "POST",
      redirect: "error",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ answer, reason: "by the example receiver" }),
    });
  } catch {
    return null;
  }
  if (response.status >= 500 || response.status === 429) return null;
  const said = (await response.json()) as { state?: string; message?: string };
  return said.state ?? said.message ?? `status ${response.status}`;
}
