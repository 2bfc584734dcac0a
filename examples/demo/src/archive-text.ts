import type { ArchiveReader } from "@sallyport/evidence";

/** Everything that the archive tells, as one text: events as written, results as they left. */
export async function archiveText(reader: ArchiveReader): Promise<string> {
  const parts: string[] = [];
  for (const session of await reader.sessions()) {
    const { events, commands } = await reader.read(session);
    for (const { raw } of events) parts.push(raw.toString("utf8"));
    for (const { verdicts, approvals, rows, text, copy } of commands) {
      for (const { raw } of [...verdicts, ...approvals]) parts.push(raw.toString("utf8"));
      for (const body of [...rows, ...text, ...copy]) parts.push(body.toString("utf8"));
    }
  }
  return parts.join("\n");
}
